/* SPDX-License-Identifier: MIT */
/*
 * lib/sections.h - where the parts of the kernel image lie.
 *
 * Symbols of linker.ld; each part starts and ends on a page, in this order, and
 * has one set of permissions. The hosted architecture has the same names.
 */
#pragma once

extern char image_start[], image_end[];		    /* everything, .bss and boot stacks included */
extern char text_start[], text_end[];		    /* read, execute */
extern char rodata_start[], rodata_end[];	    /* read */
extern char task_stacks_start[], task_stacks_end[]; /* within .bss: DEFINE_TASK_STACK() */
extern char data_start[], data_end[]; /* read, write: .data, per-CPU template, .bss, stacks */
