/* SPDX-License-Identifier: MIT */
/*
 * mailbox.c - carry a message to the graphics processor and back.
 *
 * THE IDEA
 *	Two mailboxes, each a FIFO of words: we read the one and write the other. A word
 *	is an address, a multiple of 16, with the channel in its low four bits; the
 *	property interface is channel 8. The graphics processor answers by writing
 *	over the message and sending the same word back.
 *
 *	It sees memory past the CPU's caches, and calls its first GiB 0xc0000000:
 *
 *	we write the message		in the cache
 *	clean its lines			in memory, where the other one reads it
 *	send 0xc0000000 + pa + 8 ... the same word comes back
 *	drop its lines			or we would read our own question again
 *
 * LOCKING	The caller sees to it that one message is under way.
 * FLOOR	drivers.
 * LINUX	drivers/mailbox/bcm2835-mailbox.c, drivers/firmware/raspberrypi.c
 */
#include <drivers/mailbox.h>

#include <arch/cache.h>
#include <arch/memory.h>
#include <arch/mmio.h>
#include <mm/fixmap.h>

enum { /* from the registers' base */
       REG_READ = 0x00,
       REG_READ_STATUS = 0x18,
       REG_WRITE = 0x20,
       REG_WRITE_STATUS = 0x38,
};

#define STATUS_FULL	 (1U << 31)
#define STATUS_EMPTY	 (1U << 30)
#define CHANNEL_PROPERTY 8U
#define CHANNEL_MASK	 0xfU
#define BUS_BASE	 0xc0000000U /* memory as the graphics processor sees it, its own cache passed by */
#define BUS_SIZE	 (1 * GiB)
#define MAX_POLLS	 5000000 /* about a second */
#define MAX_STALE	 64 /* words that an earlier owner left in the FIFO, and more than it holds */

static uintptr_t registers;

bool mailbox_open(phys_addr_t pa)
{
	if (pa == 0 || pa >= arch_phys_end() || !IS_ALIGNED(pa, 16) ||
	    (pa & ~PAGE_MASK) > PAGE_SIZE - 0x40)
		return false;
	set_fixmap(FIX_MAILBOX, pa & PAGE_MASK, PROT_KERNEL_DEVICE);
	registers = fix_to_virt(FIX_MAILBOX) + (pa & ~PAGE_MASK);
	return true;
}

/* Wait until `bit` of a status register is clear. */
static bool wait_clear(unsigned int status, uint32_t bit)
{
	for (unsigned int i = 0; i < MAX_POLLS; i++)
		if (!(mmio_read32(registers + status) & bit))
			return true;
	return false;
}

static bool exchange(uint32_t sent)
{
	for (unsigned int i = 0; i < MAX_STALE; i++) {
		if (mmio_read32(registers + REG_READ_STATUS) & STATUS_EMPTY)
			break;
		mmio_read32(registers + REG_READ);
	}
	if (!wait_clear(REG_WRITE_STATUS, STATUS_FULL))
		return false;
	mmio_write32(registers + REG_WRITE, sent);
	for (unsigned int i = 0; i < MAX_STALE; i++) {
		if (!wait_clear(REG_READ_STATUS, STATUS_EMPTY))
			return false;
		if (mmio_read32(registers + REG_READ) == sent)
			return true;
	}
	return false;
}

bool mailbox_call(struct property_message *message)
{
	const uintptr_t va = (uintptr_t)message->word;
	phys_addr_t pa;
	bool answered;

	static_assert(sizeof(message->word) % 128 == 0, "the message owns its cache lines whole");
	if (registers == 0)
		return false;
	pa = arch_image_to_phys(message->word);
	if (pa + sizeof(message->word) > BUS_SIZE)
		return false;
	arch_cache_clean(va, sizeof(message->word));
	answered = exchange((BUS_BASE + (uint32_t)pa) | CHANNEL_PROPERTY);
	arch_cache_inval(va, sizeof(message->word));
	return answered;
}
