/* SPDX-License-Identifier: MIT */
/*
 * multiboot2_builder.c - the tags of a loader, one behind the other (Multiboot2 specification 2.0, 3.6).
 */
#include "multiboot2_builder.h"

#include <lib/bits.h>
#include <lib/firmware/acpi.h>

uint8_t multiboot2_block[MULTIBOOT2_BUILD_MOST];
size_t multiboot2_length;

void multiboot2_build_begin(void)
{
	memset(multiboot2_block, 0, MULTIBOOT2_HEADER_SIZE);
	multiboot2_length = MULTIBOOT2_HEADER_SIZE;
}

uint8_t *multiboot2_build_tag(uint32_t type, size_t size)
{
	uint8_t *tag = multiboot2_block + multiboot2_length;

	put(tag, type, 4);
	put(tag + 4, 8 + size, 4);
	memset(tag + 8, 0, ALIGN_UP(size, 8));
	multiboot2_length += ALIGN_UP(8 + size, 8);
	return tag + 8;
}

void multiboot2_build_text(uint32_t type, const char *text)
{
	memcpy(multiboot2_build_tag(type, strlen(text) + 1), text, strlen(text));
}

void multiboot2_build_module(uint32_t start, uint32_t module_end)
{
	uint8_t *fields = multiboot2_build_tag(3, 8 + sizeof("a module"));

	put(fields, start, 4);
	put(fields + 4, module_end, 4);
	memcpy(fields + 8, "a module", sizeof("a module"));
}

uint8_t *multiboot2_build_map(unsigned int nr, size_t entry_size)
{
	uint8_t *fields = multiboot2_build_tag(6, 8 + nr * entry_size);

	put(fields, entry_size, 4);
	return fields + 8;
}

void multiboot2_build_entry(uint8_t *entry, uint64_t start, uint64_t size, uint32_t type)
{
	put(entry, start, 8);
	put(entry + 8, size, 8);
	put(entry + 16, type, 4);
}

uint8_t *multiboot2_build_efi_map(unsigned int nr, size_t descriptor_size)
{
	uint8_t *fields = multiboot2_build_tag(17, 8 + nr * descriptor_size);

	put(fields, descriptor_size, 4);
	put(fields + 4, 1, 4);
	return fields + 8;
}

void multiboot2_build_descriptor(uint8_t *at, uint32_t type, uint64_t start, uint64_t nr_pages,
				 uint64_t attributes)
{
	put(at, type, 4);
	put(at + 8, start, 8);
	put(at + 24, nr_pages, 8);
	put(at + 32, attributes, 8);
}

void multiboot2_build_framebuffer(uint64_t base, uint32_t pitch, uint32_t width, uint32_t height)
{
	static const uint8_t kind[] = {32, 1, 0, 0, 16, 8, 8, 8, 0, 8};
	uint8_t *fields = multiboot2_build_tag(8, 30);

	put(fields, base, 8);
	put(fields + 8, pitch, 4);
	put(fields + 12, width, 4);
	put(fields + 16, height, 4);
	memcpy(fields + 20, kind, sizeof(kind));
}

void multiboot2_build_rsdp(unsigned int revision)
{
	size_t size = revision < 2 ? ACPI_RSDP_SIZE_REV0 : ACPI_RSDP_SIZE;
	uint8_t *fields = multiboot2_build_tag(revision < 2 ? 14 : 15, size);

	memcpy(fields, "RSD PTR ", 8);
	fields[15] = (uint8_t)revision;
	put(fields + 16, 0x1000000, 4);
	seal(fields, ACPI_RSDP_SIZE_REV0, 8);
	if (revision < 2)
		return;
	put(fields + 20, size, 4);
	put(fields + 24, 0x2000000, 8);
	seal(fields, size, 32);
}

const uint8_t *multiboot2_build_cut(size_t size)
{
	static uint8_t array[sizeof(multiboot2_block)];
	uint8_t *at = array + sizeof(array) - size;

	memcpy(at, multiboot2_block, size);
	put(at, size, min(size, (size_t)4));
	return at;
}
