/* SPDX-License-Identifier: MIT */
/*
 * Nor does one whose body has another type than the contract's.
 *
 * include: incomplete_port
 * expect: conflicting types for .arch_(tlb_flush|map_sync)
 */
#include <arch/tlb.h>

void snippet(void);
void snippet(void)
{
	arch_tlb_flush(0, 0);
}
