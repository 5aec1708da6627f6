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

/*
 * Above this many pages everything is forgotten. Counted under -icount: a page takes 4 instructions, everything 20 in all; but then
 * what the kernel works with is walked for anew. After a full flush 20 rounds of vmalloc(), kmalloc() and back had set the accessed
 * bits of 61 leaves: 61 walks of 4 loads, as much as 61 pages take. On silicon an INVLPG costs more than a load, so half of
 * that is the limit. (Linux: tlb_single_page_flush_ceiling, 33)
 */
#define MAX_SINGLE_PAGES 32

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
