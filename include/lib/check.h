/* SPDX-License-Identifier: MIT */
/*
 * lib/check.h - three costs of assertion, and the end of the road.
 *
 *	CHECK(x)		always: x false would corrupt memory
 *	CHECK(x, "fmt", ...)	the same, with the values
 *	ASSERT(x [, "fmt"...])	debug builds and all hosted tests: cheap
 *	ASSERT_SLOW(x)		paranoid builds: x may walk lists
 *
 * None is for input from outside: that is refused with a message.
 */
#pragma once

#include <config.h>
#include <lib/types.h>

/*
 * Says what is broken, with registers where a trap brought us here, the call
 * stack with symbols and the last lines of the log; stops the machine with HALT_PANIC. Allocates
 * nothing; a panic inside panic() halts at once. Any context.
 */
_Noreturn void panic(const char *format, ...) __printf(1, 2);

/* The same, on behalf of a trap whose frame is known. */
struct trap_frame;
_Noreturn void panic_at(const struct trap_frame *frame, const char *format, ...) __printf(2, 3);

/*
 * For tests of panics: a panic whose message contains `text` halts with HALT_OK after saying
 * so; any other still halts with HALT_PANIC.
 */
void panic_expect(const char *text);

/* Stops for ever when another CPU has panicked, else does nothing. For places where every CPU comes by. Any context. */
void panic_stop_here(void);

/* Has any CPU panicked? What is half done then is nobody's fault. */
bool panic_is_under_way(void);

_Noreturn void check_failed(const char *file, int line, const char *expression, const char *format,
			    ...) __printf(4, 5);

#define CHECK(x, ...)                                                                              \
	do {                                                                                       \
		if (unlikely(!(x)))                                                                \
			check_failed(__FILE__, __LINE__, #x, "" __VA_ARGS__);                      \
	} while (0)

#define ASSERT(x, ...)                                                                             \
	do {                                                                                       \
		if (CONFIG_DEBUG)                                                                  \
			CHECK(x, __VA_ARGS__);                                                     \
	} while (0)

#define ASSERT_SLOW(x, ...)                                                                        \
	do {                                                                                       \
		if (CONFIG_PARANOID)                                                               \
			CHECK(x, __VA_ARGS__);                                                     \
	} while (0)
