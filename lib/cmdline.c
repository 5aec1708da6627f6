/* SPDX-License-Identifier: MIT */
/*
 * cmdline.c - words of the command line, found by name each time.
 *
 * The text is some hundred bytes and is asked a few dozen times at boot: a
 * search from the start beats a table. The last of several equal keys wins, as on Linux.
 */
#include <lib/cmdline.h>

#include <config.h>
#include <lib/errno.h>
#include <lib/printk.h>
#include <lib/string.h>

static char command_line[COMMAND_LINE_SIZE];

struct word {
	const char *key, *value; /* value NULL: the key stands alone */
	size_t key_length, value_length;
};

void cmdline_set(const char *text)
{
	long length = strscpy(command_line, text, sizeof(command_line));

	if (length < 0)
		pr_warn("command line: cut to %zu characters", sizeof(command_line) - 1);
	for (char *c = command_line; *c; c++)
		if ((*c < ' ' || *c > '~') && *c != '\t')
			*c = '?';
}

const char *cmdline_get(void)
{
	return command_line;
}

/*
 * The word at or behind *s, which is left behind it. Quotes keep blanks together, around the value or, as GRUB
 * writes them, around the whole word.
 */
static bool next_word(const char **s, struct word *word)
{
	const char *c = *s;
	bool quoted = false, whole;

	while (*c == ' ' || *c == '\t')
		c++;
	whole = *c == '"';
	*word = (struct word){.key = c + whole};
	for (; *c && (quoted || (*c != ' ' && *c != '\t')); c++) {
		if (*c == '"')
			quoted = !quoted;
		if (*c == '=' && !word->value)
			word->value = c + 1;
	}
	*s = c;
	if (whole && c > word->key && c[-1] == '"')
		c--;
	word->key_length = (size_t)((word->value ? word->value - 1 : c) - word->key);
	if (!word->value)
		return *s > word->key;

	word->value_length = (size_t)(c - word->value);
	if (word->value_length >= 2 && word->value[0] == '"' &&
	    word->value[word->value_length - 1] == '"') {
		word->value++;
		word->value_length -= 2;
	}
	return true;
}

static bool word_is(const struct word *word, const char *key)
{
	return word->key_length == strlen(key) && strncmp(word->key, key, word->key_length) == 0;
}

static bool find_last(const char *key, struct word *found)
{
	const char *s = command_line;
	struct word word;
	bool any = false;

	while (next_word(&s, &word)) {
		if (!word_is(&word, key))
			continue;
		*found = word;
		any = true;
	}
	return any;
}

bool cmdline_has(const char *key)
{
	struct word word;

	return find_last(key, &word);
}

static long copy_value(const struct word *word, char *value, size_t size)
{
	size_t length = min(word->value_length, size - 1);

	memcpy(value, word->value ? word->value : "", length);
	value[length] = '\0';
	return word->value_length > length ? -E2BIG : (long)length;
}

long cmdline_value(const char *key, char *value, size_t size)
{
	struct word word;

	return find_last(key, &word) ? copy_value(&word, value, size) : -ENOENT;
}

long cmdline_next_value(const char *key, size_t *cursor, char *value, size_t size)
{
	const char *s = command_line + *cursor;
	struct word word;

	while (next_word(&s, &word)) {
		*cursor = (size_t)(s - command_line);
		if (word_is(&word, key))
			return copy_value(&word, value, size);
	}
	return -ENOENT;
}

int cmdline_size(const char *key, uint64_t *size)
{
	char text[32];
	const char *end;
	unsigned long long value;
	long length = cmdline_value(key, text, sizeof(text));

	if (length == -ENOENT)
		return -ENOENT;
	value = memparse(text, &end);
	if (length <= 0 || *end || end == text) {
		pr_warn("%s=%s is not a size (such as 64M): ignored", key, text);
		return -EINVAL;
	}
	*size = value;
	return 0;
}

bool cmdline_switch(const char *key, bool otherwise)
{
	char text[8];
	long length = cmdline_value(key, text, sizeof(text));

	if (length == -ENOENT)
		return otherwise;
	if (!length || !strcmp(text, "1") || !strcmp(text, "on"))
		return true;
	if (!strcmp(text, "0") || !strcmp(text, "off"))
		return false;
	pr_warn("%s=%s: 1 or 0, on or off is wanted: ignored", key, text);
	return otherwise;
}
