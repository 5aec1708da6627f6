/* SPDX-License-Identifier: MIT */
/*
 * stack_guard.c - the word that tells whether a function wrote beyond its own frame.
 *
 * The compiler stores it between the local arrays and the return address of each function that has such
 * arrays, and compares before it returns. A writer who runs over the end of an array cannot know it:
 * it is drawn at boot. Its lowest byte is 0, so that no string function copies it.
 * The names are the compiler's (gcc -mstack-protector-guard=global).
 *
 * LINUX	kernel/panic.c: __stack_chk_fail(); there the guard of x86 is per CPU and task.
 */
#include <lib/init.h>
#include <lib/stack_guard.h>

#include <lib/check.h>
#include <lib/random.h>

uintptr_t __stack_chk_guard __ro_after_init = 0x5ac3d2e1f0a79600UL;
_Noreturn void __stack_chk_fail(void);

__init void stack_guard_init(void)
{
	__stack_chk_guard = (uintptr_t)random_u64() & ~(uintptr_t)0xff;
}

void __stack_chk_fail(void)
{
	panic("stack overrun: %pB wrote beyond its own frame", __builtin_return_address(0));
}
