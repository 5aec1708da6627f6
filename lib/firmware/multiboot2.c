/* SPDX-License-Identifier: MIT */
/*
 * multiboot2.c - read the tags of a multiboot2 information block.
 *
 * PICTURE	a block; all numbers are little-endian
 *
 *	0          4        8                16                 24
 *	| u32 size | u32 0  | u32 type, size | the tag's fields | type, size | ...
 *	                    '---- a tag: starts at a multiple of 8 ----'
 *
 *	 1 command line: text			 8 framebuffer: address 8, pitch 16, width 20,
 *	 2 loader's name: text			   height 24, bits 28, kind 29, colours 32
 *	 3 module: start 8, end 12, text	14 a copy of the RSDP, revision 0
 *	 6 memory map: entry size 8,		15 a copy of the RSDP, revision 2
 *	   version 12, entries from 16		17 EFI map: descriptor size 8, version 12, from 16
 *	 0 no more tags				others: stepped over
 *
 *	A map entry is { u64 start, u64 size, u32 type, u32 0 } and perhaps longer.
 *
 * The EFI map comes last whatever its place: it takes away from all that tag 6 adds.
 *
 * FLOOR	lib; pure.
 */
#include <lib/firmware/multiboot2.h>

#include <lib/errno.h>
#include <lib/firmware/acpi.h>
#include <lib/firmware/bytes.h>
#include <lib/firmware/efi.h>
#include <lib/firmware/pvh.h>
#include <lib/printk.h>
#include <lib/string.h>

#define TAG_HEADER_SIZE	  8
#define TAG_LIST_OFFSET	  16 /* of the entries in a map's tag */
#define MAP_ENTRY_SIZE	  24 /* at least */
#define FRAMEBUFFER_SIZE  38 /* of a tag with direct colours */
#define FRAMEBUFFER_COLOR 1

enum tag_type {
	TAG_END = 0,
	TAG_COMMAND_LINE = 1,
	TAG_LOADER = 2,
	TAG_MODULE = 3,
	TAG_MEMORY_MAP = 6,
	TAG_FRAMEBUFFER = 8,
	TAG_RSDP_OLD = 14,
	TAG_RSDP_NEW = 15,
	TAG_EFI_MAP = 17,
};

/* One tag, its header included; `size` bytes of it are there. */
struct tag {
	const uint8_t *bytes;
	size_t size;
};

long multiboot2_block_size(phys_addr_t pa, const void *header, size_t size)
{
	uint32_t total;

	if (pa % 8 != 0 || size < MULTIBOOT2_HEADER_SIZE)
		return -EINVAL;
	total = le32_at(header);
	if (total < MULTIBOOT2_HEADER_SIZE || total > MULTIBOOT2_MAX_SIZE)
		return -EINVAL;
	return (long)total;
}

static void refuse(struct boot_info *info, const char *what)
{
	boot_info_complain(info, "multiboot2: %s, ignored", what);
	info->dropped++;
}

/* The text from `offset` to its NUL or the tag's end, cut to fit. */
static void read_text(const struct tag *tag, char *text, size_t size, struct boot_info *info)
{
	const char *from = (const char *)tag->bytes + TAG_HEADER_SIZE;
	size_t length = strnlen(from, tag->size - TAG_HEADER_SIZE);

	if (length >= size) {
		boot_info_complain(info, "multiboot2: a text of %zu characters is cut at %zu",
				   length, size - 1);
		info->dropped++;
		length = size - 1;
	}
	memcpy(text, from, length);
	text[length] = '\0';
}

static void read_module(const struct tag *tag, struct boot_info *info)
{
	phys_addr_t start, end;

	if (tag->size < 16) {
		refuse(info, "a module's tag is too short");
		return;
	}
	start = le32_at(tag->bytes + 8);
	end = le32_at(tag->bytes + 12);
	if (end <= start) {
		boot_info_complain(
			info,
			"multiboot2: the module [%#llx, %#llx) is empty or ends before it starts, "
			"ignored",
			(unsigned long long)start, (unsigned long long)end);
		info->dropped++;
	} else if (info->initrd_end == 0) {
		info->initrd_start = start;
		info->initrd_end = end;
	} else {
		boot_info_reserve(info, start, end - start, SOURCE_MULTIBOOT2, false, "module");
	}
}

static void read_map(const struct tag *tag, struct boot_info *info)
{
	size_t entry_size = tag->size < TAG_LIST_OFFSET ? 0 : le32_at(tag->bytes + 8);

	if (entry_size < MAP_ENTRY_SIZE || entry_size % 8 != 0) {
		refuse(info, "a memory map whose entries have an impossible size");
		return;
	}
	/* A version greater than 0 only adds what we do not read. */
	for (size_t offset = TAG_LIST_OFFSET; bytes_fit(tag->size, offset, entry_size);
	     offset += entry_size) {
		const uint8_t *entry = tag->bytes + offset;
		uint32_t type = le32_at(entry + 16);

		boot_info_add_range(info, le64_at(entry), le64_at(entry + 8),
				    e820_memory_type(type), SOURCE_E820, type);
	}
}

/* Lines that overlap, or more bytes than there are addresses, cannot be true. */
static bool framebuffer_fits(const struct boot_framebuffer *framebuffer)
{
	uint64_t size = (uint64_t)framebuffer->pitch * framebuffer->height;
	uint64_t line = (uint64_t)framebuffer->width * (framebuffer->bits_per_pixel / 8);

	return framebuffer->base != 0 && framebuffer->base < BOOT_RANGE_END &&
	       size <= BOOT_RANGE_END - framebuffer->base && size != 0 && line != 0 &&
	       framebuffer->pitch >= line;
}

static void read_framebuffer(const struct tag *tag, struct boot_info *info)
{
	const uint8_t *p = tag->bytes;
	struct boot_framebuffer framebuffer;

	if (tag->size < FRAMEBUFFER_SIZE || p[29] != FRAMEBUFFER_COLOR ||
	    (p[28] != 24 && p[28] != 32) || p[33] != 8 || p[35] != 8 || p[37] != 8) {
		pr_info("multiboot2: no framebuffer with 8 bits a colour");
		return;
	}
	framebuffer = (struct boot_framebuffer){
		.base = le64_at(p + 8),
		.pitch = le32_at(p + 16),
		.width = le32_at(p + 20),
		.height = le32_at(p + 24),
		.bits_per_pixel = p[28],
		.red_position = p[32],
		.green_position = p[34],
		.blue_position = p[36],
	};
	if (!framebuffer_fits(&framebuffer) || max(max(p[32], p[34]), p[36]) + 8 > p[28]) {
		refuse(info, "a framebuffer that cannot be");
		return;
	}
	info->framebuffer = framebuffer;
}

/* The root that a newer RSDP names wins over an older one's, whichever comes first. */
static void read_rsdp(const struct tag *tag, struct boot_info *info)
{
	struct acpi_roots roots;

	if (acpi_parse_rsdp(tag->bytes + TAG_HEADER_SIZE, tag->size - TAG_HEADER_SIZE, &roots)) {
		refuse(info, "a broken copy of the ACPI root pointer");
		return;
	}
	if (roots.entry_size < info->acpi_root_entry_size)
		return;
	info->acpi_root = roots.root_pa;
	info->acpi_root_entry_size = roots.entry_size;
}

static void read_efi_map(const struct tag *tag, struct boot_info *info)
{
	if (!tag->bytes)
		return;
	if (tag->size < TAG_LIST_OFFSET ||
	    efi_restrict_map(tag->bytes + TAG_LIST_OFFSET, tag->size - TAG_LIST_OFFSET,
			     le32_at(tag->bytes + 8), info))
		refuse(info, "an EFI memory map that cannot be");
}

static void read_tag(uint32_t type, const struct tag *tag, struct boot_info *info)
{
	switch (type) {
	case TAG_COMMAND_LINE:
		read_text(tag, info->command_line, sizeof(info->command_line), info);
		break;
	case TAG_LOADER:
		read_text(tag, info->loader, sizeof(info->loader), info);
		break;
	case TAG_MODULE:
		read_module(tag, info);
		break;
	case TAG_MEMORY_MAP:
		read_map(tag, info);
		break;
	case TAG_FRAMEBUFFER:
		read_framebuffer(tag, info);
		break;
	case TAG_RSDP_OLD:
	case TAG_RSDP_NEW:
		read_rsdp(tag, info);
		break;
	}
}

/* Calls read_tag() for each up to the end tag; *efi_map is the last EFI map. */
static void walk_tags(const uint8_t *p, size_t end, struct tag *efi_map, struct boot_info *info)
{
	size_t offset = MULTIBOOT2_HEADER_SIZE;

	while (bytes_fit(end, offset, TAG_HEADER_SIZE)) {
		uint32_t type = le32_at(p + offset);
		struct tag tag = {p + offset, le32_at(p + offset + 4)};

		if (tag.size < TAG_HEADER_SIZE || !bytes_fit(end, offset, tag.size)) {
			pr_warn("multiboot2: tag %u at %#zx has size %zu, the rest is ignored",
				type, offset, tag.size);
			info->dropped++;
			return;
		}
		if (type == TAG_END)
			return;
		if (type == TAG_EFI_MAP)
			*efi_map = tag;
		else
			read_tag(type, &tag, info);
		offset = ALIGN_UP(offset + tag.size, 8);
	}
	pr_warn("multiboot2: the information block has no end tag");
	info->dropped++;
}

int multiboot2_parse(const void *bytes, size_t size, struct boot_info *info)
{
	struct tag efi_map = {NULL, 0};
	long total = multiboot2_block_size(0, bytes, size);

	if (total < 0 || (size_t)total > size)
		return -EINVAL;
	walk_tags(bytes, (size_t)total, &efi_map, info);
	read_efi_map(&efi_map, info);
	return 0;
}
