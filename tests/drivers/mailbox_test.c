/* SPDX-License-Identifier: MIT */
/*
 * mailbox_test.c - messages to a Raspberry Pi's firmware, and answers that lie.
 */
#include <drivers/board.h>
#include <drivers/mailbox.h>
#include <lib/ktest.h>

static struct property_message message;

/* What the firmware writes over a question of one tag at word 2: id, room, length, two words. */
static void answer(uint32_t code, uint32_t length, uint32_t first, uint32_t second)
{
	message.word[1] = code;
	message.word[4] = length;
	message.word[5] = first;
	message.word[6] = second;
}

static void ask_memory(void)
{
	property_begin(&message);
	property_ask(&message, TAG_ARM_MEMORY, 2, 0, 0);
	property_end(&message);
}

/*
 *	| size 32 | 0 || tag | room 8 | 0 | question 2 words || 0 |
 */
KTEST(mailbox, a_question_is_laid_out_as_the_firmware_reads_it)
{
	property_begin(&message);
	property_ask(&message, TAG_CLOCK_RATE, 2, 3, 0);
	property_end(&message);
	EXPECT_EQ(message.word[0], 32);
	EXPECT_EQ(message.word[1], 0);
	EXPECT_EQ(message.word[2], TAG_CLOCK_RATE);
	EXPECT_EQ(message.word[3], 8);
	EXPECT_EQ(message.word[4], 0);
	EXPECT_EQ(message.word[5], 3);
	EXPECT_EQ(message.word[7], 0);
	EXPECT_EQ((uintptr_t)message.word % 128, 0);
	EXPECT_GE((uintptr_t)&message.nr_words, (uintptr_t)message.word + sizeof(message.word));
}

KTEST(mailbox, an_answer_is_found_behind_other_tags)
{
	const uint32_t *found;

	property_begin(&message);
	property_ask(&message, TAG_SET_DEPTH, 1, 32, 0);
	property_ask(&message, TAG_PITCH, 1, 0, 0);
	property_end(&message);
	message.word[1] = 0x80000000;
	message.word[4] = 0x80000004;
	message.word[9] = 0x80000004;
	message.word[10] = 4096;
	found = property_answer(&message, TAG_PITCH, 1);
	ASSERT_TEST(found != NULL);
	EXPECT_EQ(*found, 4096);
	EXPECT_TRUE(property_answer(&message, TAG_FRAMEBUFFER, 2) == NULL);
}

/* What is refused, unanswered, too short, or says that its room is larger than the message. */
KTEST(mailbox, an_answer_that_makes_no_sense_is_none)
{
	const uint32_t good = 0x80000008;

	ask_memory();
	answer(0x80000000, good, 0, 0x3c000000);
	ASSERT_TEST(property_answer(&message, TAG_ARM_MEMORY, 2) != NULL);
	EXPECT_EQ(property_answer(&message, TAG_ARM_MEMORY, 2)[1], 0x3c000000);
	answer(0, good, 0, 0x3c000000); /* nobody has touched it */
	EXPECT_TRUE(property_answer(&message, TAG_ARM_MEMORY, 2) == NULL);
	answer(0x80000001, good, 0, 0x3c000000); /* refused */
	EXPECT_TRUE(property_answer(&message, TAG_ARM_MEMORY, 2) == NULL);
	answer(0x80000000, 0, 0, 0x3c000000); /* the tag is not known */
	EXPECT_TRUE(property_answer(&message, TAG_ARM_MEMORY, 2) == NULL);
	answer(0x80000000, 0x80000004, 0, 0); /* one word of two */
	EXPECT_TRUE(property_answer(&message, TAG_ARM_MEMORY, 2) == NULL);
	answer(0x80000000, good, 0, 0);
	for (unsigned int i = 0; i < 6; i++) {
		static const uint32_t rooms[] = {0, 4, 7, 12, 0xfffffffc, 0xffffffff};

		message.word[3] = rooms[i];
		EXPECT_TRUE(property_answer(&message, TAG_ARM_MEMORY, 2) == NULL);
		EXPECT_TRUE(property_answer(&message, TAG_PITCH, 1) == NULL);
	}
}

KTEST(mailbox, a_machine_without_one_answers_nothing)
{
	static char text[512];
	struct text_buffer buffer;
	struct seq_file out = {.sink = &buffer.sink};

	text_buffer_init(&buffer, text, sizeof(text));
	if (board_show(&out))
		SKIP_TEST("this machine has one");
	ask_memory();
	EXPECT_FALSE(mailbox_call(&message));
	EXPECT_FALSE(mailbox_open(0));
	EXPECT_FALSE(mailbox_open(~(phys_addr_t)0));
	EXPECT_FALSE(mailbox_open(0x3f00b884)); /* not aligned */
	EXPECT_FALSE(mailbox_open(0x3f00bff0)); /* its last register in the next page */
}

KTEST(board, a_revision_code_tells_the_board_and_its_memory)
{
	uint64_t memory;

	EXPECT_STREQ(board_name(0xa02082, &memory), "3B");
	EXPECT_EQ(memory, 1 * GiB);
	EXPECT_STREQ(board_name(0xa020d3, &memory), "3B+");
	EXPECT_STREQ(board_name(0xc03111, &memory), "4B");
	EXPECT_EQ(memory, 4 * GiB);
	EXPECT_STREQ(board_name(0xd03114, &memory), "4B");
	EXPECT_EQ(memory, 8 * GiB);
	EXPECT_STREQ(board_name(0x902120, &memory), "Zero 2 W");
	EXPECT_EQ(memory, 512 * MiB);
	EXPECT_TRUE(board_name(0x0010, &memory) == NULL); /* a code of the first boards */
	EXPECT_EQ(memory, 0);
	EXPECT_TRUE(board_name(0xfffffff, &memory) == NULL);
}
