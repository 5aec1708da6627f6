/* SPDX-License-Identifier: MIT */
/*
 * drivers/board.h - what a Raspberry Pi's firmware knows of its board.
 */
#pragma once

#include <lib/firmware/boot_info.h>
#include <lib/seq_file.h>

/*
 * Where the device tree names Broadcom's mailbox: asks for the board, says it in the log, keeps the graphics
 * processor's memory out of the map should the tree not have done so, asks for a framebuffer and fills
 * boot->framebuffer. Where it names the watchdog: lets it end the machine. Elsewhere it does nothing. Once, before mm_init().
 */
void board_init(struct boot_info *boot);

/* What was learnt, the temperature anew; false when there is no such firmware. */
bool board_show(struct seq_file *out);

/* "Raspberry Pi 3B" out of a revision code; NULL when nobody knows it. *memory in bytes, 0 unknown. */
const char *board_name(uint32_t revision, uint64_t *memory);

/* The registers of Broadcom's power manager; an impossible address does nothing. (watchdog.c) */
void watchdog_init(phys_addr_t registers);
