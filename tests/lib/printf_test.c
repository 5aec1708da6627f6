/* SPDX-License-Identifier: MIT */
/* printf_test.c - conversions, cutting, pointers; the log's ring; the command line. */
#include <config.h>
#include <lib/cmdline.h>
#include <lib/errno.h>
#include <lib/ktest.h>
#include <lib/printf.h>
#include <lib/printk.h>
#include <lib/seq_file.h>
#include <lib/string.h>

static const char *format_one(const char *format, ...)
{
	static char text[128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return text;
}

KTEST(printf, integers_of_every_length_and_flag)
{
	EXPECT_STREQ(format_one("%d|%5d|%-5d|%05d|%+d|% d", -1, 42, 42, -42, 7, 7),
		     "-1|   42|42   |-0042|+7| 7");
	EXPECT_STREQ(format_one("%hhu %hd %ld %lld %zu", 257, 65535, -1L, -2LL, (size_t)3),
		     "1 -1 -1 -2 3");
	EXPECT_STREQ(format_one("%x %#x %X %#08x %o", 255, 255, 255, 255, 8),
		     "ff 0xff FF 0x0000ff 10");
	EXPECT_STREQ(format_one("%lu", ~0UL), "18446744073709551615");
	EXPECT_STREQ(format_one("%ld", (long)(1UL << 63)), "-9223372036854775808");
	EXPECT_STREQ(format_one("%.3d|%.0d|%8.3x", 5, 0, 10), "005||     00a");
	EXPECT_STREQ(format_one("%*d|%-*d|%*d", 4, 1, 4, 2, -4, 3), "   1|2   |3   ");
}

KTEST(printf, strings_and_characters)
{
	EXPECT_STREQ(format_one("%s|%6s|%-6s|%.2s", "abc", "abc", "abc", "abc"),
		     "abc|   abc|abc   |ab");
	EXPECT_STREQ(format_one("%c%c %%", 'o', 'k'), "ok %");
	EXPECT_STREQ(format_one("%s", (char *)NULL), "(null)");
	EXPECT_STREQ(format_one("%!", 1), "%!");
	EXPECT_STREQ(format_one("100%"), "100");
}

/* A reader who must not learn an address gets the same name for it each time, and no bit of it. */
KTEST(printf, plain_p_hashes_and_px_shows)
{
	char first[32], second[32], other[32], shown[32];
	void *pointer = (void *)0xffff880012345678UL;

	snprintf(first, sizeof(first), "%p", pointer);
	snprintf(second, sizeof(second), "%p", pointer);
	snprintf(other, sizeof(other), "%p", (void *)0xffff880012345680UL);
	snprintf(shown, sizeof(shown), "%px", pointer);
	EXPECT_STREQ(first, second);
	EXPECT_NE(strcmp(first, other), 0);
	EXPECT_TRUE(strstr(first, "12345678") == NULL);
	EXPECT_EQ(strlen(first), 16);
	EXPECT_STREQ(shown, "0xffff880012345678");
	EXPECT_STREQ(format_one("%p", (void *)NULL), "(null)");
}

KTEST(printf, a_short_buffer_cuts_and_the_length_is_the_whole_texts)
{
	char text[6] = "xxxxx";

	EXPECT_EQ(snprintf(text, 4, "%s", "abcdef"), 6);
	EXPECT_STREQ(text, "abc");
	EXPECT_EQ(text[4], 'x');
	EXPECT_EQ(scnprintf(text, 4, "%s", "abcdef"), 3);
	EXPECT_EQ(snprintf(NULL, 0, "%d", 12345), 5);
}

KTEST(printk, the_ring_gives_back_the_last_lines_in_order)
{
	char text[256];
	struct text_buffer buffer;

	printk(LOG_DEBUG, "ring test one");
	printk(LOG_DEBUG, "ring test two\nring test three\n");
	text_buffer_init(&buffer, text, sizeof(text));
	printk_dump(&buffer.sink, 3);
	EXPECT_STREQ(text, "ring test one\nring test two\nring test three\n");
	text_buffer_init(&buffer, text, sizeof(text));
	printk_dump(&buffer.sink, 1);
	EXPECT_STREQ(text, "ring test three\n");
}

/* More text than the ring holds: what is left starts with a whole line. */
KTEST(printk, a_full_ring_forgets_the_oldest_lines)
{
	static char text[LOG_BUFFER_SIZE + 64];
	struct text_buffer buffer;

	for (int i = 0; i < 1000; i++)
		printk(LOG_DEBUG, "line %04d of a thousand", i);
	text_buffer_init(&buffer, text, sizeof(text));
	printk_dump(&buffer.sink, 0);
	EXPECT_EQ(strncmp(text, "line ", 5), 0);
	EXPECT_TRUE(strstr(text, "line 0000") == NULL);
	EXPECT_TRUE(strstr(text, "line 0999 of a thousand\n") != NULL);
}

/* A driver that says something itself, as one that faults does. */
static void talk(struct console *console, const char *text, size_t length)
{
	static bool said;

	(void)console;
	(void)text;
	(void)length;
	if (said)
		return;
	said = true;
	printk(LOG_INFO, "inside");
}

KTEST_PANIC(printk, a_message_inside_a_message_panics_and_waits_for_nobody,
	    "printk() inside printk()")
{
	static struct console console = {.name = "talkative", .write = talk};

	console_register(&console);
	printk(LOG_PANIC, "outside");
}

/* The line is put back: other parts read it while the kernel lives. */
KTEST(cmdline, words_values_quotes_and_the_last_wins)
{
	static char saved[COMMAND_LINE_SIZE];
	char value[32];
	uint64_t size = 1;

	strscpy(saved, cmdline_get(), sizeof(saved));
	cmdline_set("quiet  mem=64M mem=32M run=\"a b; c\" bad=12Q empty= \x01 longer");
	EXPECT_TRUE(cmdline_has("quiet"));
	EXPECT_TRUE(cmdline_has("mem"));
	EXPECT_FALSE(cmdline_has("qui"));
	EXPECT_FALSE(cmdline_has("long"));
	EXPECT_EQ(cmdline_value("run", value, sizeof(value)), 6);
	EXPECT_STREQ(value, "a b; c");
	EXPECT_EQ(cmdline_size("mem", &size), 0);
	EXPECT_EQ(size, 32 * MiB);
	EXPECT_EQ(cmdline_size("bad", &size), -EINVAL);
	EXPECT_EQ(cmdline_size("quiet", &size), -EINVAL);
	EXPECT_EQ(cmdline_size("missing", &size), -ENOENT);
	EXPECT_EQ(size, 32 * MiB);
	EXPECT_EQ(cmdline_value("empty", value, sizeof(value)), 0);
	EXPECT_EQ(cmdline_value("run", value, 3), -E2BIG);
	EXPECT_STREQ(value, "a ");
	EXPECT_TRUE(cmdline_has("?"));
	cmdline_set(saved);
}

/* GRUB puts a word that holds a blank into quotes, key and all. */
KTEST(cmdline, quotes_may_stand_around_a_whole_word)
{
	static char saved[COMMAND_LINE_SIZE];
	char value[32];

	strscpy(saved, cmdline_get(), sizeof(saved));
	cmdline_set("\"run=a b; c\" \"quiet\" \"\" \"=\" mem=1M \"k=\" \"open=x y");
	EXPECT_EQ(cmdline_value("run", value, sizeof(value)), 6);
	EXPECT_STREQ(value, "a b; c");
	EXPECT_TRUE(cmdline_has("quiet"));
	EXPECT_EQ(cmdline_value("mem", value, sizeof(value)), 2);
	EXPECT_EQ(cmdline_value("k", value, sizeof(value)), 0);
	EXPECT_EQ(cmdline_value("open", value, sizeof(value)), 3);
	EXPECT_STREQ(value, "x y");
	cmdline_set("a \"");
	EXPECT_FALSE(cmdline_has("b"));
	cmdline_set(saved);
}
