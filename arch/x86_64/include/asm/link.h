/* SPDX-License-Identifier: MIT */
/*
 * asm/link.h - where the image is linked and loaded; for linker.ld, assembler and C.
 *
 * The image is linked in the last 2 GiB, which -mcmodel=kernel reaches with
 * 32-bit signed displacements, and loaded at physical 1 MiB. Only .boot, which
 * runs before paging is on, is linked where it is loaded.
 */
#pragma once

#define LINK_FORMAT    "elf64-x86-64"
#define IMAGE_VA       0xffffffff80100000
#define LOAD_OFFSET    0xffffffff80000000
#define BOOT_VA	       0x100000
#define IMAGE_MAX_SIZE 0x706000 /* up to 0x806000: there OVMF keeps ACPI's data */
