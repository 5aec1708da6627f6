/* SPDX-License-Identifier: MIT */
/*
 * mm/early.h - the early floor as the floors above see it.
 */
#pragma once

#include <lib/firmware/boot_info.h>

struct memory_map;

/*
 * From the firmware's map to memblock: sanitise, clip at what the CPU and struct page can reach, reserve page 0, on x86 the low
 * megabyte, and all boot data, before the first allocation. With no usable memory it says why and
 * halts with HALT_NO_MEMORY. Obeys mem= and highmem= on the command line. `boot` is kept, not copied.
 */
void early_init(const struct boot_info *boot);

/* RAM from here up is not in the direct map (highmem=SIZE); at most arch_direct_map_end(). A multiple of 4 MiB, or that end. */
phys_addr_t early_high_memory_start(void);

/*
 * Low memory for what is large or not worth zeroing (struct pages, table pages): NOT zeroed; `align` a power
 * of two, 0 is a cache line. Before bootmem_init() from memblock, then from memblock's rest outside
 * the bitmaps' spans, at last from bootmem. 0 when there is none. A CHECK once early is closed.
 */
phys_addr_t early_alloc_phys(size_t size, size_t align);

/*
 * The highest free low memory of `size` bytes, kept for ever and shown by `memmap` with the reason; 0 when there is none. Asked for
 * first after early_init(), the same firmware and command line give the same place with every boot.
 */
phys_addr_t early_keep(size_t size, const char *why);

/*
 * The next free range of whole pages, in [start_pfn, end_pfn), nid its node; false behind the last. *cursor starts
 * at 0. In order of address; high memory too; no range spans two nodes, a reservation or a NOMAP region. The
 * buddy pulls these, and takes nothing early in between.
 */
bool early_next_free_range(unsigned long *cursor, unsigned long *start_pfn, unsigned long *end_pfn,
			   int *nid);

/*
 * From the first call on early allocation is a CHECK. Each call yields one range that early itself stood on
 * (bitmaps); false when there is none left. memblock's arrays stay: they answer "is this RAM?" for ever.
 */
bool early_close(unsigned long *start_pfn, unsigned long *end_pfn);
bool early_is_closed(void);

/* What cma= and swiotlb= ask for, clamped to what there is; 0 is not given. Whoever builds the pools asks here. */
struct early_dma {
	uint64_t cma;			   /* bytes */
	uint64_t swiotlb;		   /* bytes */
	uint64_t cma_asked, swiotlb_asked; /* before they were clamped */
	bool swiotlb_force;		   /* bounce even where the device reaches */
};
const struct early_dma *early_dma(void);

/* For `memmap` and /proc/iomem: what the firmware said, and its map sanitised. */
const struct boot_info *early_boot_info(void);
const struct memory_map *early_memory_map(void);

/* What became of a range that is not simply usable or not, and why. */
enum early_fate {
	EARLY_ADDED,	/* RAM although the firmware does not say so */
	EARLY_DROPPED,	/* not RAM for us although the firmware says so */
	EARLY_RESERVED, /* RAM that is never handed out */
	EARLY_NO_MAP,	/* reserved, and not in the direct map either */
	EARLY_HIGH,	/* RAM outside the direct map */
	EARLY_KEPT,	/* ACPI's: RAM to the machine, none to us */
};

struct early_decision {
	phys_addr_t start, end;
	enum early_fate fate;
	const char *why; /* "mem= on the command line", "device tree", a reservation's name */
	enum boot_source source; /* whose word it was; SOURCE_NONE: `why` says so itself */
};

/* In the order in which they were made; *index starts at 0; false behind the last. */
bool early_next_decision(unsigned int *index, struct early_decision *decision);
const char *early_fate_name(enum early_fate fate);
