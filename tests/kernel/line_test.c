/* SPDX-License-Identifier: MIT */
/* line_test.c - the line editor, typed at byte by byte. */
#include <lib/ktest.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <kernel/shell.h>

static const char *type(const char *keys)
{
	line_start("");
	while (*keys)
		line_input(*keys++);
	return line_text();
}

KTEST(line, keys_edit_where_the_cursor_is)
{
	EXPECT_STREQ(type("abc"), "abc");
	EXPECT_STREQ(type("abd\x1b[Dc"), "abcd");
	EXPECT_STREQ(type("xabc\001\x1b[3~"), "abc");
	EXPECT_STREQ(type("abc\b\x7f"), "a");
	EXPECT_STREQ(type("one two\x17"), "one ");
	EXPECT_STREQ(type("one two\x15"), "");
	EXPECT_STREQ(type("abc\001\x0b"), "");
	EXPECT_STREQ(type("bc\x1b[Ha\x1b[Fd"), "abcd");
	EXPECT_STREQ(type("a\x1b[Zb\x01\x02"), "ab");
	EXPECT_STREQ(type("\b\x1b[D\x1b[3~"), "");
	console_print("\n");
}

KTEST(line, a_line_too_long_is_cut_and_stays_a_string)
{
	line_start("");
	for (int i = 0; i < 2 * SHELL_LINE_SIZE; i++)
		line_input('x');
	EXPECT_EQ(strlen(line_text()), SHELL_LINE_SIZE - 1);
	console_print("\n");
}

KTEST(line, up_and_down_walk_the_history_and_back_to_the_unfinished_line)
{
	type("first\r");
	type("second\r");
	EXPECT_STREQ(type("thi\x1b[A"), "second");
	EXPECT_STREQ(type("thi\x1b[A\x1b[A"), "first");
	EXPECT_STREQ(type("thi\x1b[A\x1b[A\x1b[B\x1b[B"), "thi");
	type("x\x03");
	EXPECT_STREQ(line_text(), "");
}

KTEST(shell, unknown_commands_wrong_words_and_wrong_files_fail)
{
	EXPECT_EQ(shell_execute("nonsense"), 1);
	EXPECT_EQ(shell_execute("alloc; alloc x; alloc 11; alloc -v"), 4);
	EXPECT_EQ(shell_execute("whatis; whatis zzz; cat; cat /proc/none; buddy Nowhere"), 5);
	EXPECT_EQ(shell_execute("echo 1 > /proc/none; echo 1 > /proc/meminfo; echo 1 >"), 3);
	EXPECT_EQ(shell_execute("echo 9 > /proc/sys/kernel/printk"), 1);
	EXPECT_EQ(shell_execute("a b c d e f g h i j k l m n o p q r s t"), 1);
	EXPECT_EQ(shell_execute(""), 0);
	EXPECT_EQ(shell_execute(" ; ;"), 0);
}

KTEST(shell, a_block_taken_at_the_prompt_can_be_given_back)
{
	EXPECT_EQ(shell_execute("alloc 0; alloc -v 3; free -v; free"), 0);
	EXPECT_EQ(shell_execute("free"), 1);
}
