/* SPDX-License-Identifier: MIT */
/*
 * drivers/mailbox.h - questions to the graphics processor of a Raspberry Pi, which is its firmware.
 *
 * A message is a list of tags, each a question with room for its answer in the same place:
 *
 *	size | 0 | tag, room, 0, question...  | tag, ... | 0
 *	size | ok| tag, room, said, answer... | tag, ... | 0
 *
 * Source: github.com/raspberrypi/firmware/wiki, "Mailbox property interface" and "Accessing mailboxes".
 */
#pragma once

#include <lib/types.h>

#define PROPERTY_MAX_WORDS 64 /* of 32 bits: two cache lines of the largest kind */

enum property_tag {
	TAG_FIRMWARE_REVISION = 0x00000001,
	TAG_BOARD_REVISION = 0x00010002,
	TAG_BOARD_SERIAL = 0x00010004,
	TAG_ARM_MEMORY = 0x00010005,
	TAG_GRAPHICS_MEMORY = 0x00010006,
	TAG_CLOCK_RATE = 0x00030002,
	TAG_TEMPERATURE = 0x00030006,
	TAG_FRAMEBUFFER = 0x00040001,
	TAG_PITCH = 0x00040008,
	TAG_SET_PHYSICAL_SIZE = 0x00048003,
	TAG_SET_VIRTUAL_SIZE = 0x00048004,
	TAG_SET_DEPTH = 0x00048005,
	TAG_SET_PIXEL_ORDER = 0x00048006,
	TAG_SET_VIRTUAL_OFFSET = 0x00048009,
};

/* It shares no cache line with anything: the lines are written back and dropped under the CPU's hands. */
struct property_message {
	uint32_t word[PROPERTY_MAX_WORDS] __aligned(128);
	unsigned int nr_words __aligned(128); /* in use, without the end tag */
};

void property_begin(struct property_message *message);

/* Asks `tag` with up to two words; the answer has at most `nr_answer` words, 1 or 2. What does not fit is a CHECK. */
void property_ask(struct property_message *message, enum property_tag tag, unsigned int nr_answer,
		  uint32_t first, uint32_t second);

/* Closes the list; the whole size is a multiple of 16 bytes. */
void property_end(struct property_message *message);

/*
 * The answer to `tag`, `nr_answer` words of it, out of a message that came back. The firmware is not
 * believed: NULL when it refused, did not know the tag, said less, or wrote lengths that make no sense.
 */
const uint32_t *property_answer(const struct property_message *message, enum property_tag tag,
				unsigned int nr_answer);

/* Where the mailbox's registers are; false when they cannot be there. Once, after fixmap_init(). */
bool mailbox_open(phys_addr_t registers);

/*
 * Sends a message that property_end() closed and waits for it to come back. The message lies in the kernel image, in the first GiB.
 * False when there is no mailbox, the message is out of its reach, or nothing came for about a second. One caller at a time, may not sleep.
 */
bool mailbox_call(struct property_message *message);
