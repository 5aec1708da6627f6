/* SPDX-License-Identifier: MIT */
/* pte_words.c - what the bits of the hosted machine's own entries mean; asm/pgtable.h draws them. */
#include <arch/pgtable.h>

const char *arch_memory_types(void)
{
	return "no register: RAM, WC, WT and DEV are recorded in entries, and all are the host's "
	       "memory";
}

static bool fill(struct pte_field *field, unsigned int high, unsigned int low, const char *name,
		 const char *meaning)
{
	*field = (struct pte_field){(uint8_t)high, (uint8_t)low, name, meaning};
	return true;
}

static const char *type_meaning(prot_t prot)
{
	static const char *const names[8] = {
		"cached RAM", "write-combining", "write-through", "device", "?", "?", "?", "?"};

	return names[(prot & PROT_TYPE_MASK) >> PROT_TYPE_SHIFT];
}

/* Permissions are stored inverted: a bit that is clear allows. */
static bool leaf_field(pte_t pte, unsigned int level, unsigned int n, struct pte_field *field)
{
	prot_t prot = arch_pte_prot(pte, level);

	switch (n) {
	case 0:
		return fill(field, 63, 24, "frame", "number of the frame that it maps");
	case 1:
		return fill(field, 13, 11, "level",
			    "of the leaf, so that a reader at another is caught");
	case 2:
		return fill(field, 10, 8, "kind", "6: a leaf");
	case 3:
		return fill(field, 6, 4, "~type", type_meaning(prot));
	case 4:
		return fill(field, 3, 3, "~global",
			    prot & PROT_GLOBAL ? "in every address space" : "in one address space");
	case 5:
		return fill(field, 2, 2, "~user",
			    prot & PROT_USER ? "user code may use it" : "for the kernel alone");
	case 6:
		return fill(field, 1, 1, "~exec",
			    prot & PROT_EXEC ? "may be executed" : "not executable");
	case 7:
		return fill(field, 0, 0, "~write",
			    prot & PROT_WRITE ? "may be written" : "read-only");
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
		if (n == 0)
			return fill(field, 63, 24, "frame",
				    "number of the frame of the next level's table");
		return n == 1 && fill(field, 10, 8, "kind", "5: points to a table");
	default:
		return n == 0 &&
		       fill(field, 63, 0, "all", "zero: nothing is here, touching it is a fault");
	}
}
