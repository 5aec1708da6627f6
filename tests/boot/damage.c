/* SPDX-License-Identifier: MIT */
/*
 * damage.c - a command that spoils one byte of the last words, as a reset that loses memory would.
 */
#include <kernel/shell.h>

#include <lib/last_words.h>
#include <lib/string.h>
#include <mm/direct_map.h>
#include <mm/early.h>

COMMAND(damage, "damage", "flip a bit of the last words, at their end")
{
	struct early_decision decision;
	unsigned int index = 0;

	while (early_next_decision(&index, &decision)) {
		if (strcmp(decision.why, "last words"))
			continue;
		((uint8_t *)phys_to_virt(decision.start))[LAST_WORDS_SIZE - 1] ^= 4;
		return 0;
	}
	return 1;
}
