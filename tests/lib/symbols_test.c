/* SPDX-License-Identifier: MIT */
/* symbols_test.c - every byte of the image has the name of the last symbol at or before it, and the sizes join up. */
#include <lib/ktest.h>

#include <lib/string.h>
#include <lib/symbols.h>

struct walk {
	uintptr_t before, end; /* the symbol that was looked up last */
	unsigned int nr, wrong;
};

static bool is_found(uintptr_t address, uintptr_t start, size_t size)
{
	size_t found_size = 0, offset = 0;

	return symbol_lookup(address, &found_size, &offset) && found_size == size &&
	       offset == address - start;
}

static bool look_it_up(uintptr_t address, char type, const char *name, void *context)
{
	struct walk *walk = context;
	size_t size = 0, offset = 1;

	(void)type;
	(void)name;
	/* A symbol at the image's very end names no byte. */
	if (!symbol_lookup(address, &size, &offset))
		return true;
	walk->nr++;
	walk->wrong += offset != 0 || size == 0 || address < walk->before;
	if (walk->end && address != walk->before)
		walk->wrong += address != walk->end;
	walk->wrong += !is_found(address + size - 1, address, size);
	walk->before = address;
	walk->end = address + size;
	return true;
}

KTEST(symbols, sizes_join_up)
{
	struct walk walk = {0};

	symbol_for_each(look_it_up, &walk);
	EXPECT_GT(walk.nr, 100);
	EXPECT_EQ(walk.wrong, 0);
}

KTEST(symbols, a_pointer_is_printed_with_offset_and_size)
{
	char text[160], expected[160];
	size_t size, offset;
	uintptr_t inside = (uintptr_t)symbol_lookup + 1;

	ASSERT_TEST(symbol_lookup(inside, &size, &offset));
	EXPECT_EQ(offset, 1);
	EXPECT_GT(size, 1);
	snprintf(expected, sizeof(expected), "symbol_lookup+0x1/0x%zx", size);
	snprintf(text, sizeof(text), "%pS", (void *)inside);
	EXPECT_STREQ(text, expected);
	snprintf(text, sizeof(text), "%pB", (void *)inside);
	EXPECT_STREQ(text, expected);
	EXPECT_EQ(symbol_address("symbol_lookup"), inside - 1);
}
