/* SPDX-License-Identifier: MIT */
/*
 * initmem.c - the end of the boot: what only it needed goes, what only it wrote can no longer be written.
 *
 * THE IDEA
 *	Much of a kernel runs once: parsers of firmware tables, the building of zones. Its code and data stand together in the
 *	image (lib/init.h), so that when the boot is over their pages can be
 *	unmapped and given to the buddy: memory is won, and code that nobody proves any more cannot be jumped to. Other
 *	variables are written at boot alone: pointers to tables of operations, sizes of regions, secrets. They stand together too,
 *	and become read-only: who can write anywhere cannot write there.
 *
 * PICTURE	the image and its alias in the direct map
 *
 *	| text | init text | rodata | init data | ro after init | data |		image
 *	  r-x    r-x  -> -   r--      rw-  -> -   rw-  -> r--     rw-
 *	  r--    r--  -> rw- r--      rw-         rw-  -> r--     rw-			direct map
 *		 |                    |
 *		 +-- 0xcc, buddy -----+
 *
 * LOCKING	Boot CPU, once, as a task that may wait.
 * COST		Some 20 instructions a page, and the poison.
 * FLOOR	mm.
 * LINUX	init/main.c: kernel_init() calls free_initmem() and mark_rodata_ro(). There code becomes read-only only
 *		then; here it never was anything else.
 */
#include <mm/init.h>

#include <arch/memory.h>
#include <lib/check.h>
#include <lib/init.h>
#include <lib/printk.h>
#include <lib/sections.h>
#include <lib/string.h>
#include <mm/direct_map.h>
#include <mm/early.h>
#include <mm/page.h>
#include <mm/pgtable.h>
#include <mm/set_memory.h>

#define POISON_INIT 0xcc /* x86: int3, so that what is jumped to by yet another way traps */

static unsigned long init_pages __ro_after_init;

static void make_read_only(void)
{
	size_t size = (size_t)(ro_after_init_end - ro_after_init_start);

	CHECK(set_memory_ro((unsigned long)ro_after_init_start, (int)(size >> PAGE_SHIFT)) == 0);
	pr_info("read-only from now on: %zu KiB of what only the boot writes", size >> 10);
}

/*
 * Is it RAM by the firmware's word, and reserved as a part of the image alone? A loader may put the image where the firmware has a
 * use for the memory, or does not want it mapped; what lies there is the image's while it runs, and nobody's afterwards.
 */
static bool is_ours_alone(phys_addr_t start, phys_addr_t end)
{
	const struct boot_info *boot = early_boot_info();
	struct early_decision decision;
	unsigned int i = 0;

	while (early_next_decision(&i, &decision))
		if (decision.start < end && start < decision.end &&
		    (decision.fate != EARLY_RESERVED || decision.source != SOURCE_KERNEL))
			return false;
	for (i = 0; i < boot->nr_reserved; i++)
		if (boot->reserved[i].start < end && start < boot->reserved[i].end &&
		    boot->reserved[i].source != SOURCE_KERNEL)
			return false;
	return true;
}

/* The image has leaves of 4 KiB in static tables: nothing here can run out of memory. */
static unsigned long free_part(char *start, char *end)
{
	size_t size = (size_t)(end - start);
	phys_addr_t pa = arch_image_to_phys(start);
	char *alias;

	if (!size)
		return 0;
	CHECK(pgtable_unmap(NULL, (uintptr_t)start, size) == 0);
	if (!is_ours_alone(pa, pa + size))
		return 0;
	alias = phys_to_virt(pa);
	CHECK(pgtable_change(NULL, (uintptr_t)alias, size, 0, PROT_WRITE) == 0);
	memset(alias, POISON_INIT, size);
	return free_reserved_pages(page_to_pfn(virt_to_page(alias)), size >> PAGE_SHIFT);
}

void mm_boot_is_over(void)
{
	init_pages = free_part(init_text_start, init_text_end);
	init_pages += free_part(init_data_start, init_data_end);
	pr_info("freed init memory: %lu KiB", init_pages << (PAGE_SHIFT - 10));
	pgtable_boot_is_over();
	make_read_only();
}

unsigned long mm_init_pages(void)
{
	return init_pages;
}
