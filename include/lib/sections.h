/* SPDX-License-Identifier: MIT */
/*
 * lib/sections.h - where the parts of the kernel image lie.
 *
 * Symbols of linker.ld; each part starts and ends on a page, in this order, and
 * has one set of permissions. The hosted architecture has the same names.
 */
#pragma once

extern char image_start[], image_end[]; /* everything, .bss and boot stacks included */
extern char text_start[], text_end[];	/* read, execute */
extern char init_text_start[],
	init_text_end[];		  /* __init: read, execute; nothing when the boot is over */
extern char rodata_start[], rodata_end[]; /* read */
extern char init_data_start[],
	init_data_end[]; /* __initdata: read, write; nothing when the boot is over */
extern char ro_after_init_start[],
	ro_after_init_end[]; /* the first of the data: read, when the boot is over */
extern char task_stacks_start[], task_stacks_end[]; /* within .bss: DEFINE_TASK_STACK() */
extern char data_start[], data_end[]; /* read, write: .data, per-CPU template, .bss, stacks */
