/* SPDX-License-Identifier: MIT */
/*
 * fail_sweep.c - each request of a scenario fails once, and nothing may be lost.
 */
#include "fail_sweep.h"

#include <lib/ktest.h>
#include <mm/page_debug.h>
#include <mm/vmalloc.h>

#define MOST 2000 /* a scenario that still fails then fails for another reason */

bool fail_sweep_is_as_before(const struct mm_accounts *before)
{
	struct mm_accounts after;

	vmalloc_drain();
	mm_accounts_take(&after);
	after.reports = before->reports;
	return mm_accounts_equal(before, &after, NULL);
}

unsigned long fail_sweep(bool (*scenario)(void))
{
	struct mm_accounts before;
	unsigned long nr = 0; /* requests that have failed */
	bool done, failed;

	vmalloc_drain();
	mm_accounts_take(&before);
	do {
		page_fail_nth(nr + 1);
		done = scenario();
		failed = page_fail_nth(0);
		if (!failed)
			EXPECT_TRUE(done);
		if (!fail_sweep_is_as_before(&before) || !mm_verify()) {
			ktest_fail(__FILE__, __LINE__, "request %lu failed, and something is lost",
				   nr + 1);
			break;
		}
		nr += failed;
	} while (failed && nr < MOST);
	EXPECT_LT(nr, MOST);
	return nr;
}
