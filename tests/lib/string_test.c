/* SPDX-License-Identifier: MIT */
/* string_test.c - memory, strings, numbers, bitmaps. */
#include <lib/bits.h>
#include <lib/errno.h>
#include <lib/ktest.h>
#include <lib/string.h>

/* Every length and alignment up to 24 against a byte loop. */
KTEST(string, memcpy_and_memset_are_right_at_every_alignment)
{
	static char from[64], to[64];

	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (char)(i + 1);
	for (size_t offset = 0; offset < 8; offset++)
		for (size_t length = 0; length < 24; length++) {
			memset(to, 0, sizeof(to));
			memcpy(to + 8 + offset, from + offset, length);
			for (size_t i = 0; i < sizeof(to); i++) {
				bool inside = i >= 8 + offset && i < 8 + offset + length;

				EXPECT_EQ(to[i], inside ? from[i - 8] : 0);
			}
			memset(to + 8 + offset, 0x5a, length);
			EXPECT_TRUE(memchr_inv(to + 8 + offset, 0x5a, length) == NULL);
			EXPECT_EQ(to[7 + offset], 0);
			EXPECT_EQ(to[8 + offset + length], 0);
		}
}

KTEST(string, memmove_copies_overlapping_bytes_either_way)
{
	char text[] = "0123456789";

	memmove(text + 2, text, 6);
	EXPECT_STREQ(text, "0101234589");
	memmove(text, text + 2, 6);
	EXPECT_STREQ(text, "0123454589");
}

KTEST(string, strscpy_terminates_and_says_when_it_cut)
{
	char small[4];

	EXPECT_EQ(strscpy(small, "abc", sizeof(small)), 3);
	EXPECT_EQ(strscpy(small, "abcd", sizeof(small)), -E2BIG);
	EXPECT_STREQ(small, "abc");
	EXPECT_EQ(strscpy(small, "x", 0), -E2BIG);
}

KTEST(string, searches_find_the_first_the_last_and_nothing)
{
	const char *text = "path/to/file";

	EXPECT_TRUE(strchr(text, '/') == text + 4);
	EXPECT_TRUE(strrchr(text, '/') == text + 7);
	EXPECT_TRUE(strstr(text, "to") == text + 5);
	EXPECT_TRUE(strstr(text, "too") == NULL);
	EXPECT_TRUE(strchr(text, 'z') == NULL);
	EXPECT_LT(strcmp("abc", "abd"), 0);
	EXPECT_EQ(strncmp("abc", "abd", 2), 0);
	EXPECT_TRUE(memchr_inv("aaab", 'a', 4) != NULL);
}

KTEST(string, kstrtoull_takes_the_whole_string_or_nothing)
{
	unsigned long long value = 7;

	EXPECT_EQ(kstrtoull("", 0, &value), -EINVAL);
	EXPECT_EQ(kstrtoull("12x", 0, &value), -EINVAL);
	EXPECT_EQ(kstrtoull("0x", 0, &value), -EINVAL);
	EXPECT_EQ(kstrtoull("-1", 0, &value), -EINVAL);
	EXPECT_EQ(kstrtoull("18446744073709551616", 0, &value), -ERANGE);
	EXPECT_EQ(value, 7);
	EXPECT_EQ(kstrtoull("18446744073709551615", 0, &value), 0);
	EXPECT_TRUE(value == ~0ULL);
	EXPECT_EQ(kstrtoull("0x1F", 0, &value), 0);
	EXPECT_EQ(value, 31);
	EXPECT_EQ(kstrtoull("017", 0, &value), 0);
	EXPECT_EQ(value, 15);
}

KTEST(string, memparse_knows_suffixes_and_saturates)
{
	const char *end;

	EXPECT_EQ(memparse("64M", &end), 64 * MiB);
	EXPECT_EQ(*end, '\0');
	EXPECT_EQ(memparse("2g,", &end), 2 * GiB);
	EXPECT_EQ(*end, ',');
	EXPECT_EQ(memparse("0x10k", &end), 16 * KiB);
	EXPECT_TRUE(memparse("99999999999999999999", &end) == ~0ULL);
	EXPECT_TRUE(memparse("16E", &end) == ~0ULL);
	EXPECT_EQ(memparse("1 M", &end), 1);
	EXPECT_STREQ(end, " M");
	EXPECT_EQ(memparse("M", &end), 0);
	EXPECT_EQ(*end, 'M');
}

/* Random runs in a bitmap of 200 bits against an array of bool. */
KTEST(bits, runs_agree_with_a_flat_array)
{
	unsigned long map[BITS_TO_LONGS(200)] = {0};
	bool model[200] = {false};
	unsigned long seed = 1;

	for (int step = 0; step < 300; step++) {
		unsigned long start, count, weight = 0, next = 200, next_zero = 200;

		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		start = (seed >> 33) % 200;
		count = (seed >> 45) % (201 - start);
		if (seed >> 63)
			bitmap_set(map, start, count);
		else
			bitmap_clear(map, start, count);
		for (unsigned long i = start; i < start + count; i++)
			model[i] = seed >> 63;
		for (unsigned long i = 200; i-- > 0;) {
			weight += model[i];
			if (i >= start && model[i])
				next = i;
			if (i >= start && !model[i])
				next_zero = i;
		}
		EXPECT_EQ(bitmap_weight(map, 200), weight);
		EXPECT_EQ(find_next_bit(map, 200, start), next);
		EXPECT_EQ(find_next_zero_bit(map, 200, start), next_zero);
	}
}

KTEST(bits, powers_of_two)
{
	EXPECT_EQ(ilog2(1), 0);
	EXPECT_EQ(ilog2(4095), 11);
	EXPECT_EQ(roundup_pow_of_two(1), 1);
	EXPECT_EQ(roundup_pow_of_two(4097), 8192);
	EXPECT_FALSE(is_power_of_2(0));
	EXPECT_TRUE(is_power_of_2(1UL << 63));
	EXPECT_FALSE(is_power_of_2(12));
}
