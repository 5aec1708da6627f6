/* SPDX-License-Identifier: MIT */
/*
 * cmdline_fuzz.c - fault-B32: any command line, against a tokenizer that copies each word.
 *
 *	input	the text
 */
#include "fuzz.h"

#include <config.h>
#include <lib/cmdline.h>
#include <lib/errno.h>
#include <stdlib.h>
#include <string.h>

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

static void remember_last(const struct model_word *word, const char *wanted)
{
	if (strcmp(word->key, wanted) == 0) {
		last = *word;
		found = true;
	}
}

/* A size by arithmetic that cannot overflow; false when the text is none. */
static bool model_size(const char *text, uint64_t *size)
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
		return false;
	suffix = *text ? strchr(suffixes, *text & ~0x20) : NULL;
	if (suffix && ((*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z'))) {
		for (const char *s = suffixes; s <= suffix; s++)
			value = min(value * 1024, most);
		text++;
	}
	*size = (uint64_t)value;
	return *text == '\0';
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
	unsigned int asked = 0;

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
	(void)asked;
	/* Every word is found under its own name; long lines would take a while. */
	if (strlen(whole) <= 256)
		for_each_word(whole, ask_for_word, NULL);
	return 0;
}
