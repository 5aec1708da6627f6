/* SPDX-License-Identifier: MIT */
/*
 * report_walk.c - one address on its way down the page tables, bit by bit: the prompt's `pt`.
 *
 * The CPU cuts an address into indexes of 9 bits and an offset of 12, and follows one entry a
 * level. Here the same walk is made in software, and told: the bits, each entry, what its fields mean. How an
 * entry is spelled the architecture says (arch_pte_field()), the walk is the same for all.
 * LINUX	none; crash(8) has `vtop`.
 */
#include <mm/init.h>

#include <arch/pgtable.h>
#include <mm/pgtable.h>

static unsigned int index_shift(unsigned int level)
{
	return PAGE_SHIFT + PT_INDEX_BITS * level;
}

static void print_bits(struct seq_file *file, uint64_t value, unsigned int high, unsigned int low)
{
	for (unsigned int bit = high + 1; bit-- > low;)
		seq_putc(file, value >> bit & 1 ? '1' : '0');
}

/* The address cut where the CPU cuts it, a line a piece. */
static void print_pieces(struct seq_file *file, uintptr_t va)
{
	unsigned int levels = arch_pt_levels(), top = index_shift(levels);

	seq_printf(file, "the address 0x%016lx, cut into what the CPU uses\n", va);
	seq_printf(file, "  bits 63-%u  ", top);
	print_bits(file, va, 63, top);
	seq_puts(file, "  all alike in an address that can be used\n");
	for (unsigned int level = levels; level-- > 0;) {
		unsigned int low = index_shift(level);

		seq_printf(file, "  bits %u-%u  ", low + PT_INDEX_BITS - 1, low);
		print_bits(file, va, low + PT_INDEX_BITS - 1, low);
		seq_printf(file, "         index %3u of the table of level %u%s\n",
			   (unsigned int)(va >> low) & (PT_ENTRIES - 1), level,
			   level == levels - 1 ? ", the root" : "");
	}
	seq_puts(file, "  bits 11-0   ");
	print_bits(file, va, PAGE_SHIFT - 1, 0);
	seq_printf(file, "      0x%03lx, the offset in the page\n", va & (PAGE_SIZE - 1));
}

static void print_field(struct seq_file *file, pte_t pte, const struct pte_field *field)
{
	uint64_t mask = field->high == 63 ? ~0UL : (1UL << (field->high + 1)) - 1;
	char bits[8];

	if (field->high == field->low)
		snprintf(bits, sizeof(bits), "%u", field->high);
	else
		snprintf(bits, sizeof(bits), "%u-%u", field->high, field->low);
	seq_printf(file, "    %s %-6s %-12s ", field->high == field->low ? "bit " : "bits", bits,
		   field->name);
	if (field->high - field->low >= 16)
		seq_printf(file, "0x%llx", (unsigned long long)((pte.value & mask) >> field->low));
	else
		print_bits(file, pte.value, field->high, field->low);
	seq_printf(file, "  %s\n", field->meaning);
}

static void print_step(struct seq_file *file, const struct pt_step *step)
{
	struct pte_field field;

	seq_printf(file, "level %u: entry %u of the table at physical 0x%llx is 0x%016llx\n",
		   step->level, step->index, (unsigned long long)step->table,
		   (unsigned long long)step->pte.value);
	for (unsigned int n = 0; arch_pte_field(step->pte, step->level, n, &field); n++)
		print_field(file, step->pte, &field);
	if (arch_pte_kind(step->pte, step->level) == PTE_TABLE)
		seq_printf(file, "  -> the table of level %u, at physical 0x%llx\n",
			   step->level - 1,
			   (unsigned long long)arch_pte_phys(step->pte, step->level));
}

static void print_size(struct seq_file *file, size_t size)
{
	if (size >= GiB)
		seq_printf(file, "%lu GiB", size / GiB);
	else if (size >= MiB)
		seq_printf(file, "%lu MiB", size / MiB);
	else
		seq_printf(file, "%lu KiB", size / KiB);
}

static void print_leaf(struct seq_file *file, const struct pt_step *step, uintptr_t va)
{
	size_t size = (size_t)1 << index_shift(step->level);
	phys_addr_t pa = arch_pte_phys(step->pte, step->level);

	seq_puts(file, "  -> a leaf of ");
	print_size(file, size);
	seq_printf(
		file,
		": the walk ends. Physical 0x%llx + 0x%lx, the address's lower %u bits, = 0x%llx\n",
		(unsigned long long)pa, va & (size - 1), index_shift(step->level),
		(unsigned long long)(pa + (va & (size - 1))));
}

static void print_hole(struct seq_file *file, const struct pt_step *step, uintptr_t va)
{
	size_t size = (size_t)1 << index_shift(step->level);
	char text[200];

	seq_puts(file, "  -> nothing: the walk ends here, and so it does for all ");
	print_size(file, size);
	seq_printf(file, " from 0x%lx on\n", va & ~(size - 1));
	seq_printf(file, "touching it would be a page fault, and the kernel would stop: %s\n",
		   mm_explain_fault(va, text, sizeof(text)) ? text : "nothing is mapped there");
}

void mm_report_walk(struct seq_file *file, uintptr_t va)
{
	struct pt_step step[PT_MAX_LEVELS];
	unsigned int nr = pgtable_walk(va, step), i;

	print_pieces(file, va);
	seq_printf(file, "it lies in: %s\n", mm_region_name(va));
	if (!nr) {
		seq_puts(file,
			 "outside the kernel's regions these tables say nothing: touching it is a "
			 "fault\n");
		return;
	}
	for (i = 0; i < nr; i++)
		print_step(file, &step[i]);
	if (arch_pte_kind(step[nr - 1].pte, step[nr - 1].level) == PTE_LEAF)
		print_leaf(file, &step[nr - 1], va);
	else
		print_hole(file, &step[nr - 1], va);
}
