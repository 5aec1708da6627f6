/* SPDX-License-Identifier: MIT */
/*
 * stack_guard_test.c - the guard is this boot's own, and no local array shows what the stack held before.
 */
#include <lib/stack_guard.h>

#include <lib/ktest.h>
#include <lib/string.h>

#define SECRET 0x53

static void *opaque(void *pointer)
{
	__asm__ volatile("" : "+r"(pointer) : : "memory");
	return pointer;
}

static __noinline void leave_secrets(void)
{
	uint8_t bytes[256];

	memset(opaque(bytes), SECRET, sizeof(bytes));
	opaque(bytes);
}

static __noinline unsigned int count_secrets(void)
{
	uint8_t bytes[256];
	const uint8_t *byte = opaque(bytes);
	unsigned int found = 0;

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		found += byte[i] == SECRET;
	return found;
}

KTEST(stack_guard, a_local_array_is_zero_before_it_is_written)
{
	if (CONFIG_HOSTED) /* there the sanitizers watch */
		return;
	leave_secrets();
	EXPECT_EQ(count_secrets(), 0);
}

KTEST(stack_guard, the_guard_was_drawn_and_stops_strings)
{
	EXPECT_EQ(__stack_chk_guard & 0xff, 0);
	EXPECT_NE(__stack_chk_guard, 0x5ac3d2e1f0a79600UL);
	EXPECT_NE(__stack_chk_guard, 0);
}
