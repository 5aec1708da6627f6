/* SPDX-License-Identifier: MIT */
/*
 * fw_cfg.c - talk to QEMU's configuration device.
 *
 * THE IDEA
 *	QEMU has numbered items of bytes; item 0x19 is a directory of names. To move bytes we
 *	write a request into memory and its address into the device's one
 *	register; QEMU does all that it asks for before the next instruction. Everything is big-endian. The same
 *	register read gives "QEMU CFG", by which the device is known without a write.
 *
 * PICTURE	the request
 *
 *	| control: item number << 16, what to do | length | address in memory |
 *	  4 bytes				   4	    8
 *
 * LINUX	drivers/firmware/qemu_fw_cfg.c. Source: QEMU, docs/specs/fw_cfg.
 */
#include <drivers/fw_cfg.h>

#include <arch/mmio.h>
#include <lib/errno.h>
#include <lib/init.h>
#include <lib/string.h>
#include <mm/direct_map.h>
#include <mm/fixmap.h>

#define PORT_BASE     0x510
#define REGISTER_PORT 4 /* from the base to the register that takes an address */
#define REGISTER_MMIO 16

#define ITEM_DIRECTORY 0x19
#define MAX_FILES      4096
#define MAX_POLLS      1000000

enum control { DMA_ERROR = 1, DMA_READ = 2, DMA_SKIP = 4, DMA_SELECT = 8, DMA_WRITE = 16 };

struct request {
	uint32_t control, length;
	uint64_t address;
};

struct file {
	uint32_t size;
	uint16_t item, reserved;
	char name[56];
};
static_assert(sizeof(struct file) == 64, "as QEMU lays it out");

static uintptr_t registers; /* 0: I/O ports */

/* Both machines are little-endian. */
static __init uint32_t big32(uint32_t value)
{
	return __builtin_bswap32(value);
}

static void start(phys_addr_t request)
{
	uint32_t high = big32((uint32_t)(request >> 32)), low = big32((uint32_t)request);

	if (registers) {
		mmio_write32(registers + REGISTER_MMIO, high);
		mmio_write32(registers + REGISTER_MMIO + 4, low);
	} else {
		arch_port_write32(PORT_BASE + REGISTER_PORT, high);
		arch_port_write32(PORT_BASE + REGISTER_PORT + 4, low);
	}
}

/* The lower half of control says what to do; an item stays selected, and what is read or written advances in it. */
static __init int transfer(uint32_t control, void *data, size_t size)
{
	static volatile struct request request __aligned(16);

	request.length = big32((uint32_t)size);
	request.address = __builtin_bswap64(virt_to_phys(data));
	request.control = big32(control);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	start(virt_to_phys((const void *)&request));
	for (unsigned int i = 0; i < MAX_POLLS; i++) {
		uint32_t left = big32(request.control);

		if (left & DMA_ERROR)
			return -EIO;
		if (left == 0)
			return 0;
	}
	return -EIO;
}

/* The number of the file's item, or -errno. */
static __init int find_file(const char *name)
{
	static struct file file;
	static uint32_t count;
	int error = transfer(ITEM_DIRECTORY << 16 | DMA_SELECT | DMA_READ, &count, sizeof(count));

	for (uint32_t i = 0; !error && i < min(big32(count), (uint32_t)MAX_FILES); i++) {
		error = transfer(DMA_READ, &file, sizeof(file));
		if (!error && strncmp(file.name, name, sizeof(file.name)) == 0)
			return __builtin_bswap16(file.item);
	}
	return error ? error : -ENOENT;
}

__init bool fw_cfg_has_file(const char *name)
{
	return find_file(name) >= 0;
}

__init int fw_cfg_write_file(const char *name, const void *data, size_t size)
{
	int item = find_file(name);

	if (item < 0)
		return item;
	return transfer((uint32_t)item << 16 | DMA_SELECT | DMA_WRITE, (void *)data, size);
}

static __init uint8_t read_signature(unsigned int i)
{
	if (registers)
		return mmio_read8(registers + REGISTER_MMIO + i);
	return arch_port_read8((uint16_t)(PORT_BASE + REGISTER_PORT + i));
}

__init bool fw_cfg_open(const struct boot_info *boot)
{
	static const char signature[] = "QEMU CFG";

	registers = 0;
	if (!boot->fw_cfg && !arch_has_ports())
		return false;
	if (boot->fw_cfg) {
		set_fixmap(FIX_FW_CFG, boot->fw_cfg, PROT_KERNEL_DEVICE);
		registers = fix_to_virt(FIX_FW_CFG) + (boot->fw_cfg & ~PAGE_MASK);
	}
	for (unsigned int i = 0; signature[i]; i++) {
		if (read_signature(i) != (uint8_t)signature[i]) {
			fw_cfg_close();
			return false;
		}
	}
	return true;
}

__init void fw_cfg_close(void)
{
	clear_fixmap(FIX_FW_CFG);
}
