/* SPDX-License-Identifier: MIT */
/*
 * A page-table entry is made by the architecture, not by arithmetic.
 *
 * expect: incompatible|invalid|initializ
 */
#include <arch/pgtable.h>

void snippet(pte_t *entry);
void snippet(pte_t *entry)
{
#if MISTAKE
	*entry = 0x1000 | 1;
#else
	*entry = arch_pte_leaf(0x1000, PROT_KERNEL_RW, 0);
#endif
}
