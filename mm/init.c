/* SPDX-License-Identifier: MIT */
/*
 * init.c - start the memory subsystem: the table of contents of mm/.
 *
 * Each line needs what the lines above it made. Who allocates where, and when:
 *
 *	early_init ...................... page_init ... slab_init ...
 *	  memblock: physical ranges	    |		|
 *		bootmem: zeroed memory	    |		|
 *				    the handover	|
 *					    buddy: pages
 *							kmalloc: objects
 *
 * LINUX	start_kernel(): setup_arch(), setup_per_cpu_areas(), mm_core_init() (2.6: mem_init(),
 *		kmem_cache_init()).
 */
#include <mm/init.h>

#include <lib/check.h>
#include <lib/init.h>
#include <lib/last_words.h>
#include <lib/printk.h>
#include <mm/bootmem.h>
#include <mm/direct_map.h>
#include <mm/early.h>
#include <mm/early_ioremap.h>
#include <mm/memblock.h>
#include <mm/page_debug.h>
#include <mm/percpu.h>
#include <mm/reclaim.h>
#include <mm/pgtable.h>
#include <mm/slab.h>
#include <mm/ioport.h>
#include <mm/kmap.h>
#include <mm/vmalloc.h>
#include <mm/zone.h>

static struct mm_handover handover __ro_after_init;

const struct mm_handover *mm_handover(void)
{
	return &handover;
}

/* A report's lines into the log. */
struct log_lines {
	struct text_sink sink;
	char line[120];
	size_t length;
};

static void log_lines_emit(struct text_sink *sink, const char *text, size_t length)
{
	struct log_lines *log = container_of(sink, struct log_lines, sink);
	size_t i;

	for (i = 0; i < length; i++) {
		if (text[i] != '\n' && log->length < sizeof(log->line)) {
			log->line[log->length++] = text[i];
			continue;
		}
		pr_info("%.*s", (int)log->length, log->line);
		log->length = 0;
	}
}

static __init void say_handover(void)
{
	struct log_lines log = {.sink.emit = log_lines_emit};
	struct seq_file file = {.sink = &log.sink};

	mm_report_handover(&file);
}

/* Early memory ends, the buddy begins: every page changes hands exactly once. */
static __init void hand_over(void)
{
	handover.memory = memblock_phys_mem_size();
	handover.reserved = memblock_reserved_size();
	handover.bootmem_pages = bootmem_free_pages();
	handover.taken_pages = page_take_free();

	CHECK(handover.taken_pages == totalram_pages(), "%lu pages taken, the zones manage %lu",
	      handover.taken_pages, totalram_pages());
}

/* Text of the previous boot on its way to the console: a title, then each line behind a bar. */
struct old_words {
	struct text_sink sink;
	bool titled, inside;
};

static void old_words_emit(struct text_sink *sink, const char *text, size_t length)
{
	struct old_words *old = container_of(sink, struct old_words, sink);

	for (size_t i = 0; i < length; i++) {
		if (!old->titled)
			console_print("last words of the previous boot:\n");
		old->titled = true;
		console_print(old->inside ? "%c" : "  | %c", text[i]);
		old->inside = text[i] != '\n';
	}
}

static void last_words_emit(struct text_sink *sink, const char *text, size_t length)
{
	(void)sink;
	last_words_add(text, length);
}

/* They go to the console alone: in the log they would be the next boot's last words as well. */
static __init void keep_last_words(void *memory)
{
	struct old_words old = {.sink.emit = old_words_emit};
	struct text_sink kept = {.emit = last_words_emit};

	if (memory && last_words_read(memory, LAST_WORDS_SIZE, &old.sink) && old.inside)
		console_print("\n");
	last_words_keep(memory, LAST_WORDS_SIZE);
	printk_dump(&kept, 0);
}

static __init unsigned int nr_caches(void)
{
	unsigned int count = 0;

	for (struct kmem_cache *cache = slab_next_cache(NULL); cache;
	     cache = slab_next_cache(cache))
		count++;
	return count;
}

__init void mm_init(const struct boot_info *boot)
{
	unsigned int nr_cpus = max(boot->nr_cpus, 1U);
	phys_addr_t last_words_pa;

	early_init(boot); /* memblock: what exists, what is taken */
	last_words_pa = early_keep(LAST_WORDS_SIZE, "last words");

	direct_map_init(); /* all low RAM readable; tables from memblock */
	pr_info("direct map: memory up to 0x%llx, at 0x%lx",
		(unsigned long long)direct_map_phys_end(), arch_region_base(REGION_DIRECT_MAP));

	pgtable_lint_kernel(); /* what would fault is said before it does */
	keep_last_words(last_words_pa ? phys_to_virt(last_words_pa) : NULL);

	bootmem_init(); /* zeroed memory by pointer */
	pr_info("bootmem: %lu free pages in its bitmaps", bootmem_free_pages());

	percpu_areas_init(nr_cpus); /* from here on this_cpu_*() is each CPU's own */
	page_init();		    /* a struct page for each frame, all reserved; zones */
	oom_set_report(mm_report_out_of_memory);
	hand_over(); /* what early has left is free blocks: alloc_pages() */
	page_debug_init();
	pr_info("buddy: took over %lu pages; early memory is closed", handover.taken_pages);

	percpu_init(); /* alloc_percpu() */
	slab_init();   /* kmalloc() */
	pr_info("%s: %u caches, kmalloc() works", CONFIG_SLAB_NAME, nr_caches());

	resource_init(); /* who has which physical addresses */
	vmalloc_init();	 /* areas of addresses: vmalloc(), vmap() */

	kmap_init(); /* windows onto high memory */

	early_ioremap_close(); /* who still looks through a borrowed window is named */
	say_handover();
}
