/* SPDX-License-Identifier: MIT */
/*
 * fail_sweep.h - a scenario with its 1st, 2nd, 3rd ... request failing, until none is left to fail.
 */
#pragma once

#include <mm/init.h>

/*
 * For n = 1, 2, ... the n-th request of the scenario fails, for pages, page tables or objects. It returns whether it
 * succeeded, which it must when no request failed; after each round everything is as before to the page, the object and the
 * entry, or the running test has failed. Returns how many requests the scenario makes.
 */
unsigned long fail_sweep(bool (*scenario)(void));

/* Is everything as it was when `before` was taken, but for reports? What waits for a flush is given back first. */
bool fail_sweep_is_as_before(const struct mm_accounts *before);
