/* SPDX-License-Identifier: MIT */
/*
 * multiboot2_builder.h - write information blocks as GRUB does, and as it would not.
 *
 *	begin_block();
 *	multiboot2_build_text(1, "quiet");
 *	multiboot2_build_entry(multiboot2_build_map(1, 24), 0, 0x2000000, 1);
 *	EXPECT_EQ(parse(), 0);
 *	end();
 *
 * A block is built at the start of an array and parsed at another's end, so that under
 * AddressSanitizer one byte read too far is an error:
 *
 *	| block ...... |                    |	build
 *	|                    | block ...... |	parse
 */
#pragma once

#include <lib/firmware/multiboot2.h>
#include "firmware_test.h"

#define MULTIBOOT2_BUILD_MOST (96 * KiB)

/* What is built; a test may spoil it. */
extern uint8_t multiboot2_block[MULTIBOOT2_BUILD_MOST];
extern size_t multiboot2_length;

void multiboot2_build_begin(void);

/* A tag with `size` bytes behind its header, zero; returns where they are. */
uint8_t *multiboot2_build_tag(uint32_t type, size_t size);
void multiboot2_build_text(uint32_t type, const char *text);
void multiboot2_build_module(uint32_t start, uint32_t module_end);
void multiboot2_build_framebuffer(uint64_t base, uint32_t pitch, uint32_t width, uint32_t height);

/* A copy of the RSDP; the roots are 0x1000000 (RSDT) and 0x2000000 (XSDT). */
void multiboot2_build_rsdp(unsigned int revision);

/* A map of `nr` entries of zeroes; returns where the first is, to be filled. */
uint8_t *multiboot2_build_map(unsigned int nr, size_t entry_size);
void multiboot2_build_entry(uint8_t *entry, uint64_t start, uint64_t size, uint32_t type);

/* The same of EFI's descriptors; OVMF's are longer than version 1 asks for. */
uint8_t *multiboot2_build_efi_map(unsigned int nr, size_t descriptor_size);
void multiboot2_build_descriptor(uint8_t *at, uint32_t type, uint64_t start, uint64_t nr_pages,
				 uint64_t attributes);

/* The first `size` bytes as a whole block, at their array's end. */
const uint8_t *multiboot2_build_cut(size_t size);

static inline void begin_block(void)
{
	begin();
	multiboot2_build_begin();
}

static inline int parse_cut(size_t size)
{
	return multiboot2_parse(multiboot2_build_cut(size), size, &info);
}

static inline int parse(void)
{
	multiboot2_build_tag(0, 0);
	return parse_cut(multiboot2_length);
}
