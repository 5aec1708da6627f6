/* SPDX-License-Identifier: MIT */
/*
 * symbols.c - a name for an address, by binary search in the linked-in table.
 *
 * tools/symbols writes three arrays in order of address: each symbol's distance
 * from the image's start, where its name starts, and the names, each behind nm's letter for
 * its type. Before the last link the table is empty and every lookup fails. Any context; reads only.
 */
#include <lib/symbols.h>

#include <lib/sections.h>
#include <lib/string.h>

extern const uint32_t symbol_count;
extern const uint32_t symbol_offsets[];
extern const uint32_t symbol_names[];
extern const char symbol_text[];

static const char *name_of(uint32_t index)
{
	return symbol_text + symbol_names[index] + 1;
}

static uintptr_t address_of(uint32_t index)
{
	return (uintptr_t)image_start + symbol_offsets[index];
}

/* Several names may stand for one address: the last of them is the one that has a size. */
static uintptr_t end_of(uint32_t index)
{
	return index + 1 < symbol_count ? address_of(index + 1) : (uintptr_t)image_end;
}

const char *symbol_lookup(uintptr_t address, size_t *size, size_t *offset)
{
	uint32_t low = 0, high = symbol_count;

	if (address < (uintptr_t)image_start || address >= (uintptr_t)image_end)
		return NULL;
	while (low < high) { /* all before low are <= address, all from high on are greater */
		uint32_t middle = low + (high - low) / 2;

		if (address_of(middle) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	if (size)
		*size = end_of(low - 1) - address_of(low - 1);
	if (offset)
		*offset = address - address_of(low - 1);
	return name_of(low - 1);
}

uintptr_t symbol_address(const char *name)
{
	for (uint32_t i = 0; i < symbol_count; i++)
		if (!strcmp(name_of(i), name))
			return address_of(i);
	return 0;
}

void symbol_for_each(bool (*visit)(uintptr_t address, char type, const char *name, void *context),
		     void *context)
{
	for (uint32_t i = 0; i < symbol_count; i++)
		if (!visit(address_of(i), symbol_text[symbol_names[i]], name_of(i), context))
			return;
}
