/* SPDX-License-Identifier: MIT */
/*
 * pte_words.c - what the bits of a descriptor, and the memory types, mean on aarch64.
 *
 * Source: Arm ARM, D8.3 (descriptor formats), D8.4 (access permissions), D19.2 "MAIR_EL1".
 */
#include <arch/pgtable.h>

#include <asm/sysreg.h>
#include <lib/printf.h>

/* By an attribute byte of MAIR_EL1; those that Loam writes, and the device kinds. */
static const char *attribute_name(unsigned int byte)
{
	switch (byte) {
	case 0xff:
		return "Normal write-back";
	case 0xbb:
		return "Normal write-through";
	case 0x44:
		return "Normal non-cacheable";
	case 0x00:
		return "Device-nGnRnE";
	case 0x04:
		return "Device-nGnRE";
	case 0x08:
		return "Device-nGRE";
	case 0x0c:
		return "Device-GRE";
	default:
		return "another kind of memory";
	}
}

static const char *attribute(unsigned int index)
{
	return attribute_name(SYSREG_READ(mair_el1) >> (index * 8) & 0xff);
}

const char *arch_memory_types(void)
{
	static char text[200];

	scnprintf(text, sizeof(text), "MAIR_EL1 0x%lx: RAM %s; WC %s; WT %s; DEV %s",
		  (unsigned long)SYSREG_READ(mair_el1), attribute(0), attribute(1), attribute(2),
		  attribute(3));
	return text;
}

static bool fill(struct pte_field *field, unsigned int high, unsigned int low, const char *name,
		 const char *meaning)
{
	*field = (struct pte_field){(uint8_t)high, (uint8_t)low, name, meaning};
	return true;
}

static const char *shareability(pte_t pte)
{
	static const char *const names[4] = {"not shared: right for a device, whose accesses are",
					     "reserved", "outer shareable",
					     "inner shareable: coherent with all CPUs"};

	return names[pte.value >> 8 & 3];
}

static bool leaf_field(pte_t pte, unsigned int level, unsigned int n, struct pte_field *field)
{
	bool user = pte.value & DESC_EL0, read_only = pte.value & DESC_READ_ONLY;

	switch (n) {
	case 0:
		return fill(field, 54, 54, "UXN",
			    pte.value & DESC_UXN ? "not executable in EL0, by users"
						 : "may be executed in EL0");
	case 1:
		return fill(field, 53, 53, "PXN",
			    pte.value & DESC_PXN ? "not executable in EL1, by the kernel"
						 : "may be executed in EL1");
	case 2:
		return fill(field, 47, PAGE_SHIFT + PT_INDEX_BITS * level, "address",
			    "of the memory that it maps");
	case 3:
		return fill(field, 11, 11, "nG",
			    pte.value & DESC_NOT_GLOBAL ? "for one address space"
							: "global: for every address space");
	case 4:
		return fill(field, 10, 10, "AF",
			    pte.value & DESC_AF ? "accessed: set from the start"
						: "not accessed: the first access faults");
	case 5:
		return fill(field, 9, 8, "SH", shareability(pte));
	case 6:
		return fill(field, 7, 6, "AP",
			    user	? read_only ? "read-only, for EL0 too"
						    : "may be read and written in EL1 and EL0"
			    : read_only ? "read-only in EL1, nothing for EL0"
					: "may be read and written in EL1, nothing for EL0");
	case 7:
		return fill(
			field, 4, 2, "AttrIndx",
			attribute((unsigned int)(pte.value & DESC_ATTR_MASK) >> DESC_ATTR_SHIFT));
	case 8:
		return fill(field, 1, 0, "type",
			    level == 0 ? "11: a page" : "01: a block, a leaf above the page level");
	default:
		return false;
	}
}

static bool table_field(unsigned int n, struct pte_field *field)
{
	switch (n) {
	case 0:
		return fill(field, 63, 59, "NSTable ...",
			    "no limits for what lies below: the leaf decides");
	case 1:
		return fill(field, 47, 12, "address", "of the table of the next level");
	case 2:
		return fill(field, 1, 0, "type", "11: points to a table");
	default:
		return false;
	}
}

bool arch_pte_field(pte_t pte, unsigned int level, unsigned int n, struct pte_field *field)
{
	switch (arch_pte_kind(pte, level)) {
	case PTE_LEAF:
		return leaf_field(pte, level, n, field);
	case PTE_TABLE:
		return table_field(n, field);
	default:
		return n == 0 && fill(field, 0, 0, "valid",
				      "not valid: all other bits mean nothing, touching it is a "
				      "translation fault");
	}
}
