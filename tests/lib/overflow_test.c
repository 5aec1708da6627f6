/* SPDX-License-Identifier: MIT */
/*
 * overflow_test.c - sizes that do not fit stay too large.
 */
#include <lib/overflow.h>

#include <lib/ktest.h>

struct table {
	unsigned long nr;
	uint32_t entry[];
};

/* sem-K4 */
KTEST(overflow, sums_and_products_saturate_and_stay_saturated)
{
	volatile size_t half = SIZE_MAX / 2, root = 1UL << 32;

	EXPECT_EQ(size_mul(3, 5), 15);
	EXPECT_EQ(size_mul(root, root), SIZE_MAX);
	EXPECT_EQ(size_mul(half, 3), SIZE_MAX);
	EXPECT_EQ(size_mul(0, SIZE_MAX), 0);
	EXPECT_EQ(size_add(half, half), SIZE_MAX - 1);
	EXPECT_EQ(size_add(half, half + 3), SIZE_MAX);
	EXPECT_EQ(size_add(size_mul(root, root), 8), SIZE_MAX);
	EXPECT_EQ(size_sub(8, 3), 5);
	EXPECT_EQ(size_sub(3, 8), SIZE_MAX);
	EXPECT_EQ(size_sub(SIZE_MAX, 8), SIZE_MAX);
	EXPECT_EQ(array_size(half, 4), SIZE_MAX);
	EXPECT_EQ(array3_size(1UL << 22, 1UL << 22, 1UL << 22), SIZE_MAX);
	EXPECT_EQ(array3_size(2, 3, 4), 24);
}

/* sem-K4, fault-S2 */
KTEST(overflow, a_structure_with_too_many_entries_has_no_size)
{
	struct table *table = NULL;
	volatile size_t many = SIZE_MAX / 4;

	EXPECT_EQ(struct_size(table, entry, 0), sizeof(struct table));
	EXPECT_EQ(struct_size(table, entry, 10), sizeof(struct table) + 40);
	EXPECT_EQ(struct_size(table, entry, many), SIZE_MAX);
	EXPECT_EQ(struct_size(table, entry, many + 1), SIZE_MAX);
	EXPECT_EQ(flex_array_size(table, entry, 3), 12);
}

KTEST(overflow, a_secret_is_wiped)
{
	char secret[16] = "swordfish";

	memzero_explicit(secret, sizeof(secret));
	EXPECT_EQ(memchr_inv(secret, 0, sizeof(secret)), NULL);
}
