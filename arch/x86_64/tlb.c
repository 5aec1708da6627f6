/* SPDX-License-Identifier: MIT */
/*
 * tlb.c - making this CPU forget translations.
 *
 * INVLPG forgets the leaf of one address, however large, global or not, and
 * every cached table entry above it. Loading CR3 forgets all that is not
 * global; turning CR4.PGE off and on forgets that as well.
 */
#include <arch/tlb.h>

#include <arch/cpu.h>
#include <arch/layout.h>
#include <asm/x86.h>

/* Where refilling the whole TLB becomes cheaper than one INVLPG a page. (Linux: tlb_single_page_flush_ceiling) */
#define MAX_SINGLE_PAGES 33

void x86_tlb_flush_all(void)
{
	unsigned long flags = arch_irq_save();
	unsigned long cr4 = x86_read_cr4();

	if (cr4 & CR4_PGE) {
		x86_write_cr4(cr4 & ~(unsigned long)CR4_PGE);
		x86_write_cr4(cr4);
	} else {
		x86_write_cr3(x86_read_cr3());
	}
	arch_irq_restore(flags);
}

void x86_tlb_flush_range(uintptr_t va, size_t size)
{
	if (size > MAX_SINGLE_PAGES * PAGE_SIZE) {
		x86_tlb_flush_all();
		return;
	}
	for (uintptr_t page = va & PAGE_MASK; page < va + size; page += PAGE_SIZE)
		asm volatile("invlpg (%0)" : : "r"(page) : "memory");
}
