/* SPDX-License-Identifier: MIT */
/*
 * pte_words.c - what the bits of an entry, and the memory types, mean on x86_64.
 *
 * Source: Intel SDM volume 3, 4.5 (tables 4-15 to 4-20) and 12.12 (PAT); AMD64 manual volume 2, 5.3 and 7.8.
 */
#include <arch/pgtable.h>

#include <asm/x86.h>
#include <lib/printf.h>

/* By a PAT entry's three bits. */
static const char *pat_name(unsigned int encoding)
{
	static const char *const names[8] = {"uncached",      "write-combining",
					     "reserved",      "reserved",
					     "write-through", "write-protected",
					     "write-back",    "uncached unless an MTRR says WC"};

	return names[encoding & 7];
}

static const char *pat_entry(unsigned int index)
{
	return pat_name((unsigned int)(x86_read_msr(MSR_PAT) >> (index * 8)));
}

const char *arch_memory_types(void)
{
	static char text[128];

	scnprintf(text, sizeof(text), "PAT 0x%016lx: RAM %s; WC %s; WT %s; DEV %s",
		  x86_read_msr(MSR_PAT), pat_entry(0), pat_entry(1), pat_entry(2), pat_entry(3));
	return text;
}

/* A bit that says one of two things; NULL: nothing worth a line. */
struct flag {
	uint8_t bit;
	const char *name, *set, *clear;
};

static const struct flag low_flags[] = {
	{8, "G", "global: survives a load of CR3", "forgotten when CR3 is loaded"},
	{6, "D", "dirty: set from the start, so that the CPU has nothing to write",
	 "not written to so far; nor may it be, here"},
	{5, "A", "accessed: set from the start", "not used so far"},
	{2, "U/S", "user code may use it", "for the kernel alone"},
	{1, "R/W", "may be written", "read-only, for the kernel too (CR0.WP)"},
	{0, "P", "present",
	 "not present: all other bits mean nothing, touching it is a page fault"},
};

static const struct flag table_flags[] = {
	{5, "A", "accessed: set from the start", "not used so far"},
	{2, "U/S", "does not decide here: the leaf does", "all below is for the kernel alone"},
	{1, "R/W", "does not decide here: the leaf does", "all below is read-only"},
	{0, "P", "present", "not present"},
};

static bool fill(struct pte_field *field, unsigned int high, unsigned int low, const char *name,
		 const char *meaning)
{
	*field = (struct pte_field){(uint8_t)high, (uint8_t)low, name, meaning};
	return true;
}

static bool flag_field(pte_t pte, const struct flag *flags, unsigned int nr, unsigned int n,
		       struct pte_field *field)
{
	if (n >= nr)
		return false;
	return fill(field, flags[n].bit, flags[n].bit, flags[n].name,
		    pte.value >> flags[n].bit & 1 ? flags[n].set : flags[n].clear);
}

static const char *nx_meaning(pte_t pte, bool is_leaf)
{
	if (!is_leaf)
		return pte.value & X86_PTE_NX ? "nothing below may be executed"
					      : "does not decide here: the leaf does";
	return pte.value & X86_PTE_NX ? "not executable" : "may be executed";
}

static bool leaf_field(pte_t pte, unsigned int level, unsigned int n, struct pte_field *field)
{
	switch (n) {
	case 0:
		return fill(field, 63, 63, "NX", nx_meaning(pte, true));
	case 1:
		return fill(field, 51, PAGE_SHIFT + PT_INDEX_BITS * level, "address",
			    "of the memory that it maps");
	case 2:
		return fill(field, 4, 3, "PCD PWT", pat_entry(pte.value >> X86_PTE_TYPE_BIT & 3));
	case 3:
		if (level > 0)
			return fill(field, 7, 7, "PS", "a leaf, although there are levels below");
		return fill(field, 7, 7, "PAT", "clear: PCD and PWT alone choose the memory type");
	default:
		return flag_field(pte, low_flags, ARRAY_SIZE(low_flags), n - 4, field);
	}
}

bool arch_pte_field(pte_t pte, unsigned int level, unsigned int n, struct pte_field *field)
{
	switch (arch_pte_kind(pte, level)) {
	case PTE_LEAF:
		return leaf_field(pte, level, n, field);
	case PTE_TABLE:
		if (n == 0)
			return fill(field, 63, 63, "NX", nx_meaning(pte, false));
		if (n == 1)
			return fill(field, 51, 12, "address", "of the table of the next level");
		if (n == 2)
			return fill(field, 7, 7, "PS", "clear: points to a table");
		return flag_field(pte, table_flags, ARRAY_SIZE(table_flags), n - 3, field);
	default:
		return n == 0 && fill(field, 0, 0, "P", low_flags[5].clear);
	}
}
