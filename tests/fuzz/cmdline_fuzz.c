/* SPDX-License-Identifier: MIT */
/*
 * cmdline_fuzz.c - fault-B32: any command line, against a tokenizer that copies each word.
 *
 * What memmap=, reserve=, cma= and swiotlb= make of their values is compared too.
 *
 *	input	the text
 */
#include "fuzz.h"

#include <config.h>
#include <lib/cmdline.h>
#include <lib/errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../mm/early/impl.h"

#define MAX_WORDS COMMAND_LINE_SIZE

struct model_word {
	char key[COMMAND_LINE_SIZE], value[COMMAND_LINE_SIZE];
	bool has_value;
};

static struct model_word last; /* of the key that is asked for */

/* Takes the quotes off a text that has one at either end. */
static void unquote(char *text)
{
	size_t length = strlen(text);

	if (length < 2 || text[0] != '"' || text[length - 1] != '"')
		return;
	text[length - 1] = '\0';
	memmove(text, text + 1, length - 1);
}

/* One word as it stands, quotes and all, into key and value. */
static struct model_word split(const char *text, size_t length)
{
	static char copy[COMMAND_LINE_SIZE];
	static struct model_word word;
	char *equals, *start = copy;

	memcpy(copy, text, length);
	copy[length] = '\0';
	if (copy[0] == '"') {
		start++;
		if (length > 2 && copy[length - 1] == '"')
			copy[length - 1] = '\0';
		else if (length == 2 && copy[1] == '"')
			copy[1] = '\0';
	}
	equals = strchr(start, '=');
	word.has_value = equals != NULL;
	word.value[0] = '\0';
	if (equals) {
		*equals = '\0';
		strcpy(word.value, equals + 1);
		unquote(word.value);
	}
	strcpy(word.key, start);
	return word;
}

/* Calls `visit` for each word; a blank counts unless an odd number of quotes stands before it. */
static void for_each_word(const char *text,
			  void (*visit)(const struct model_word *word, const char *wanted),
			  const char *wanted)
{
	size_t start = 0, length = strlen(text);
	bool quoted = false, inside = false;

	for (size_t i = 0; i <= length; i++) {
		bool blank = text[i] == '\0' || (!quoted && (text[i] == ' ' || text[i] == '\t'));

		if (blank && inside) {
			/* A quote that nobody closes, with nothing behind it, is the end of all words. */
			if (i - start == 1 && text[start] == '"')
				return;
			struct model_word word = split(text + start, i - start);

			visit(&word, wanted);
		}
		if (!blank && !inside)
			start = i;
		inside = !blank;
		if (text[i] == '"')
			quoted = !quoted;
	}
}

static bool found;

/* The size at the start of a text, by arithmetic that cannot overflow, and what stands behind it; NULL when there is none. */
static const char *model_number(const char *text, uint64_t *size)
{
	static const char suffixes[] = "KMGTPE";
	__uint128_t value = 0, most = ~(uint64_t)0;
	unsigned int base = 10, digits = 0;
	const char *suffix;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X') &&
	    strspn(text + 2, "0123456789abcdefABCDEF") > 0) {
		base = 16;
		text += 2;
	} else if (text[0] == '0') {
		base = 8;
	}
	for (;; text++, digits++) {
		char digit[2] = {*text, '\0'}, *end;
		unsigned long one = strtoul(digit, &end, 16);

		if (!*text || strchr(" +-", *text) || *end || one >= base)
			break;
		value = min(value * base + one, most);
	}
	if (digits == 0)
		return NULL;
	suffix = *text ? strchr(suffixes, *text & ~0x20) : NULL;
	if (suffix && ((*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z'))) {
		for (const char *s = suffixes; s <= suffix; s++)
			value = min(value * 1024, most);
		text++;
	}
	*size = (uint64_t)value;
	return text;
}

static bool model_size(const char *text, uint64_t *size)
{
	uint64_t value;
	const char *end = model_number(text, &value);

	if (!end || *end)
		return false;
	*size = value;
	return true;
}

/* --- ranges: memmap= and reserve= --- */

#define VALUE_MOST 255 /* a longer value is not read */

static struct early_word expected[EARLY_MAX_WORDS];
static unsigned int nr_expected;

/* "SIZE letter START", whole; the ranges that it stands for go to `expected`. */
static bool model_range(const char *text, const char *wanted)
{
	uint64_t size, start;
	const char *letter = model_number(text, &size), *end;
	bool memmap = strcmp(wanted, "memmap") == 0;

	if (!letter || *letter == '\0' || !strchr(memmap ? "@$#" : "@", *letter))
		return false;
	end = model_number(letter + 1, &start);
	if (!end || *end || size == 0 || start >= BOOT_RANGE_END)
		return false;
	if (nr_expected == EARLY_MAX_WORDS)
		return false;
	expected[nr_expected++] = (struct early_word){
		.start = start,
		.end = (phys_addr_t)min((__uint128_t)start + size, (__uint128_t)BOOT_RANGE_END),
		.fate = memmap && *letter == '@' ? EARLY_ADDED : EARLY_RESERVED,
	};
	return true;
}

/* Pieces between commas, up to the first that makes no sense; nothing behind the last comma is nothing. */
static void model_ranges(const struct model_word *word, const char *wanted)
{
	static char copy[COMMAND_LINE_SIZE];
	const char *piece = copy;
	char *comma;

	if (strcmp(word->key, wanted) != 0 || strlen(word->value) > VALUE_MOST)
		return;
	strcpy(copy, word->value);
	do {
		comma = strchr(piece, ',');
		if (comma)
			*comma = '\0';
		if (!model_range(piece, wanted))
			return;
		piece = comma ? comma + 1 : "";
	} while (*piece);
}

/* SLOTS, SLOTS,force or force; slots of 2 KiB. */
static bool model_swiotlb(const char *text, struct early_dma *dma)
{
	uint64_t slots = 0;
	const char *end = model_number(text, &slots);

	if (!end) {
		dma->swiotlb_force = strcmp(text, "force") == 0;
		return dma->swiotlb_force;
	}
	dma->swiotlb_force = strcmp(end, ",force") == 0;
	if (*end && !dma->swiotlb_force)
		return false;
	if (!dma->swiotlb_force && slots == 0)
		return false;
	dma->swiotlb = (uint64_t)min((__uint128_t)slots, (__uint128_t)(~0ULL / 2048)) * 2048;
	return true;
}

static void remember_last(const struct model_word *word, const char *wanted)
{
	if (strcmp(word->key, wanted) == 0) {
		last = *word;
		found = true;
	}
}

static void compare_dma(const struct early_dma *dma)
{
	struct early_dma model = {0};

	found = false;
	for_each_word(cmdline_get(), remember_last, "cma");
	if (!found || strlen(last.value) >= 32 || !model_size(last.value, &model.cma))
		model.cma = 0;
	REQUIRE(dma->cma == model.cma);
	found = false;
	for_each_word(cmdline_get(), remember_last, "swiotlb");
	if (!found || strlen(last.value) > VALUE_MOST || !model_swiotlb(last.value, &model)) {
		model.swiotlb = 0;
		model.swiotlb_force = false;
	}
	REQUIRE(dma->swiotlb == model.swiotlb && dma->swiotlb_force == model.swiotlb_force);
}

static void ask_for_ranges(void)
{
	struct early_words words;

	nr_expected = 0;
	for_each_word(cmdline_get(), model_ranges, "memmap");
	for_each_word(cmdline_get(), model_ranges, "reserve");
	early_read_words(&words);
	REQUIRE(words.nr == nr_expected);
	for (unsigned int i = 0; i < words.nr; i++) {
		REQUIRE(words.word[i].start < words.word[i].end);
		REQUIRE(words.word[i].start == expected[i].start);
		REQUIRE(words.word[i].end == expected[i].end);
		REQUIRE(words.word[i].fate == expected[i].fate);
	}
	compare_dma(&words.dma);
}

static void ask(const char *key)
{
	static const size_t room[] = {1, 2, 8, COMMAND_LINE_SIZE};
	char *value = NULL;
	uint64_t size = 12345, expected = 12345;
	int error;

	found = false;
	for_each_word(cmdline_get(), remember_last, key);
	REQUIRE(cmdline_has(key) == found);
	for (size_t i = 0; i < ARRAY_SIZE(room); i++) {
		long length;

		value = malloc(room[i]);
		length = cmdline_value(key, value, room[i]);
		if (!found) {
			REQUIRE(length == -ENOENT);
		} else {
			size_t whole = strlen(last.value);

			REQUIRE(length == (whole < room[i] ? (long)whole : -E2BIG));
			REQUIRE(strlen(value) == min(whole, room[i] - 1));
			REQUIRE(strncmp(value, last.value, room[i] - 1) == 0);
		}
		free(value);
	}
	error = cmdline_size(key, &size);
	if (!found)
		REQUIRE(error == -ENOENT);
	else if (strlen(last.value) < 32 && model_size(last.value, &expected))
		REQUIRE(error == 0 && size == expected);
	else
		REQUIRE(error == -EINVAL && size == 12345);
}

static void ask_for_word(const struct model_word *word, const char *wanted)
{
	(void)wanted;
	ask(word->key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char whole[COMMAND_LINE_SIZE];
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	fuzz_begin();
	cmdline_set(text);
	REQUIRE(strlen(cmdline_get()) == min(strlen(text), (size_t)COMMAND_LINE_SIZE - 1));
	REQUIRE(fuzz_steps <= 100 + 20 * (uint64_t)size);
	free(text);
	strcpy(whole, cmdline_get());
	for (const char *c = whole; *c; c++)
		REQUIRE((*c >= ' ' && *c <= '~') || *c == '\t');
	fuzz_steps = 0;
	cmdline_has("mem");
	REQUIRE(fuzz_steps <= 1000 + 40 * strlen(whole));
	ask("mem");
	ask("k");
	ask("");
	ask_for_ranges();
	/* Every word is found under its own name; long lines would take a while. */
	if (strlen(whole) <= 256)
		for_each_word(whole, ask_for_word, NULL);
	return 0;
}
