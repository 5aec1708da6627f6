/* SPDX-License-Identifier: MIT */
/*
 * io_copy_test.c - copies from and to device memory, at every offset; RAM plays the device.
 */
#include <mm/io.h>

#include <lib/ktest.h>

#define ROOM  64
#define GUARD 0xee

static uint8_t device[ROOM] __aligned(8), memory[ROOM] __aligned(8);

static void prepare(void)
{
	memset(device, GUARD, sizeof(device));
	for (unsigned int i = 0; i < ROOM; i++)
		memory[i] = (uint8_t)(i + 1);
}

/* [at, at + size) of the device is as `expected`, and nothing beside it has changed. */
static bool is_exactly(size_t at, const uint8_t *expected, size_t size)
{
	return !memcmp(device + at, expected, size) && !memchr_inv(device, GUARD, at) &&
	       !memchr_inv(device + at + size, GUARD, ROOM - at - size);
}

KTEST(io_copy, bytes_reach_the_device_at_every_offset_and_none_beside_them)
{
	for (size_t at = 0; at < 9; at++)
		for (size_t from = 0; from < 9; from++)
			for (size_t size = 0; size <= 40; size++) {
				prepare();
				memcpy_toio(device + at, memory + from, size);
				EXPECT_TRUE(is_exactly(at, memory + from, size));
			}
}

KTEST(io_copy, bytes_come_from_the_device_at_every_offset)
{
	for (size_t at = 0; at < 9; at++)
		for (size_t to = 0; to < 9; to++)
			for (size_t size = 0; size <= 40; size++) {
				prepare();
				/* The names are the wrong way round: `memory` plays the device. */
				memcpy_fromio(device + to, memory + at, size);
				EXPECT_TRUE(is_exactly(to, memory + at, size));
			}
}

KTEST(io_copy, a_range_of_the_device_is_set_to_one_byte)
{
	static uint8_t expected[ROOM];

	memset(expected, 0x85, sizeof(expected));
	for (size_t at = 0; at < 9; at++)
		for (size_t size = 0; size <= 40; size++) {
			prepare();
			memset_io(device + at, 0x1285, size);
			EXPECT_TRUE(is_exactly(at, expected, size));
		}
}

KTEST(io_copy, accessors_of_each_width_write_and_read_that_width)
{
	memset(device, 0, sizeof(device));
	writeb(0x11, device);
	writew(0x2233, device + 2);
	writel(0x44556677, device + 4);
	writeq(0x8899aabbccddeeffUL, device + 8);
	EXPECT_EQ(readb(device), 0x11);
	EXPECT_EQ(readb(device + 1), 0);
	EXPECT_EQ(readw(device + 2), 0x2233);
	EXPECT_EQ(readl(device + 4), 0x44556677);
	EXPECT_EQ(readq(device + 8), 0x8899aabbccddeeffUL);
	EXPECT_EQ(readq_relaxed(device + 16), 0);
	writel_relaxed(~0U, device + 16);
	EXPECT_EQ(readq_relaxed(device + 16), 0xffffffff);
	writew_relaxed(0x1234, device + 24);
	writeb_relaxed(0x56, device + 24);
	EXPECT_EQ(readw_relaxed(device + 24), 0x1256);
	EXPECT_EQ(readb_relaxed(device + 25), 0x12);
	writeq_relaxed(1, device + 32);
	EXPECT_EQ(readl_relaxed(device + 32), 1);
}
