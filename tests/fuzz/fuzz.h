/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what every fuzz target shares.
 *
 * THE IDEA
 *	libFuzzer invents bytes, a target turns them into firmware's tables, has
 *	the kernel's own source read them, and then asks a model that was
 *	written without looking at that source whether the answer is right. The sanitizers
 *	see a read outside, the model a wrong answer, the counter of steps a walk
 *	without an end, the counter of messages a flood of the console.
 *
 *	A step is a basic block of the kernel's source, counted by the compiler
 *	(-fsanitize-coverage=trace-pc); the targets themselves are not counted.
 *
 * LINUX	lib/test_fortify.c and tools/testing/memblock are the nearest.
 */
#pragma once

#include <lib/types.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv); /* only where a target has something to set up */

/* The input as a row of numbers, little-endian, with zeros behind its end. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t fuzz_u8(struct fuzz_input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->at++;
}

static inline uint32_t fuzz_u16(struct fuzz_input *input)
{
	uint32_t low = fuzz_u8(input);

	return low | (uint32_t)fuzz_u8(input) << 8;
}

static inline uint64_t fuzz_u64(struct fuzz_input *input)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < 8; i++)
		value |= (uint64_t)fuzz_u8(input) << 8 * i;
	return value;
}

/* Numbers in the input where it holds a table, as a little-endian CPU reads them: the models know nothing of lib/. */
static inline uint32_t u32_at(const uint8_t *p)
{
	uint32_t value;

	__builtin_memcpy(&value, p, sizeof(value));
	return value;
}

static inline uint64_t u64_at(const uint8_t *p)
{
	uint64_t value;

	__builtin_memcpy(&value, p, sizeof(value));
	return value;
}

_Noreturn void fuzz_fail(const char *file, int line, const char *what);

/* What the model says must hold; otherwise libFuzzer keeps the input and the target ends. */
#define REQUIRE(x)                                                                                 \
	do {                                                                                       \
		if (!(x))                                                                          \
			fuzz_fail(__FILE__, __LINE__, #x);                                         \
	} while (0)

/* Counters from 0, the kernel's state as at boot. First call of every target. */
void fuzz_begin(void);

extern uint64_t fuzz_steps;	   /* basic blocks of the kernel's source since fuzz_begin() */
extern unsigned int fuzz_messages; /* lines that would have been printed */
extern char fuzz_message[512];	   /* the last of them */
extern unsigned int fuzz_reports;  /* of misuse, since the program began */

/* Firmware that lies in every entry must not keep the console busy for minutes: no more lines than this. */
#define FUZZ_MAX_MESSAGES 100
