/* SPDX-License-Identifier: MIT */
/*
 * property.c - write a message for the graphics processor, read what came back.
 *
 * FLOOR	drivers; pure. Tested without a Raspberry Pi.
 */
#include <drivers/mailbox.h>

#include <lib/check.h>
#include <lib/string.h>

enum { WORD_SIZE, WORD_CODE, WORD_FIRST_TAG };	 /* of the message */
enum { TAG_ID, TAG_ROOM, TAG_LENGTH, TAG_HEAD }; /* of a tag; lengths in bytes */

#define CODE_REQUEST 0U
#define CODE_SUCCESS 0x80000000U
#define TAG_ANSWERED 0x80000000U /* in TAG_LENGTH */

void property_begin(struct property_message *message)
{
	memset(message, 0, sizeof(*message));
	message->word[WORD_CODE] = CODE_REQUEST;
	message->nr_words = WORD_FIRST_TAG;
}

void property_ask(struct property_message *message, enum property_tag tag, unsigned int nr_answer,
		  uint32_t first, uint32_t second)
{
	uint32_t *at = &message->word[message->nr_words];

	CHECK(nr_answer >= 1 && nr_answer <= 2, "%u words", nr_answer);
	CHECK(message->nr_words + TAG_HEAD + 2 + 1 <= PROPERTY_MAX_WORDS, "%u words in the message",
	      message->nr_words);
	at[TAG_ID] = tag;
	at[TAG_ROOM] = 8;
	at[TAG_HEAD] = first;
	at[TAG_HEAD + 1] = second;
	message->nr_words += TAG_HEAD + 2;
}

void property_end(struct property_message *message)
{
	message->word[WORD_SIZE] = ALIGN_UP((message->nr_words + 1) * 4, 16);
}

const uint32_t *property_answer(const struct property_message *message, enum property_tag tag,
				unsigned int nr_answer)
{
	unsigned int at = WORD_FIRST_TAG;

	if (message->word[WORD_CODE] != CODE_SUCCESS)
		return NULL;
	while (at + TAG_HEAD < message->nr_words) {
		const uint32_t *found = &message->word[at];
		unsigned int room = found[TAG_ROOM] / 4;

		if (found[TAG_ROOM] % 4 != 0 || room > message->nr_words - at - TAG_HEAD)
			return NULL;
		if (found[TAG_ID] == (uint32_t)tag)
			return (found[TAG_LENGTH] & TAG_ANSWERED) &&
					       (found[TAG_LENGTH] & ~TAG_ANSWERED) >=
						       4 * nr_answer &&
					       room >= nr_answer
				       ? &found[TAG_HEAD]
				       : NULL;
		at += TAG_HEAD + room;
	}
	return NULL;
}
