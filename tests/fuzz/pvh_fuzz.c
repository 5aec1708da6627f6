/* SPDX-License-Identifier: MIT */
/*
 * pvh_fuzz.c - fault-B23: any start info, map and module of a PVH loader, against a struct laid over the bytes.
 *
 *	input	{ which 1 } bytes
 */
#include "fuzz.h"

#include <lib/errno.h>
#include <lib/firmware/pvh.h>
#include <string.h>

struct __packed start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modules, command_line, rsdp, map;
	uint32_t nr_map, zero;
};

struct __packed map_entry {
	uint64_t start, size;
	uint32_t type, zero;
};

struct __packed module {
	uint64_t start, size, command_line, zero;
};

static struct boot_info info;

static void try_start_info(const uint8_t *data, size_t size)
{
	struct pvh_start_info start = {0};
	struct start_info expected;
	int error = pvh_parse_start_info(data, size, &start);

	REQUIRE(fuzz_steps <= 200);
	if (size < sizeof(expected)) {
		REQUIRE(error == -EINVAL);
		return;
	}
	memcpy(&expected, data, sizeof(expected));
	REQUIRE((error == 0) == (expected.magic == 0x336ec578 && expected.version > 0 &&
				 expected.nr_map <= PVH_MAX_MAP_ENTRIES));
	if (error)
		return;
	REQUIRE(start.version == expected.version && start.nr_map == expected.nr_map);
	REQUIRE(start.nr_modules ==
		(expected.nr_modules <= PVH_MAX_MODULES ? expected.nr_modules : 0));
	REQUIRE(start.modules_pa == expected.modules &&
		start.command_line_pa == expected.command_line);
	REQUIRE(start.rsdp_pa == expected.rsdp && start.map_pa == expected.map);
}

static const enum memory_type types[] = {MEMORY_NONE, MEMORY_USABLE, MEMORY_RESERVED,
					 MEMORY_ACPI, MEMORY_NVS,    MEMORY_UNUSABLE};

static void try_map(const uint8_t *data, size_t size)
{
	unsigned int nr = pvh_parse_map(data, size, &info), kept = 0;

	REQUIRE(nr == size / sizeof(struct map_entry));
	REQUIRE(fuzz_steps <= 100 + 100 * (uint64_t)size);
	if (nr >
	    BOOT_MAX_RANGES -
		    BOOT_ROOM_FOR_USABLE) /* what then becomes of it is map_fuzz.c's business */
		return;
	for (unsigned int i = 0; i < nr; i++) {
		struct map_entry entry;
		enum memory_type type;
		bool lies;

		memcpy(&entry, data + i * sizeof(entry), sizeof(entry));
		type = entry.type < ARRAY_SIZE(types) ? types[entry.type] : MEMORY_RESERVED;
		lies = entry.size > BOOT_RANGE_END || entry.start > BOOT_RANGE_END - entry.size;
		if (type == MEMORY_NONE || entry.size == 0 ||
		    (lies && (type == MEMORY_USABLE || entry.start >= BOOT_RANGE_END)))
			continue;
		REQUIRE(info.map[kept].start == entry.start && info.map[kept].type == type);
		REQUIRE(info.map[kept].end == (lies ? BOOT_RANGE_END : entry.start + entry.size));
		REQUIRE(info.map[kept].firmware_type == entry.type);
		kept++;
	}
	REQUIRE(info.nr_map == kept);
}

static void try_module(const uint8_t *data, size_t size)
{
	int error = pvh_parse_module(data, size, &info);
	struct module module;

	REQUIRE(fuzz_steps <= 100);
	if (size < sizeof(module)) {
		REQUIRE(error == -EINVAL);
		return;
	}
	memcpy(&module, data, sizeof(module));
	REQUIRE((error == 0) == (module.size > 0 && module.start < ~(uint64_t)0 - module.size + 1));
	REQUIRE(info.initrd_end == (error ? 0 : module.start + module.size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	fuzz_begin();
	memset(&info, 0, sizeof(info));
	if (data[0] % 3 == 0)
		try_start_info(data + 1, size - 1);
	else if (data[0] % 3 == 1)
		try_map(data + 1, size - 1);
	else
		try_module(data + 1, size - 1);
	REQUIRE(fuzz_messages <= FUZZ_MAX_MESSAGES);
	return 0;
}
