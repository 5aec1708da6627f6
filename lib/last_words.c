/* SPDX-License-Identifier: MIT */
/*
 * last_words.c - a ring of text in memory that a warm reset leaves alone.
 *
 * THE IDEA
 *	Who debugs a board sees it reset and wants to know what it said before. RAM keeps its
 *	contents over a reset without power loss, so the log's end is written into a reserved place as well. The
 *	next boot cannot know whether that memory survived, or what wrote there since; so the ring carries
 *	a sum over every byte and a check over its own header, both right after each piece of text: at
 *	whatever moment the reset comes, the ring is whole or it is refused.
 *
 * PICTURE
 *	magic  head  sum  check | text ....... newest > < oldest .........
 *				  ^0		  ^head modulo the room
 *
 * INVARIANTS	(last_words_read() refuses what breaks them)
 *	L1  magic is ours, and names the size.
 *	L2  check is that of head and sum.
 *	L3  sum is the sum of every byte of the room, each times its place.
 *
 * COST		Some 12 instructions a byte; a change of a byte changes the sum by its difference.
 * LOCKING	The log's lock, as for its own ring; none in a panic.
 * FLOOR	lib.
 * LINUX	fs/pstore/ram_core.c: there with error correction, and files that are read later.
 */
#include <lib/last_words.h>

#include <arch/cache.h>
#include <lib/string.h>

#define MAGIC 0x6c6173742d776f72UL /* "last-wor" */

struct last_words {
	uint64_t magic, head, sum, check;
	uint8_t text[];
};

static struct last_words *kept;
static size_t kept_room;

static size_t room_of(size_t size)
{
	return size - sizeof(struct last_words);
}

static uint64_t check_of(uint64_t head, uint64_t sum)
{
	uint64_t x = (head ^ MAGIC) * 0x9e3779b97f4a7c15UL + sum;

	return (x ^ x >> 29) * 0xbf58476d1ce4e5b9UL;
}

static uint64_t sum_of(const uint8_t *text, size_t room)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < room; i++)
		sum += text[i] * (i + 1);
	return sum;
}

static bool is_whole(const struct last_words *words, size_t room)
{
	return words->magic == MAGIC + room && words->check == check_of(words->head, words->sum) &&
	       words->sum == sum_of(words->text, room);
}

/* Bytes of the future screen that could be commands to it are shown as dots. */
static char printable(uint8_t byte)
{
	return byte == '\n' || byte == '\t' || (byte >= ' ' && byte < 0x7f) ? (char)byte : '.';
}

bool last_words_read(const void *memory, size_t size, struct text_sink *sink)
{
	const struct last_words *words = memory;
	size_t room = room_of(size);
	uint64_t at;

	if (!is_whole(words, room) || words->head == 0)
		return false;
	at = words->head > room ? words->head - room : 0;
	/* What is left of the oldest line is no whole one. */
	while (words->head > room && at < words->head && words->text[at++ % room] != '\n')
		;
	for (; at < words->head; at++) {
		char c = printable(words->text[at % room]);

		sink->emit(sink, &c, 1);
	}
	return true;
}

void last_words_keep(void *memory, size_t size)
{
	kept = NULL;
	if (!memory)
		return;
	kept_room = room_of(size);
	memset(memory, 0, size);
	kept = memory;
	kept->magic = MAGIC + kept_room;
	kept->check = check_of(0, 0);
	arch_cache_clean((uintptr_t)kept, size);
}

void last_words_add(const char *text, size_t length)
{
	struct last_words *words = kept;
	size_t place = 0;

	if (!words)
		return;
	for (size_t i = 0; i < length; i++) {
		place = words->head++ % kept_room;

		words->sum += ((uint64_t)(uint8_t)text[i] - words->text[place]) * (place + 1);
		words->text[place] = (uint8_t)text[i];
	}
	words->check = check_of(words->head, words->sum);
	if (arch_dma_coherent())
		return;
	arch_cache_clean((uintptr_t)words, sizeof(*words));
	if (place + 1 >= length)
		arch_cache_clean((uintptr_t)words->text + place + 1 - length, length);
	else
		arch_cache_clean((uintptr_t)words->text, kept_room);
}
