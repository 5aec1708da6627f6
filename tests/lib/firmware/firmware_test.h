/* SPDX-License-Identifier: MIT */
/*
 * firmware_test.h - what the tests of firmware's readers share: an empty boot_info, silence, and bytes as firmware lays them.
 *
 *	begin();
 *	put(table + 4, size, 4);
 *	seal(table, size, 9);
 *	EXPECT_EQ(acpi_parse_madt(table, size, &info), 0);
 *	end();
 *
 * Each file that includes it has an `info` of its own.
 */
#pragma once

#include <lib/firmware/boot_info.h>
#include <lib/printk.h>
#include <lib/string.h>

static struct boot_info info;
static enum log_level level_before;

/* Nothing on the console until end(): the messages are expected, thousands of them. */
static inline void silence(void)
{
	level_before = console_get_level();
	console_set_level(LOG_PANIC);
}

/* Silence, and nothing is known yet. */
static inline void begin(void)
{
	memset(&info, 0, sizeof(info));
	silence();
}

static inline void end(void)
{
	console_set_level(level_before);
}

/* The lowest `bytes` bytes of the value, little-endian. */
static inline void put(uint8_t *at, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/* Make the sum of `size` bytes zero through the byte at `at`. */
static inline void seal(uint8_t *bytes, size_t size, size_t at)
{
	uint8_t sum = 0;

	bytes[at] = 0;
	for (size_t i = 0; i < size; i++)
		sum += bytes[i];
	bytes[at] = (uint8_t)-sum;
}
