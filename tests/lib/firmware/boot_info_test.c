/* SPDX-License-Identifier: MIT */
/*
 * boot_info_test.c - lists of fixed size lose usable memory, never a reservation.
 */
#include <lib/ktest.h>

#include <lib/errno.h>
#include <lib/firmware/boot_info.h>
#include "firmware_test.h"

static int add(phys_addr_t start, phys_addr_t size, enum memory_type type)
{
	return boot_info_add_range(&info, start, size, type, SOURCE_PVH, 0);
}

/* Is the byte covered by an entry that is not usable? */
static bool kept(phys_addr_t pa)
{
	for (unsigned int i = 0; i < info.nr_map; i++)
		if (info.map[i].type != MEMORY_USABLE && info.map[i].start <= pa &&
		    pa < info.map[i].end)
			return true;
	return false;
}

static unsigned int usable_entries(void)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < info.nr_map; i++)
		nr += info.map[i].type == MEMORY_USABLE;
	return nr;
}

/* fault-B9 */
KTEST(boot_info, an_entry_that_wraps_is_dropped_alone_if_usable_and_clipped_if_not)
{
	begin();
	EXPECT_EQ(add(0x1000, ~0ULL, MEMORY_USABLE), -EINVAL);
	EXPECT_EQ(add(0xffffffffffff0000, 0x20000, MEMORY_RESERVED), 0);
	EXPECT_EQ(add(0x100000, 0x100000, MEMORY_USABLE), 0);
	EXPECT_EQ(info.nr_map, 2);
	EXPECT_EQ(info.map[0].end, BOOT_RANGE_END);
	EXPECT_EQ(info.map[1].start, 0x100000);
	EXPECT_EQ(info.dropped, 1);
	/* Ending exactly at 2^64 is no lie. */
	EXPECT_EQ(add(0xffffffff00000000, 0x100000000, MEMORY_RESERVED), 0);
	EXPECT_EQ(info.map[2].end, BOOT_RANGE_END);
	end();
}

/* fault-B8 */
KTEST(boot_info, empty_entries_leave_no_trace)
{
	begin();
	EXPECT_EQ(add(0x1000, 0, MEMORY_USABLE), 0);
	EXPECT_EQ(add(0x1000, 0x1000, MEMORY_NONE), 0);
	EXPECT_EQ(info.nr_map, 0);
	EXPECT_EQ(info.dropped, 0);
	end();
}

/* fault-B14 */
KTEST(boot_info, a_full_list_gives_up_its_smallest_usable_entry_for_a_reservation)
{
	begin();
	for (unsigned int i = 0; i < BOOT_MAX_RANGES; i++)
		add(i * 0x100000, i == 99 ? 0x1000 : 0x2000, MEMORY_USABLE);
	EXPECT_EQ(add(0x9000000000, 0x1000, MEMORY_RESERVED), -ENOSPC);
	EXPECT_EQ(info.map[99].start, 0x9000000000);
	EXPECT_EQ(add(0xa000000000, 0x1000, MEMORY_USABLE), -ENOSPC);
	EXPECT_EQ(info.nr_map, BOOT_MAX_RANGES);
	EXPECT_EQ(info.dropped, 2);
	end();
}

/* fault-B14: as many entries as firmware cares to give; each reserved byte stays reserved. */
KTEST(boot_info, thousands_of_entries_lose_no_reservation)
{
	const unsigned int nr = 20000;

	begin();
	for (unsigned int i = 0; i < nr; i++)
		add(i * 0x2000ULL, 0x1000, i % 2 ? MEMORY_RESERVED : MEMORY_USABLE);
	EXPECT_EQ(info.nr_map, BOOT_MAX_RANGES);
	EXPECT_EQ(usable_entries(), BOOT_ROOM_FOR_USABLE);
	EXPECT_GE(info.dropped, nr / 2);
	for (unsigned int i = 1; i < nr; i += 2)
		if (!kept(i * 0x2000ULL))
			EXPECT_EQ(i, 0);
	end();
}

/* fault-B14: where RAM is named last, and where the new reservation lies far from all others. */
KTEST(boot_info, reservations_leave_room_for_the_largest_usable_ranges_and_lose_the_smallest_gaps)
{
	begin();
	for (unsigned int i = 0; i < 5000; i++)
		add(0x10000000ULL + i * 0x2000, 0x1000, MEMORY_RESERVED);
	add(0x8000000000, 0x1000, MEMORY_RESERVED);
	EXPECT_EQ(add(0x100000, 0x8000000, MEMORY_USABLE), 0);
	EXPECT_EQ(add(0x4000000000, 0x1000000, MEMORY_USABLE), 0);
	EXPECT_EQ(usable_entries(), 2);
	EXPECT_TRUE(kept(0x10000000 + 4999 * 0x2000));
	EXPECT_TRUE(kept(0x8000000000));
	EXPECT_FALSE(kept(0x4000000000));
	EXPECT_FALSE(kept(0x10000000 + 5000 * 0x2000));
	for (unsigned int i = 0; i < 5000; i++)
		if (!kept(0x10000000ULL + i * 0x2000))
			EXPECT_EQ(i, 0);
	end();
}

KTEST(boot_info, where_two_sources_disagree_it_is_said_and_kept_for_memmap)
{
	begin();
	for (unsigned int i = 0; i < BOOT_MAX_DISPUTES + 3; i++)
		boot_info_dispute(&info, 0x1000, 0x2000, "number %u", i);
	EXPECT_EQ(info.nr_disputes, BOOT_MAX_DISPUTES + 3);
	EXPECT_EQ(info.complaints, BOOT_MAX_DISPUTES + 3);
	EXPECT_EQ(info.dispute[1].end, 0x2000);
	EXPECT_STREQ(info.dispute[BOOT_MAX_DISPUTES - 1].what, "number 15");
	end();
}

KTEST(boot_info, a_reservation_too_many_is_taken_out_of_the_map)
{
	begin();
	for (unsigned int i = 0; i < BOOT_MAX_RESERVATIONS; i++)
		EXPECT_EQ(boot_info_reserve(&info, i * 0x10000, 0x1000, SOURCE_FDT, false, "x"), 0);
	EXPECT_EQ(boot_info_reserve(&info, 0x5000000, 0x1000, SOURCE_FDT, true, "last"), -ENOSPC);
	EXPECT_TRUE(kept(0x5000000));
	EXPECT_EQ(info.dropped, 1);
	end();
}

KTEST(boot_info, reservations_are_clipped_and_their_names_cut)
{
	begin();
	boot_info_reserve(&info, 0xfffffffffffff000, 0x1000, SOURCE_FDT, false, "nowhere");
	boot_info_reserve(&info, 0x1000, 0, SOURCE_FDT, false, "empty");
	EXPECT_EQ(info.nr_reserved, 0);
	boot_info_reserve(&info, 0x1000, ~0ULL, SOURCE_FDT, true,
			  "a-name-that-is-far-too-long-for-the-field@0");
	EXPECT_EQ(info.nr_reserved, 1);
	EXPECT_EQ(info.reserved[0].end, BOOT_RANGE_END);
	EXPECT_TRUE(info.reserved[0].no_map);
	EXPECT_EQ(strlen(info.reserved[0].name), sizeof(info.reserved[0].name) - 1);
	end();
}

KTEST(boot_info, a_cpu_is_listed_once_and_those_beyond_the_table_are_counted)
{
	begin();
	for (unsigned int i = 0; i < NR_CPUS + 3; i++)
		boot_info_add_cpu(&info, &(struct boot_cpu){.hardware_id = i, .enabled = true});
	boot_info_add_cpu(&info, &(struct boot_cpu){.hardware_id = 1});
	EXPECT_EQ(info.nr_cpus, NR_CPUS);
	EXPECT_EQ(info.nr_cpus_unlisted, 3);
	EXPECT_TRUE(info.cpu[1].enabled);
	end();
}

KTEST(boot_info, every_type_and_source_has_a_name)
{
	for (int type = MEMORY_NONE; type <= MEMORY_UNUSABLE; type++)
		EXPECT_TRUE(memory_type_name((enum memory_type)type)[0] != '\0');
	for (int source = SOURCE_NONE; source <= SOURCE_BIOS; source++)
		EXPECT_TRUE(boot_source_name((enum boot_source)source)[0] != '\0');
	EXPECT_STREQ(memory_type_name((enum memory_type)77), "unknown");
	EXPECT_STREQ(boot_source_name((enum boot_source)77), "unknown");
}

static unsigned int lines_seen;

static void count_lines(struct text_sink *sink, const char *text, size_t length)
{
	(void)sink;
	for (size_t i = 0; i < length; i++)
		lines_seen += text[i] == '\n';
}

static unsigned int lines_in_log(void)
{
	struct text_sink sink = {.emit = count_lines};

	lines_seen = 0;
	printk_dump(&sink, 0);
	return lines_seen;
}

/* fault-B9 fault-B14: at 115200 bits a second 20,000 lines of a hundred characters take three minutes. */
KTEST(boot_info, firmware_that_is_wrong_everywhere_does_not_fill_the_log)
{
	unsigned int before;

	begin();
	before = lines_in_log();
	for (unsigned int i = 0; i < 20000; i++)
		add(0xfffffffffff00000, 0x200000, MEMORY_USABLE);
	EXPECT_EQ(info.complaints, 20000);
	EXPECT_EQ(info.dropped, 20000);
	EXPECT_LE(lines_in_log(), before + BOOT_MAX_COMPLAINTS + 1);
	end();
}
