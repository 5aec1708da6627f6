/* SPDX-License-Identifier: MIT */
/*
 * asm/link.h - where linker.ld puts the image. Also included by assembly.
 *
 * The whole image, .boot too, is linked at its final address: what runs before
 * the MMU is on reaches everything relative to the program counter.
 */
#pragma once

#define IMAGE_VA       0xffffe00000000000
#define IMAGE_MAX_SIZE 0x800000 /* what the four boot tables of page entries cover */

#define BOOT_VA	    IMAGE_VA
#define LOAD_OFFSET 0 /* nobody reads load addresses: the loader gets a flat Image */
#define LINK_FORMAT "elf64-littleaarch64"
