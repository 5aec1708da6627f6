/* SPDX-License-Identifier: MIT */
/*
 * alias.c - is a frame mapped with two memory types?
 *
 * THE IDEA
 *	A cached and an uncached view of one frame show two truths: a store through the one stays in the cache, a load
 *	through the other comes from memory. No manual promises anything then. The tables answer
 *	for an address only, so whoever asks for a frame has to look at all leaves; but RAM is in the direct map at a
 *	known place, where one walk down the tree does.
 *
 * COST		Some 30 instructions for each leaf outside the direct map.
 * FLOOR	pgtable.
 * LINUX	arch/x86/mm/pat/memtype.c keeps a tree of all that is mapped with a type; arm64 keeps nothing.
 */
#include <mm/pgtable.h>

#include <mm/direct_map.h>

struct search {
	phys_addr_t pa;
	size_t size;
	prot_t prot;
	struct pt_entry *other;
	bool found;
};

static bool look_at(const struct pt_entry *entry, void *context)
{
	struct search *search = context;

	if (((entry->prot ^ search->prot) & PROT_TYPE_MASK) == 0 ||
	    entry->pa >= search->pa + search->size || search->pa >= entry->pa + entry->size)
		return true;
	*search->other = *entry;
	search->found = true;
	return false;
}

bool pgtable_find_other_type(phys_addr_t pa, size_t size, prot_t prot, struct pt_entry *other)
{
	struct search search = {pa, size, prot, other, false};
	phys_addr_t end = min(pa + size, direct_map_phys_end());

	if (pa < end)
		pgtable_for_each_in((uintptr_t)phys_to_virt(pa), end - pa, look_at, &search);
	for (unsigned int region = 0; region < NR_REGIONS && !search.found; region++)
		if (region != REGION_DIRECT_MAP && arch_region_size(region))
			pgtable_for_each_in(arch_region_base(region), arch_region_size(region),
					    look_at, &search);
	return search.found;
}
