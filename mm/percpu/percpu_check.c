/* SPDX-License-Identifier: MIT */
/*
 * percpu_check.c - the proof of C1 to C5 of percpu.c. Nothing here changes anything.
 */
#include <mm/percpu.h>

#include <lib/printk.h>
#include <mm/pgtable.h>

#include "impl.h"

static bool broken(const char *rule, const struct percpu_chunk *chunk, unsigned int where)
{
	pr_err("percpu: %s does not hold in chunk %u at %u\n", rule, chunk->index, where);
	return false;
}

/* C1, C4 */
static bool check_counts(const struct percpu_chunk *chunk)
{
	unsigned long used = 0;

	for (unsigned int page = 0; page < UNIT_PAGES; page++) {
		unsigned long bits = bitmap_weight(
			chunk->taken + page * PAGE_GRAINS / BITS_PER_LONG, PAGE_GRAINS);

		if (bits != chunk->used[page])
			return broken("C1 (used grains)", chunk, page);
		if (bits && !(chunk->populated & 1U << page))
			return broken("C4 (an area without a page)", chunk, page);
		used += bits;
	}
	return used + chunk->free_grains == UNIT_GRAINS ||
	       broken("C1 (free grains)", chunk, chunk->free_grains);
}

/* C2 */
static bool check_starts(const struct percpu_chunk *chunk)
{
	bool before = false;

	for (unsigned int grain = 0; grain < UNIT_GRAINS; grain++) {
		bool taken = bitmap_test(chunk->taken, grain);
		bool start = bitmap_test(chunk->start, grain);

		if (taken && !before && !start)
			return broken("C2 (an area without a start)", chunk, grain);
		if (start && !taken)
			return broken("C2 (a start without an area)", chunk, grain);
		if (!taken && grain < chunk->first_free)
			return broken("C2 (free below first_free)", chunk, grain);
		before = taken;
	}
	return true;
}

/* C3 */
static bool check_pages(const struct percpu_chunk *chunk)
{
	struct pt_entry entry;

	for (unsigned int page = 0; page < UNIT_PAGES; page++) {
		bool populated = chunk->populated & 1U << page;

		for (unsigned int cpu = 0; cpu < nr_possible_cpus(); cpu++) {
			uintptr_t va = unit_address(chunk->index, cpu) + page * PAGE_SIZE;
			bool mapped = pgtable_query(va, &entry);

			if (mapped != populated || (mapped && !(entry.prot & PROT_WRITE)))
				return broken("C3 (populated and mapped differ)", chunk, page);
		}
	}
	return true;
}

bool percpu_check(void)
{
	struct percpu_totals sum = {0};
	struct percpu_chunk *chunk;
	bool holds = true;

	for (chunk = chunk_next(0); chunk; chunk = chunk_next(chunk->index + 1)) {
		holds = check_counts(chunk) && check_starts(chunk) && check_pages(chunk) && holds;
		sum.grains += UNIT_GRAINS - chunk->free_grains;
		sum.rows += bitmap_weight((unsigned long[]){chunk->populated}, UNIT_PAGES);
		for (unsigned int page = 0; page < UNIT_PAGES; page++)
			sum.empty_rows += chunk->populated & 1U << page && !chunk->used[page];
	}
	if (sum.grains != percpu_totals.grains || sum.rows != percpu_totals.rows ||
	    sum.empty_rows != percpu_totals.empty_rows) {
		pr_err("percpu: C5 (totals) does not hold\n");
		return false;
	}
	return holds;
}
