/* SPDX-License-Identifier: MIT */
/*
 * lib/stack_guard.h - the stack protector's secret.
 */
#pragma once

#include <lib/types.h>

extern uintptr_t __stack_chk_guard;

/* Draw the secret. Only from functions that never return: theirs was stored before. */
void stack_guard_init(void);
