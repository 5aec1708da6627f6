/* SPDX-License-Identifier: MIT */
/*
 * last_words_test.c - what is written is read again, and what is not whole says nothing.
 */
#include <lib/last_words.h>

#include <lib/ktest.h>
#include <lib/string.h>

#define SIZE 256 /* room for 224 bytes of text */

static uint64_t memory[SIZE / 8];

struct collector {
	struct text_sink sink;
	char text[SIZE];
	size_t length;
};

static void collect(struct text_sink *sink, const char *text, size_t length)
{
	struct collector *collector = container_of(sink, struct collector, sink);

	while (length-- && collector->length < sizeof(collector->text) - 1)
		collector->text[collector->length++] = *text++;
	collector->text[collector->length] = '\0';
}

/* The kernel's own ring stands still while a test writes into another; it starts anew with the next boot. */
static void write_words(const char *text)
{
	last_words_keep(memory, SIZE);
	last_words_add(text, strlen(text));
	last_words_keep(NULL, 0);
}

static const char *read_words(struct collector *collector)
{
	*collector = (struct collector){.sink.emit = collect};
	return last_words_read(memory, SIZE, &collector->sink) ? collector->text : NULL;
}

KTEST(last_words, what_was_said_is_read_by_the_next_boot)
{
	struct collector collector;

	write_words("first\nsecond\n");
	ASSERT_TEST(read_words(&collector));
	EXPECT_STREQ(collector.text, "first\nsecond\n");
}

KTEST(last_words, of_more_than_fits_the_last_whole_lines_are_kept)
{
	struct collector collector;

	last_words_keep(memory, SIZE);
	for (int i = 0; i < 100; i++)
		last_words_add(i == 99 ? "the end\n" : "0123456\n", 8);
	last_words_keep(NULL, 0);
	ASSERT_TEST(read_words(&collector));
	EXPECT_EQ(collector.length % 8, 0);
	EXPECT_TRUE(collector.length >= 200);
	EXPECT_STREQ(collector.text + collector.length - 8, "the end\n");
}

KTEST(last_words, a_bit_that_flipped_anywhere_silences_them)
{
	struct collector collector;

	write_words("what must not be believed\n");
	for (size_t bit = 0; bit < SIZE * 8; bit++) {
		((uint8_t *)memory)[bit / 8] ^= 1U << bit % 8;
		if (read_words(&collector))
			EXPECT_EQ(bit, -1UL);
		((uint8_t *)memory)[bit / 8] ^= 1U << bit % 8;
	}
	EXPECT_TRUE(read_words(&collector));
}

KTEST(last_words, memory_that_was_never_ours_says_nothing)
{
	struct collector collector;

	memset(memory, 0, SIZE);
	EXPECT_FALSE(read_words(&collector));
	memset(memory, 0xff, SIZE);
	EXPECT_FALSE(read_words(&collector));
	last_words_keep(memory, SIZE);
	last_words_keep(NULL, 0);
	EXPECT_FALSE(read_words(&collector)); /* ours, but nothing was said */
}

KTEST(last_words, no_byte_can_command_the_screen)
{
	struct collector collector;

	write_words("a\x1b[2Jb\n");
	ASSERT_TEST(read_words(&collector));
	EXPECT_STREQ(collector.text, "a.[2Jb\n");
}
