/* SPDX-License-Identifier: MIT */
/*
 * fdt_format_test.c - blobs that are well-formed, and all the ways not to be.
 */
#include "fdt_builder.h"

#include <lib/errno.h>
#include <lib/firmware/fdt.h>
#include <lib/ktest.h>
#include <lib/printk.h>

static struct boot_info info;
static uint8_t room[4096];
static enum log_level level;

/* What the parser says about bad blobs is expected, and there are thousands. */
static void begin(void)
{
	level = console_get_level();
	console_set_level(LOG_PANIC);
	fdt_build_begin();
}

static void end(void)
{
	console_set_level(level);
}

/*
 *	/			two cells of address, one of size
 *	+- memory@40000000	256 MiB
 *	+- chosen		bootargs, stdout-path
 *	+- soc			ranges
 *	|  +- uart@1000
 *	+- odd@1@2
 */
static uint8_t *small_tree(size_t *size)
{
	fdt_build_begin();
	fdt_build_reserve(0x40000000, 0x1000);
	fdt_build_node("");
	fdt_build_cells("#address-cells", 1, 2);
	fdt_build_cells("#size-cells", 1, 1);
	fdt_build_node("memory@40000000");
	fdt_build_string("device_type", "memory");
	fdt_build_cells("reg", 3, 0, 0x40000000, 0x10000000);
	fdt_build_end_node();
	fdt_build_token(4);
	fdt_build_node("chosen");
	fdt_build_string("bootargs", "quiet");
	fdt_build_string("stdout-path", "/soc/uart@1000:115200n8");
	fdt_build_end_node();
	fdt_build_node("soc");
	fdt_build_cells("#address-cells", 1, 1);
	fdt_build_cells("#size-cells", 1, 1);
	fdt_build_cells("ranges", 4, 0, 0, 0x9000000, 0x100000);
	fdt_build_node("uart@1000");
	fdt_build_string("compatible", "arm,pl011");
	fdt_build_cells("reg", 2, 0x1000, 0x1000);
	fdt_build_end_node();
	fdt_build_end_node();
	fdt_build_node("odd@1@2");
	fdt_build_end_node();
	fdt_build_end_node();
	return fdt_build_finish(size);
}

static int read_all(const uint8_t *blob, size_t size)
{
	struct fdt fdt;

	if (fdt_open(&fdt, blob, size))
		return -EINVAL;
	memset(&info, 0, sizeof(info));
	fdt_read_boot_info(&fdt, &info);
	return 0;
}

KTEST(fdt_format, nodes_and_properties_are_found_by_path)
{
	struct fdt fdt;
	size_t size, length, node, nr = 0;
	uint8_t *blob = small_tree(&size);

	ASSERT_TEST(fdt_open(&fdt, blob, size) == 0);
	EXPECT_EQ(fdt_used_size(blob, size), size);
	for_each_fdt_child(node, &fdt, fdt_root(&fdt)) nr++;
	EXPECT_EQ(nr, 4);
	EXPECT_STREQ(fdt_node_name(&fdt, fdt_find_node(&fdt, "/memory")), "memory@40000000");
	EXPECT_EQ(fdt_find_node(&fdt, "/memory@40000000"), fdt_find_node(&fdt, "/memory"));
	EXPECT_EQ(fdt_find_node(&fdt, "/"), fdt_root(&fdt));
	EXPECT_NE(fdt_find_node(&fdt, "/soc//uart/"), 0);
	EXPECT_EQ(fdt_find_node(&fdt, "/mem"), 0);
	EXPECT_EQ(fdt_find_node(&fdt, "/odd@1"), 0);
	EXPECT_EQ(fdt_find_node(&fdt, "/memory@4"), 0);
	EXPECT_EQ(fdt_find_node(&fdt, "/soc/uart@1000/no"), 0);
	EXPECT_EQ(fdt_find_node(&fdt, "soc"), 0);
	EXPECT_EQ(fdt_find_node(&fdt, ""), 0);
	EXPECT_TRUE(fdt_property(&fdt, "/soc", "ranges", &length) && length == 16);
	EXPECT_FALSE(fdt_property(&fdt, "/soc", "compatible", &length));
	EXPECT_FALSE(fdt_property(&fdt, "/no", "compatible", &length));
}

KTEST(fdt_format, string_lists_are_searched_whole_and_unterminated_ones_refused)
{
	struct fdt fdt;
	size_t size, node;
	uint8_t *blob;

	fdt_build_begin();
	fdt_build_node("");
	fdt_build_bytes("compatible", "one\0two\0three", 14);
	fdt_build_bytes("cut", "one\0tw", 6);
	fdt_build_bytes("empty", "", 0);
	fdt_build_end_node();
	blob = fdt_build_finish(&size);
	ASSERT_TEST(fdt_open(&fdt, blob, size) == 0);
	node = fdt_root(&fdt);
	EXPECT_TRUE(fdt_node_has_string(&fdt, node, "compatible", "one"));
	EXPECT_TRUE(fdt_node_has_string(&fdt, node, "compatible", "three"));
	EXPECT_FALSE(fdt_node_has_string(&fdt, node, "compatible", "thre"));
	EXPECT_FALSE(fdt_node_has_string(&fdt, node, "cut", "tw"));
	EXPECT_FALSE(fdt_node_has_string(&fdt, node, "empty", ""));
	EXPECT_FALSE(fdt_node_string(&fdt, node, "empty"));
	EXPECT_STREQ(fdt_node_string(&fdt, node, "cut"), "one");
	EXPECT_EQ(fdt_node_u32(&fdt, node, "empty", 7), 7);
}

/* fault-B24 */
KTEST(fdt_format, headers_that_cannot_be_true_are_refused)
{
	static const struct {
		enum fdt_build_field field;
		uint32_t value;
	} lies[] = {
		{HEADER_MAGIC, 0xedfe0dd0},
		{HEADER_TOTALSIZE, 0},
		{HEADER_TOTALSIZE, FDT_HEADER_SIZE - 1},
		{HEADER_TOTALSIZE, FDT_MAX_SIZE + 1},
		{HEADER_TOTALSIZE, 0xffff0000},
		{HEADER_VERSION, 1},
		{HEADER_VERSION, 16},
		{HEADER_VERSION, 18},
		{HEADER_LAST_VERSION, 18},
		{HEADER_OFF_STRUCT, 0},
		{HEADER_OFF_STRUCT, 0xfffffffc},
		{HEADER_OFF_STRINGS, 4},
		{HEADER_OFF_STRINGS, 0xffffffff},
		{HEADER_OFF_RESERVE, 0},
		{HEADER_OFF_RESERVE, 44},
		{HEADER_OFF_RESERVE, 0xfffffff8},
		{HEADER_SIZE_STRINGS, 0xffffffff},
		{HEADER_SIZE_STRUCT, 0xffffffff},
		{HEADER_SIZE_STRUCT, 0},
	};
	size_t size;

	begin();
	for (unsigned int i = 0; i < ARRAY_SIZE(lies); i++) {
		uint8_t *blob = small_tree(&size);

		EXPECT_EQ(read_all(blob, size), 0);
		fdt_build_header(lies[i].field, lies[i].value);
		if (read_all(blob, size) == 0)
			ktest_fail(__FILE__, __LINE__, "lie %u was believed", i);
	}
	end();
}

/* fault-B24 */
KTEST(fdt_format, blocks_that_overlap_or_are_not_aligned_are_refused)
{
	size_t size;
	uint8_t *blob;
	uint32_t structure;

	begin();
	blob = small_tree(&size);
	structure = fdt_build_get(HEADER_OFF_STRUCT);
	fdt_build_header(HEADER_OFF_STRUCT, structure + 2);
	fdt_build_header(HEADER_SIZE_STRUCT, fdt_build_get(HEADER_SIZE_STRUCT) - 2);
	EXPECT_EQ(read_all(blob, size), -EINVAL);
	blob = small_tree(&size);
	fdt_build_header(HEADER_OFF_STRINGS, structure + 8);
	EXPECT_EQ(read_all(blob, size), -EINVAL);
	blob = small_tree(&size);
	fdt_build_header(HEADER_OFF_RESERVE, structure);
	EXPECT_EQ(read_all(blob, size), -EINVAL);
	/* The reservations really stand on an odd multiple of four. */
	blob = small_tree(&size);
	memset(room, 0, sizeof(room));
	memcpy(room, blob, FDT_HEADER_SIZE);
	memcpy(room + FDT_HEADER_SIZE + 4, blob + FDT_HEADER_SIZE, size - FDT_HEADER_SIZE);
	for (enum fdt_build_field field = HEADER_TOTALSIZE; field <= HEADER_OFF_RESERVE; field++)
		room[4 * field + 3] += 4;
	EXPECT_EQ(read_all(room, size + 4), -EINVAL);
	end();
}

/* QEMU's header says 1 MiB where the blocks take 8 KiB: what counts is that the blocks are there. */
KTEST(fdt_format, room_behind_the_blocks_need_not_be_readable)
{
	size_t size;
	uint8_t *blob = small_tree(&size);

	fdt_build_header(HEADER_TOTALSIZE, 0x100000);
	EXPECT_EQ(fdt_used_size(blob, size), size);
	EXPECT_EQ(fdt_total_size(blob, size), 0x100000);
	EXPECT_EQ(read_all(blob, size), 0);
}

/* fault-B25 */
static void token_tree(const uint32_t *tokens, unsigned int nr)
{
	fdt_build_begin();
	for (unsigned int i = 0; i < nr; i++)
		fdt_build_token(tokens[i]);
}

#define EXPECT_REFUSED(...)                                                                        \
	do {                                                                                       \
		static const uint32_t tokens_[] = {__VA_ARGS__};                                   \
		size_t size_;                                                                      \
		uint8_t *blob_;                                                                    \
		token_tree(tokens_, ARRAY_SIZE(tokens_));                                          \
		blob_ = fdt_build_finish(&size_);                                                  \
		EXPECT_EQ(read_all(blob_, size_), -EINVAL);                                        \
	} while (0)

/* 1 begin (the name is the next word), 2 end, 3 property, 4 nothing, 9 end of tree (one more is put behind) */
KTEST(fdt_format, token_lists_that_make_no_tree_are_refused)
{
	begin();
	EXPECT_REFUSED(4);			      /* no root */
	EXPECT_REFUSED(2);			      /* ends what never began */
	EXPECT_REFUSED(1, 0);			      /* the root never ends */
	EXPECT_REFUSED(1, 0, 2, 1, 0, 2);	      /* two roots */
	EXPECT_REFUSED(1, 0, 2, 2);		      /* one end too many */
	EXPECT_REFUSED(1, 0, 7, 2);		      /* a token nobody knows */
	EXPECT_REFUSED(1, 0, 1, 0x61000000, 9, 2, 2); /* the tree ends in a node */
	EXPECT_REFUSED(3, 0, 0, 1, 0, 2);	      /* a property of nobody */
	EXPECT_REFUSED(1, 0, 3, 0, 0, 2);	   /* its name lies outside: there are no strings */
	EXPECT_REFUSED(1, 0, 3, 0xffffffff, 0, 2); /* its value does */
	EXPECT_REFUSED(1, 0, 3, 0xfffffffc, 0, 2);
	EXPECT_REFUSED(1, 0, 3, 0, 0xffffffff, 2);
	end();
}

KTEST(fdt_format, a_property_behind_a_child_is_refused)
{
	size_t size;
	uint8_t *blob;

	begin();
	fdt_build_node("");
	fdt_build_node("child");
	fdt_build_end_node();
	fdt_build_string("late", "yes");
	fdt_build_end_node();
	blob = fdt_build_finish(&size);
	EXPECT_EQ(read_all(blob, size), -EINVAL);
	end();
}

/* fault-B25 */
KTEST(fdt_format, names_and_reservations_without_an_end_are_refused)
{
	size_t size, offset;
	uint8_t *blob;

	begin();
	/* The last string loses its NUL: a name there would run on. */
	blob = small_tree(&size);
	blob[size - 1] = 'x';
	EXPECT_EQ(read_all(blob, size), -EINVAL);

	/* A node's name fills the structure block to its end. */
	fdt_build_begin();
	fdt_build_node("");
	fdt_build_end_node();
	blob = fdt_build_finish(&size);
	offset = fdt_build_get(HEADER_OFF_STRUCT);
	memset(blob + offset + 4, 'x', size - offset - 4);
	EXPECT_EQ(read_all(blob, size), -EINVAL);

	/* No pair of zeros between the reservations and the structure. */
	blob = small_tree(&size);
	memset(blob + FDT_HEADER_SIZE + 16, 1, 16);
	EXPECT_EQ(read_all(blob, size), -EINVAL);
	end();
}

/* fault-B25: what lies deeper than FDT_MAX_DEPTH is walked over and never found. */
KTEST(fdt_format, a_very_deep_tree_is_walked_without_recursion)
{
	struct fdt fdt;
	size_t size;
	uint8_t *blob;

	begin();
	fdt_build_node("");
	for (int i = 0; i < 600; i++)
		fdt_build_node("n");
	for (int i = 0; i < 601; i++)
		fdt_build_end_node();
	blob = fdt_build_finish(&size);
	ASSERT_TEST(fdt_open(&fdt, blob, size) == 0);
	EXPECT_EQ(read_all(blob, size), 0);
	EXPECT_NE(fdt_find_node(&fdt, "/n/n/n/n/n/n/n/n/n/n/n/n/n/n/n"), 0);
	EXPECT_EQ(fdt_find_node(&fdt, "/n/n/n/n/n/n/n/n/n/n/n/n/n/n/n/n"), 0);
	end();
}

/* Under AddressSanitizer a read beyond the array's end is an error; everywhere it must end. */
KTEST(fdt_format, a_tree_cut_off_at_any_byte_is_refused)
{
	size_t size;
	uint8_t *blob;

	begin();
	blob = small_tree(&size);
	ASSERT_TEST(size <= sizeof(room));
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *at = room + sizeof(room) - cut;

		memcpy(at, blob, cut);
		EXPECT_EQ(read_all(at, cut), -EINVAL);
	}
	end();
}

/* Each byte takes three other values: whatever comes out, nothing is read outside and it ends. */
KTEST(fdt_format, a_tree_with_any_byte_changed_is_survived)
{
	static const uint8_t flips[] = {0xff, 0x80, 0x01};
	size_t size;
	uint8_t *blob;

	begin();
	blob = small_tree(&size);
	for (size_t at = 0; at < size; at++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(flips); i++) {
			blob[at] ^= flips[i];
			read_all(blob, size);
			EXPECT_LE(info.nr_map, BOOT_MAX_RANGES);
			blob[at] ^= flips[i];
		}
	}
	EXPECT_EQ(read_all(blob, size), 0);
	EXPECT_EQ(info.nr_map, 1);
	end();
}
