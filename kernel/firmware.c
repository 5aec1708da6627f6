/* SPDX-License-Identifier: MIT */
/*
 * firmware.c - find the loader's data in memory, have it parsed, keep it from being overwritten.
 *
 * THE IDEA
 *	The parsers in lib/firmware see bytes and never an address. Here each
 *	structure is borrowed through early_memremap(), given to its parser and
 *	returned. Whatever lies in memory, our own image first, is also reserved: the
 *	map calls most of these places usable.
 *
 * PICTURE	who points to whom on a PC, booted by PVH
 *
 *	ebx -> start info --> memory map			 all little-endian, physical
 *			 |--> command line
 *			 |--> module list --> initrd
 *			 '--> RSDP --> RSDT/XSDT --> MADT (CPUs), SPCR (console), SRAT ...
 *
 *	A multiboot2 loader leaves one block with all of it; only modules lie outside.
 *
 * FLOOR	kernel. Boot CPU, before the first allocation.
 * LINUX	arch/x86/platform/pvh/enlighten.c, drivers/acpi/tables.c;
 *	arch/arm64/kernel/setup.c (setup_machine_fdt).
 */
#include <kernel/firmware.h>

#include <arch/cpu.h>
#include <arch/memory.h>
#include <arch/mmio.h>
#include <lib/firmware/acpi.h>
#include <lib/firmware/bytes.h>
#include <lib/firmware/fdt.h>
#include <lib/firmware/multiboot2.h>
#include <lib/firmware/pvh.h>
#include <lib/init.h>
#include <lib/printk.h>
#include <lib/random.h>
#include <lib/string.h>
#include <mm/early_ioremap.h>
#include <drivers/console.h>

#define MAP_CHUNK_ENTRIES 1024 /* of a long memory map, borrowed at once: 24 KiB */
#define ACPI_MAX_READ	  (256 * KiB)
#define TRAMPOLINE_PA	  0x8000

/* The low megabyte of a PC. */
#define BIOS_COM1_PORT_PA 0x400
#define BIOS_EBDA_PA	  0x40e
#define EBDA_SIZE	  1024
#define BIOS_ROM_PA	  0xe0000
#define BIOS_ROM_SIZE	  0x20000

#define COM1_PORT    0x3f8
#define UART_SCRATCH 7 /* a register of the 16550 that only remembers */

/* Nothing can be started from what the loader gave. The reason is in the log: show it where text can go. */
static __init _Noreturn void stop(const struct boot_info *boot, const char *reason)
{
	pr_err("boot: %s", reason);
	console_init(boot);
	arch_halt(HALT_BAD_BOOT);
}

/* Borrow [pa, pa+size); NULL after a message when that cannot be. */
static __init const void *borrow(phys_addr_t pa, size_t size, const char *what)
{
	const void *bytes = pa ? early_memremap(pa, size) : NULL;

	if (!bytes)
		pr_warn("boot: %s at %#llx, %zu bytes, cannot be read", what,
			(unsigned long long)pa, size);
	return bytes;
}

static __init void copy_command_line(struct boot_info *boot, phys_addr_t pa)
{
	size_t size = COMMAND_LINE_SIZE, length;
	const char *text;

	if (pa == 0 || pa >= arch_phys_end())
		return;
	size = min(size, (size_t)(arch_phys_end() - pa));
	text = borrow(pa, size, "the command line");
	if (!text)
		return;
	length = strnlen(text, size);
	if (length == COMMAND_LINE_SIZE) {
		pr_warn("boot: the command line is cut at %d bytes", COMMAND_LINE_SIZE - 1);
		length--;
	}
	memcpy(boot->command_line, text, length);
	boot->command_line[length] = '\0';
	early_memunmap(text, size);
	boot_info_reserve(boot, pa, length + 1, SOURCE_PVH, false, "command line");
}

static __init void read_pvh_map(struct boot_info *boot, const struct pvh_start_info *start)
{
	uint32_t done = 0;

	while (done < start->nr_map) {
		uint32_t nr = min(start->nr_map - done, (uint32_t)MAP_CHUNK_ENTRIES);
		size_t size = nr * PVH_MAP_ENTRY_SIZE;
		const void *bytes = borrow(start->map_pa + (phys_addr_t)done * PVH_MAP_ENTRY_SIZE,
					   size, "the memory map");

		if (!bytes)
			break;
		pvh_parse_map(bytes, size, boot);
		early_memunmap(bytes, size);
		done += nr;
	}
	boot_info_reserve(boot, start->map_pa, (phys_addr_t)start->nr_map * PVH_MAP_ENTRY_SIZE,
			  SOURCE_PVH, false, "memory map");
}

static __init void read_pvh_modules(struct boot_info *boot, const struct pvh_start_info *start)
{
	const void *bytes;

	if (start->nr_modules == 0)
		return;
	if (start->nr_modules > 1)
		pr_warn("boot: the first of %u modules is the initrd, the others are ignored",
			start->nr_modules);
	bytes = borrow(start->modules_pa, PVH_MODULE_SIZE, "the module list");
	if (!bytes)
		return;
	pvh_parse_module(bytes, PVH_MODULE_SIZE, boot);
	early_memunmap(bytes, PVH_MODULE_SIZE);
	boot_info_reserve(boot, start->modules_pa, start->nr_modules * PVH_MODULE_SIZE, SOURCE_PVH,
			  false, "module list");
}

/* What lies in RAM that the map calls usable would be given away. */
static __init void reserve_table(struct boot_info *boot, phys_addr_t pa, size_t size,
				 const char *name)
{
	if (boot_info_is_usable(boot, pa, pa + size))
		boot_info_reserve(boot, pa, size, SOURCE_ACPI, false, name);
}

/* The tables that are parsed, in this order: SRAT needs the CPUs of the MADT, SLIT the nodes of SRAT. */
static struct acpi_parser {
	char signature[5];
	int (*parse)(const void *bytes, size_t size, struct boot_info *boot);
} acpi_parsers[] __initdata = {
	{"APIC", acpi_parse_madt}, {"SPCR", acpi_parse_spcr}, {"MCFG", acpi_parse_mcfg},
	{"SRAT", acpi_parse_srat}, {"SLIT", acpi_parse_slit},
};

struct acpi_table {
	phys_addr_t pa;
	size_t length; /* 0: there is none */
};

static __init void parse_table(struct boot_info *boot, const struct acpi_table *table,
			       const struct acpi_parser *parser)
{
	const void *bytes;

	if (table->length == 0 || table->length > ACPI_MAX_READ)
		return;
	bytes = borrow(table->pa, table->length, "an ACPI table");
	if (!bytes)
		return;
	parser->parse(bytes, table->length, boot);
	early_memunmap(bytes, table->length);
}

/* Reserves a table, and remembers it if there is a parser for it: the first of its kind. */
static __init void find_table(struct boot_info *boot, phys_addr_t pa, struct acpi_table *found)
{
	const void *header = borrow(pa, ACPI_HEADER_SIZE, "an ACPI table");
	char name[] = "ACPI ....";
	long length;

	if (!header)
		return;
	length = acpi_table_length(header, ACPI_HEADER_SIZE);
	for (unsigned int i = 0; i < ARRAY_SIZE(acpi_parsers) && length > 0; i++)
		if (found[i].length == 0 &&
		    acpi_has_signature(header, ACPI_HEADER_SIZE, acpi_parsers[i].signature))
			found[i] = (struct acpi_table){pa, (size_t)length};
	for (unsigned int i = 0; i < 4; i++) {
		char c = ((const char *)header)[i];

		name[5 + i] = c > ' ' && c < 0x7f ? c : '?';
	}
	early_memunmap(header, ACPI_HEADER_SIZE);
	if (length < 0) {
		pr_warn("boot: %s at %#llx has an impossible length, ignored", name,
			(unsigned long long)pa);
		boot->dropped++;
		return;
	}
	reserve_table(boot, pa, (size_t)length, name);
}

static __init void read_tables(struct boot_info *boot, const void *root, size_t length,
			       unsigned int entry_size)
{
	struct acpi_table found[ARRAY_SIZE(acpi_parsers)] = {{0}};
	unsigned int nr = acpi_root_count(root, length, entry_size);

	for (unsigned int i = 0; i < nr; i++) {
		phys_addr_t pa = acpi_root_entry(root, length, entry_size, i);

		if (pa)
			find_table(boot, pa, found);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(acpi_parsers); i++) {
		if (acpi_parsers[i].parse == acpi_parse_slit)
			boot_nodes_settle(boot);
		parse_table(boot, &found[i], &acpi_parsers[i]);
	}
}

/* Each table that a valid RSDT or XSDT lists. */
static __init void read_root(struct boot_info *boot, const struct acpi_roots *roots)
{
	const void *bytes = borrow(roots->root_pa, ACPI_HEADER_SIZE, "the ACPI root table");
	long length;

	if (!bytes)
		return;
	length = acpi_table_length(bytes, ACPI_HEADER_SIZE);
	early_memunmap(bytes, ACPI_HEADER_SIZE);
	if (length < 0 || (size_t)length > ACPI_MAX_READ) {
		pr_warn("boot: the ACPI root table has an impossible length, ignored");
		return;
	}
	bytes = borrow(roots->root_pa, (size_t)length, "the ACPI root table");
	if (!bytes)
		return;
	if (acpi_table_valid(bytes, (size_t)length)) {
		reserve_table(boot, roots->root_pa, (size_t)length, "ACPI root table");
		read_tables(boot, bytes, (size_t)length, roots->entry_size);
	} else {
		pr_warn("boot: the ACPI root table's checksum is wrong, ignored");
	}
	early_memunmap(bytes, (size_t)length);
}

/* Where in [pa, pa+size) an RSDP lies, or 0. */
static __init phys_addr_t search_rsdp(phys_addr_t pa, size_t size)
{
	const void *bytes = borrow(pa, size, "the firmware's memory");
	long offset;

	if (!bytes)
		return 0;
	offset = acpi_find_rsdp(bytes, size);
	early_memunmap(bytes, size);
	return offset < 0 ? 0 : pa + (phys_addr_t)offset;
}

static __init uint16_t bios_word(phys_addr_t pa)
{
	const void *bytes = borrow(pa, 2, "the BIOS data area");
	uint16_t word;

	if (!bytes)
		return 0;
	word = le16_at(bytes);
	early_memunmap(bytes, 2);
	return word;
}

/* A PC's firmware that was not asked keeps the RSDP in the first KiB of its data area or in its ROM. */
static __init phys_addr_t find_rsdp(void)
{
	phys_addr_t ebda = (phys_addr_t)bios_word(BIOS_EBDA_PA) << 4, found = 0;

	if (ebda >= 0x400 && ebda + EBDA_SIZE <= 0xa0000)
		found = search_rsdp(ebda, EBDA_SIZE);
	return found ? found : search_rsdp(BIOS_ROM_PA, BIOS_ROM_SIZE);
}

/* The root table, by the copy of the RSDP that a multiboot2 loader made or by the RSDP itself. */
static __init bool find_root(struct boot_info *boot, struct acpi_roots *roots)
{
	const void *bytes;
	int error;

	*roots = (struct acpi_roots){boot->acpi_root, boot->acpi_root_entry_size};
	if (roots->root_pa)
		return true;
	if (!boot->rsdp)
		boot->rsdp = find_rsdp();
	bytes = boot->rsdp ? borrow(boot->rsdp, ACPI_RSDP_SIZE, "the ACPI root pointer") : NULL;
	if (!bytes) {
		pr_warn("boot: no ACPI, one CPU is assumed");
		return false;
	}
	error = acpi_parse_rsdp(bytes, ACPI_RSDP_SIZE, roots);
	early_memunmap(bytes, ACPI_RSDP_SIZE);
	if (error) {
		pr_warn("boot: the ACPI root pointer at %#llx is broken, ignored",
			(unsigned long long)boot->rsdp);
		boot->rsdp = 0;
		return false;
	}
	reserve_table(boot, boot->rsdp, ACPI_RSDP_SIZE, "ACPI root pointer");
	return true;
}

static __init void read_acpi(struct boot_info *boot)
{
	struct acpi_roots roots;

	if (find_root(boot, &roots))
		read_root(boot, &roots);
}

/* Does a 16550 answer there? Its scratch register gives back what was written; an empty bus gives ones. */
static bool port_has_uart(uint16_t port)
{
	uint8_t before = arch_port_read8(port + UART_SCRATCH), found;

	arch_port_write8(port + UART_SCRATCH, 0x5a);
	found = arch_port_read8(port + UART_SCRATCH);
	arch_port_write8(port + UART_SCRATCH, before);
	return found == 0x5a;
}

/* ACPI named no console: the BIOS may have counted a serial port, else the usual place is tried. */
static __init void find_pc_uart(struct boot_info *boot)
{
	struct boot_uart uart = {UART_16550, true, COM1_PORT, 0, 1, SOURCE_BIOS};
	uint16_t port;

	if (boot->uart.type != UART_NONE)
		return;
	port = bios_word(BIOS_COM1_PORT_PA);
	if (port >= 0x100 && port <= 0xfff8 && port % 8 == 0 && port_has_uart(port)) {
		uart.base = port;
		boot->uart = uart;
	} else if (port_has_uart(COM1_PORT)) {
		uart.source = SOURCE_KERNEL;
		boot->uart = uart;
	}
}

/* Other CPUs of a PC start in real mode: their first page lies below 1 MiB and clear of what is there. */
static __init void reserve_trampoline(struct boot_info *boot)
{
	for (phys_addr_t pa = TRAMPOLINE_PA; pa < 0x80000; pa += 0x1000) {
		bool taken = false;

		for (unsigned int i = 0; i < boot->nr_reserved; i++)
			taken |= boot->reserved[i].start < pa + 0x1000 &&
				 pa < boot->reserved[i].end;
		if (taken || !boot_info_is_usable(boot, pa, pa + 0x1000))
			continue;
		boot_info_reserve(boot, pa, 0x1000, SOURCE_KERNEL, false, "trampoline");
		return;
	}
	pr_warn("boot: no page below 1 MiB for other CPUs to start in");
}

/* What lies on our own image was overwritten when .bss was cleared, or will be. */
static __init bool on_the_image(const struct boot_info *boot, phys_addr_t start, phys_addr_t end)
{
	return start < boot->image_end && boot->image_start < end;
}

static __init enum boot_source initrd_source(enum boot_protocol protocol)
{
	switch (protocol) {
	case BOOT_FDT:
		return SOURCE_FDT;
	case BOOT_MULTIBOOT2:
		return SOURCE_MULTIBOOT2;
	default:
		return SOURCE_PVH;
	}
}

static __init void reserve_initrd(struct boot_info *boot)
{
	if (!boot->initrd_end)
		return;
	if (on_the_image(boot, boot->initrd_start, boot->initrd_end)) {
		pr_warn("boot: the initrd lies on the kernel, ignored");
		boot->initrd_start = boot->initrd_end = 0;
		boot->dropped++;
		return;
	}
	boot_info_reserve(boot, boot->initrd_start, boot->initrd_end - boot->initrd_start,
			  initrd_source(boot->protocol), false, "initrd");
}

static __init void read_pvh(struct boot_info *boot)
{
	struct pvh_start_info start;
	const void *bytes = borrow(boot->info_pa, PVH_START_INFO_SIZE, "the PVH start info");

	if (!bytes || pvh_parse_start_info(bytes, PVH_START_INFO_SIZE, &start))
		stop(boot, "the PVH start info cannot be used");
	early_memunmap(bytes, PVH_START_INFO_SIZE);
	boot_info_reserve(boot, boot->info_pa, PVH_START_INFO_SIZE, SOURCE_PVH, false,
			  "PVH start info");
	boot->rsdp = start.rsdp_pa;
	copy_command_line(boot, start.command_line_pa);
	read_pvh_modules(boot, &start);
	read_pvh_map(boot, &start);
}

/* Where pixels go is rarely in RAM; if it is, it is not for us to give away. */
static __init void reserve_framebuffer(struct boot_info *boot)
{
	const struct boot_framebuffer *framebuffer = &boot->framebuffer;
	phys_addr_t size = (phys_addr_t)framebuffer->pitch * framebuffer->height;

	if (!framebuffer->base)
		return;
	pr_info("framebuffer: %ux%u, %u bits a pixel, at %#llx", framebuffer->width,
		framebuffer->height, framebuffer->bits_per_pixel,
		(unsigned long long)framebuffer->base);
	if (boot_info_is_usable(boot, framebuffer->base, framebuffer->base + size))
		boot_info_reserve(boot, framebuffer->base, size, SOURCE_MULTIBOOT2, false,
				  "framebuffer");
}

static __init void read_multiboot2(struct boot_info *boot)
{
	const void *bytes = borrow(boot->info_pa, MULTIBOOT2_HEADER_SIZE, "the multiboot2 block");
	long size;

	if (!bytes)
		stop(boot, "no multiboot2 information");
	size = multiboot2_block_size(boot->info_pa, bytes, MULTIBOOT2_HEADER_SIZE);
	early_memunmap(bytes, MULTIBOOT2_HEADER_SIZE);
	if (size < 0)
		stop(boot, "the multiboot2 information cannot be used");
	if (on_the_image(boot, boot->info_pa, boot->info_pa + (phys_addr_t)size))
		stop(boot, "the multiboot2 information lies on the kernel");
	bytes = borrow(boot->info_pa, (size_t)size, "the multiboot2 block");
	if (!bytes || multiboot2_parse(bytes, (size_t)size, boot))
		stop(boot, "the multiboot2 information cannot be used");
	early_memunmap(bytes, (size_t)size);
	boot_info_reserve(boot, boot->info_pa, (phys_addr_t)size, SOURCE_MULTIBOOT2, false,
			  "multiboot2 information");
	reserve_framebuffer(boot);
}

static __init void read_pc(struct boot_info *boot)
{
	read_acpi(boot);
	find_pc_uart(boot);
	reserve_trampoline(boot);
}

/* Randomness that the loader drew for us. */
static __init void add_seed(const struct fdt *fdt, size_t chosen, const char *name)
{
	size_t length;
	const void *seed = fdt_node_property(fdt, chosen, name, &length);

	if (seed)
		random_add_seed(seed, length);
}

static __init bool is_device_tree(phys_addr_t pa)
{
	const void *header = pa ? early_memremap(pa, FDT_HEADER_SIZE) : NULL;
	bool good;

	if (!header)
		return false;
	good = fdt_has_magic(header, FDT_HEADER_SIZE);
	early_memunmap(header, FDT_HEADER_SIZE);
	return good;
}

/*
 * Nobody said where the tree is: QEMU leaves it where RAM starts when no loader runs. That is a multiple of 1 GiB,
 * or right below us.
 */
static __init phys_addr_t find_device_tree(const struct boot_info *boot)
{
	phys_addr_t gigabyte = ALIGN_DOWN(boot->image_start, GiB);
	phys_addr_t below = boot->image_start - min(boot->image_start, 2 * MiB);

	if (is_device_tree(gigabyte))
		return gigabyte;
	return is_device_tree(below) ? below : 0;
}

/* With us in EL3 there is no firmware for PSCI to call, whatever the tree says. */
static __init void forget_psci(struct boot_info *boot)
{
	boot->psci = PSCI_NONE;
	for (unsigned int i = 0; i < boot->nr_cpus; i++)
		if (boot->cpu[i].method == CPU_METHOD_PSCI)
			boot->cpu[i].method = CPU_METHOD_NONE;
}

static __init const void *borrow_header(struct boot_info *boot)
{
	if (boot->info_pa == 0)
		boot->info_pa = find_device_tree(boot);
	return borrow(boot->info_pa, FDT_HEADER_SIZE, "the device tree");
}

static __init void read_device_tree(struct boot_info *boot)
{
	const void *header = borrow_header(boot);
	const void *bytes;
	struct fdt fdt;
	size_t chosen;
	long used;

	if (!header)
		stop(boot, "no device tree");
	used = fdt_used_size(header, FDT_HEADER_SIZE);
	boot->device_tree_size = fdt_total_size(header, FDT_HEADER_SIZE);
	early_memunmap(header, FDT_HEADER_SIZE);
	if (used > 0 && on_the_image(boot, boot->info_pa, boot->info_pa + (phys_addr_t)used))
		stop(boot, "the device tree lies on the kernel");
	bytes = used > 0 ? borrow(boot->info_pa, (size_t)used, "the device tree") : NULL;
	if (!bytes || fdt_open(&fdt, bytes, (size_t)used))
		stop(boot, "the device tree cannot be used");
	boot->device_tree = boot->info_pa;
	boot_info_reserve(boot, boot->device_tree, boot->device_tree_size, SOURCE_FDT, false,
			  "device tree");
	fdt_read_boot_info(&fdt, boot);
	if (boot->entry_level == 3)
		forget_psci(boot);
	chosen = fdt_find_node(&fdt, "/chosen");
	add_seed(&fdt, chosen, "rng-seed");
	add_seed(&fdt, chosen, "kaslr-seed");
	early_memunmap(bytes, (size_t)used);
}

static __init void say_interrupts(const struct boot_info *boot)
{
	const struct boot_interrupts *interrupts = &boot->interrupts;

	switch (interrupts->type) {
	case INTERRUPTS_APIC:
		pr_info("interrupts: local APICs at %#llx, %u I/O APICs, the first at %#llx",
			(unsigned long long)boot->local_apic, interrupts->nr_io_apics,
			(unsigned long long)interrupts->io_apic[0].base);
		break;
	case INTERRUPTS_GIC_V2:
		pr_info("interrupts: GICv2, distributor at %#llx, CPU interfaces at %#llx",
			(unsigned long long)interrupts->distributor,
			(unsigned long long)interrupts->cpu_interface);
		break;
	case INTERRUPTS_GIC_V3:
		pr_info("interrupts: GICv3, distributor at %#llx, redistributors at %#llx, %s at "
			"%#llx",
			(unsigned long long)interrupts->distributor,
			(unsigned long long)interrupts->redistributor,
			interrupts->its_size ? "ITS" : "no ITS",
			(unsigned long long)interrupts->its);
		break;
	default:
		pr_info("interrupts: no controller that this kernel knows");
	}
}

__init void firmware_read(struct boot_info *boot)
{
	boot_info_reserve(boot, boot->image_start, boot->image_end - boot->image_start,
			  SOURCE_KERNEL, false, "kernel image");
	switch (boot->protocol) {
	case BOOT_HOSTED: /* the host has filled in the rest */
		if (boot->nodes.nr == 0)
			boot_nodes_settle(boot);
		return;
	case BOOT_PVH:
		read_pvh(boot);
		break;
	case BOOT_MULTIBOOT2:
		read_multiboot2(boot);
		break;
	case BOOT_FDT:
		read_device_tree(boot);
		break;
	default:
		stop(boot, "started by a loader that this kernel does not know");
	}
	reserve_initrd(boot);
	if (arch_low_megabyte_reserved())
		read_pc(boot);
	if (boot->nodes.nr == 0)
		boot_nodes_settle(boot);
	say_interrupts(boot);
}
