/* SPDX-License-Identifier: MIT */
/*
 * firmware/boot_info.h - what the firmware said, in one form for all of them.
 *
 * The parsers fill it; early memory is built from it; `memmap` prints it. It is
 * static, holds no pointers into firmware memory, and says where each thing came
 * from. What does not fit is counted in `dropped`, never forgotten in silence.
 */
#pragma once

#include <config.h>
#include <lib/firmware/boot_nodes.h>
#include <lib/types.h>

#define BOOT_MAX_RANGES 512 /* pieces of the firmware's map, and of the sanitised one */
#define BOOT_ROOM_FOR_USABLE                                                                       \
	16 /* of them that no reservation can take: the largest usable ranges stay */
#define BOOT_MAX_RESERVATIONS 64 /* image, initrd, tables, device tree, ... */
#define BOOT_MAX_COMPLAINTS   32 /* lines about what is wrong, before the rest is only counted */
#define BOOT_MAX_DISPUTES                                                                          \
	16		    /* ranges of which two sources say different things; more are counted */
#define BOOT_MAX_PORTS	  4 /* serial ports that have a number */
#define BOOT_MAX_IO_APICS 16
#define BOOT_MAX_ECAMS	  8

/*
 * Ranges end here at the latest. No CPU forms an address in the last page of
 * 2^64, and without it `end` never wraps to 0, not even when it is rounded up.
 */
#define BOOT_RANGE_END (~(phys_addr_t)0xfff)

enum boot_protocol { BOOT_NONE, BOOT_PVH, BOOT_MULTIBOOT2, BOOT_FDT, BOOT_HOSTED };

/* What a byte of memory is, in rising severity: where two entries overlap the greater wins. */
enum memory_type {
	MEMORY_NONE = 0, /* nothing is there */
	MEMORY_USABLE = 1,
	MEMORY_ACPI = 2,     /* ACPI tables; RAM, reclaimable once they are read */
	MEMORY_NVS = 3,	     /* ACPI's own, kept for ever */
	MEMORY_RESERVED = 4, /* also every type we do not know */
	MEMORY_UNUSABLE = 5, /* reported broken */
};

/* Where an entry was read. */
enum boot_source {
	SOURCE_NONE,
	SOURCE_PVH,		/* PVH memory map, start info */
	SOURCE_E820,		/* multiboot2 memory map */
	SOURCE_EFI,		/* EFI memory map */
	SOURCE_FDT,		/* /memory, /chosen */
	SOURCE_MEMRESERVE,	/* /memreserve/ */
	SOURCE_RESERVED_MEMORY, /* /reserved-memory */
	SOURCE_ACPI,
	SOURCE_COMMAND_LINE,
	SOURCE_KERNEL, /* the kernel's own decision */
	SOURCE_HOSTED,
	SOURCE_BIOS,	   /* the BIOS data area of a PC */
	SOURCE_MULTIBOOT2, /* anything else that a multiboot2 loader says */
	SOURCE_MAILBOX,	   /* a Raspberry Pi's graphics processor */
};

struct boot_range {
	phys_addr_t start, end; /* [start, end), end at most BOOT_RANGE_END */
	enum memory_type type;
	enum boot_source source;
	uint32_t firmware_type; /* the number that the firmware gave */
};

struct boot_reservation {
	phys_addr_t start, end;
	enum boot_source source;
	bool no_map;   /* must not be in the direct map either */
	char name[24]; /* "kernel image", "initrd", "device tree", a node's name */
};

/* Two sources disagree about a range, and the safe one was believed. */
struct boot_dispute {
	phys_addr_t start, end;
	char what[72];
};

enum uart_type { UART_NONE, UART_16550, UART_PL011, UART_MINI /* the Raspberry Pi's second */ };

struct boot_uart {
	enum uart_type type;
	bool is_port; /* base is an x86 I/O port, else physical memory */
	phys_addr_t base;
	unsigned int reg_shift; /* registers are 2^shift bytes apart */
	unsigned int reg_width; /* bytes an access: 1, 2 or 4 */
	enum boot_source source;
};

/* How a CPU that waits is made to run. */
enum boot_cpu_method { CPU_METHOD_NONE, CPU_METHOD_APIC, CPU_METHOD_PSCI, CPU_METHOD_SPIN_TABLE };

struct boot_cpu {
	uint64_t hardware_id; /* APIC id or MPIDR */
	int node;	      /* a parser gives the firmware's number, or BOOT_NO_NODE */
	bool enabled; /* false: present, but the firmware wants it left alone or plugged first */
	enum boot_cpu_method method;
	phys_addr_t release_pa; /* spin table: the word that it polls */
};

/* What brings interrupts to the CPUs. Only found and named here. */
struct boot_interrupts {
	enum {
		INTERRUPTS_UNKNOWN,
		INTERRUPTS_APIC,
		INTERRUPTS_GIC_V2,
		INTERRUPTS_GIC_V3,
		INTERRUPTS_BCM2836
	} type;
	phys_addr_t distributor, distributor_size;     /* GIC; of the BCM2836 all that there is */
	phys_addr_t cpu_interface, cpu_interface_size; /* GICv2 */
	phys_addr_t redistributor, redistributor_size; /* GICv3, the first region */
	phys_addr_t its, its_size;		       /* GICv3; size 0: none */
	struct boot_io_apic {
		phys_addr_t base;
		uint32_t first; /* number of its first interrupt */
	} io_apic[BOOT_MAX_IO_APICS];
	unsigned int nr_io_apics;
};

/* Where PCI's configuration space is memory: bus b at base + b MiB. */
struct boot_ecam {
	phys_addr_t base;
	uint16_t segment;
	uint8_t first_bus, last_bus;
};

/* Pixels that the loader or the firmware has set up, in lines of `pitch` bytes. Direct colour only. */
struct boot_framebuffer {
	phys_addr_t base; /* 0: none */
	uint32_t width, height;
	uint32_t pitch; /* bytes from one line to the next */
	uint32_t bits_per_pixel;
	/* The bit at which each colour begins in a pixel: 8 bits wide, but with 16 bits a pixel 5-6-5. */
	uint8_t red_position, green_position, blue_position;
};

/* What the device tree says of the board as a whole. */
struct boot_board {
	char model[48];	      /* "" unknown */
	phys_addr_t mailbox;  /* registers of Broadcom's mailbox; 0: none */
	phys_addr_t watchdog; /* registers of Broadcom's watchdog; 0: none */
	phys_addr_t dma_end; /* first address that a device on some bus cannot reach; 0: not said */
	bool dma_coherent;   /* devices see what the caches hold */
};

struct boot_info {
	enum boot_protocol protocol;
	/* start_info, multiboot2 block or device tree, as the entry code found it */
	phys_addr_t info_pa;
	phys_addr_t image_start, image_end; /* the kernel image, .bss included */
	unsigned int entry_level;	    /* aarch64: the exception level that we entered in */

	char loader[32]; /* what the loader calls itself; "" unknown */
	char command_line[COMMAND_LINE_SIZE];

	struct boot_range map[BOOT_MAX_RANGES]; /* as the firmware gave it, in its order */
	unsigned int nr_map;
	struct boot_reservation reserved[BOOT_MAX_RESERVATIONS];
	unsigned int nr_reserved;
	uint16_t by_start[BOOT_MAX_RANGES]; /* a full map's entries in order of address */
	unsigned int nr_sorted;
	bool said_dropped, said_joined;
	struct boot_dispute dispute[BOOT_MAX_DISPUTES];
	unsigned int nr_disputes; /* counted beyond the list's end */
	unsigned int dropped;	  /* entries that did not fit or made no sense */
	unsigned int complaints;  /* messages about them, printed or not */

	struct boot_cpu cpu[NR_CPUS];
	unsigned int nr_cpus;	       /* listed in cpu[] */
	unsigned int nr_cpus_unlisted; /* more than NR_CPUS */
	struct boot_nodes nodes;
	struct boot_interrupts interrupts;
	struct boot_ecam ecam[BOOT_MAX_ECAMS];
	unsigned int nr_ecams;
	struct boot_uart uart; /* where the console is to be */
	struct boot_uart
		port[BOOT_MAX_PORTS]; /* the ports by their number; UART_NONE: not driven */
	struct boot_board board;
	struct boot_framebuffer framebuffer;

	phys_addr_t initrd_start, initrd_end;	   /* end 0: none */
	phys_addr_t device_tree, device_tree_size; /* size 0: none */
	phys_addr_t rsdp;			   /* 0: none, or only the root is known */
	phys_addr_t acpi_root;			   /* RSDT or XSDT; 0: to be read from the RSDP */
	unsigned int acpi_root_entry_size;	   /* 4: RSDT, 8: XSDT */
	phys_addr_t local_apic;			   /* 0: none */
	phys_addr_t fw_cfg; /* registers of QEMU's configuration device; 0: none, or I/O ports */
	enum { PSCI_NONE, PSCI_HVC, PSCI_SMC } psci;
};

/*
 * A warning about something that the firmware says. Firmware that is wrong in thousands of places
 * must not hold the boot up for the minutes that a serial line takes to say so: after BOOT_MAX_COMPLAINTS lines
 * they are counted only.
 */
void boot_info_complain(struct boot_info *info, const char *format, ...) __printf(2, 3);

/*
 * Append an entry of the firmware's map. Empty ones are dropped without a word. One that wraps is
 * clipped at BOOT_RANGE_END, or dropped where it claims to be usable, which cannot be true.
 * When the list is full the smallest usable entry makes room; when reservations have taken all but the last
 * BOOT_ROOM_FOR_USABLE places, the two that lie nearest are joined, gap and all. 0, or -ENOSPC when a usable
 * entry was lost, -EINVAL when this one was dropped; `dropped` counts either.
 */
int boot_info_add_range(struct boot_info *info, phys_addr_t start, phys_addr_t size,
			enum memory_type type, enum boot_source source, uint32_t firmware_type);

/*
 * Keep [start, start+size) from every allocator. When the list is full the
 * range goes into the map as MEMORY_RESERVED instead: nothing that was reserved is ever lost. 0, or
 * -ENOSPC then.
 */
int boot_info_reserve(struct boot_info *info, phys_addr_t start, phys_addr_t size,
		      enum boot_source source, bool no_map, const char *name);

/* Two sources disagree about [start, end): says so, and keeps it for `memmap`. The caller has chosen the safe reading. */
void boot_info_dispute(struct boot_info *info, phys_addr_t start, phys_addr_t end,
		       const char *format, ...) __printf(4, 5);

/* Append a CPU unless its hardware id is listed already; beyond NR_CPUS it is only counted. */
void boot_info_add_cpu(struct boot_info *info, const struct boot_cpu *cpu);

/* Configuration space that makes sense is listed, else -EINVAL; -ENOSPC when the list is full. Both are counted in `dropped`. */
int boot_info_add_ecam(struct boot_info *info, const struct boot_ecam *ecam);

/* Does the firmware call any byte of [start, end) usable? */
bool boot_info_is_usable(const struct boot_info *info, phys_addr_t start, phys_addr_t end);

const char *memory_type_name(enum memory_type type);
const char *boot_source_name(enum boot_source source);
