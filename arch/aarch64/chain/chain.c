/* SPDX-License-Identifier: MIT */
/*
 * chain.c - receive a kernel over the serial line of a Raspberry Pi, and check it.
 *
 * THE IDEA
 *	A program of its own, a few KiB, that stays on the card while the
 *	kernel changes: tools/pi-send sends the kernel at each start. What is said is text, so that
 *	a person at a terminal can read along:
 *
 *	chain	loam-chain: ready			each second, until it is answered
 *	host	LOAMCHN1 length crc32			8 bytes, then two words, little endian
 *	chain	loam-chain: send			or: refused, and why
 *	host	4096 bytes    chain  .			until all is there
 *	chain	loam-chain: starting			or: the checksum is wrong, then ready again
 *
 *	Which of the two serial ports is on the pins depends on config.txt: the pin's function says it. Where
 *	it says neither (QEMU) both are asked, and the one that answers is used.
 *
 * LOCKING	one CPU, no interrupts, MMU off: every access is of its natural size and aligned.
 * FLOOR	none: it is no part of the kernel and uses nothing of it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK	    4096
#define MAX_SIZE    (24U << 20) /* of a kernel: it must end below the chainloader */
#define MAGIC	    "LOAMCHN1"
#define MAGIC_SIZE  8
#define HEADER_SIZE 64 /* of an arm64 Image */

/* Addresses from the start of the peripherals. */
enum {
	GPIO_FUNCTIONS = 0x200004, /* of pins 10 to 19 */
	PL011_DATA = 0x201000,
	PL011_FLAGS = 0x201018,
	PL011_CONTROL = 0x201030,
	AUX_ENABLES = 0x215004,
	MINI_DATA = 0x215040,
	MINI_STATUS = 0x215054,
	MINI_CONTROL = 0x215060,
};

#define PIN14_SHIFT 12
#define PIN_PL011   4U /* alternate function 0 */
#define PIN_MINI    2U /* alternate function 5 */

#define PART_CORTEX_A53 0xd03 /* the Pi 3's */

enum port { PORT_PL011, PORT_MINI, NR_PORTS };

static uintptr_t peripherals;
static bool in_use[NR_PORTS];
static uint64_t ticks_a_second;

/* Called by chain.S; returns when a kernel lies at `load`. */
void chain_receive(uint64_t device_tree, uintptr_t load);

static uint32_t register_read(unsigned int offset)
{
	return *(volatile uint32_t *)(peripherals + offset);
}

static void register_write(unsigned int offset, uint32_t value)
{
	*(volatile uint32_t *)(peripherals + offset) = value;
}

static uint64_t ticks(void)
{
	uint64_t value;

	asm volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(value) : : "memory");
	return value;
}

/* --- the ports ---------------------------------------------------------------- */

static bool port_has_room(enum port port)
{
	return port == PORT_PL011 ? !(register_read(PL011_FLAGS) & 1U << 5)
				  : register_read(MINI_STATUS) & 1U << 5;
}

static bool port_is_idle(enum port port)
{
	return port == PORT_PL011 ? !(register_read(PL011_FLAGS) & 1U << 3)
				  : register_read(MINI_STATUS) & 1U << 6;
}

/* The next byte, or -1. */
static int port_read(enum port port)
{
	if (port == PORT_PL011)
		return register_read(PL011_FLAGS) & 1U << 4
			       ? -1
			       : (int)(register_read(PL011_DATA) & 0xff);
	return register_read(MINI_STATUS) & 1U ? (int)(register_read(MINI_DATA) & 0xff) : -1;
}

/* A port that does not get rid of its bytes loses them: it may be the one that nobody listens to. */
static void put(char c)
{
	for (int port = 0; port < NR_PORTS; port++) {
		uint64_t start = ticks();

		if (!in_use[port])
			continue;
		while (!port_has_room(port) && ticks() - start < ticks_a_second / 100)
			;
		register_write(port == PORT_PL011 ? PL011_DATA : MINI_DATA, (uint8_t)c);
	}
}

static void say(const char *text)
{
	const char *const name = "loam-chain: ";

	for (const char *c = name; *c; c++)
		put(*c);
	for (const char *c = text; *c; c++)
		put(*c);
	put('\r');
	put('\n');
}

static void wait_until_sent(void)
{
	uint64_t start = ticks();

	for (int port = 0; port < NR_PORTS; port++)
		while (in_use[port] && !port_is_idle(port) && ticks() - start < ticks_a_second)
			;
}

static void open_ports(void)
{
	uint64_t midr;
	uint32_t function;

	asm volatile("mrs %0, midr_el1" : "=r"(midr));
	asm volatile("mrs %0, cntfrq_el0" : "=r"(ticks_a_second));
	if (ticks_a_second == 0)
		ticks_a_second = 19200000;
	peripherals = (midr >> 4 & 0xfff) == PART_CORTEX_A53 ? 0x3f000000 : 0xfe000000;

	function = register_read(GPIO_FUNCTIONS) >> PIN14_SHIFT & 7;
	in_use[PORT_PL011] = function != PIN_MINI;
	in_use[PORT_MINI] = function != PIN_PL011;
	if (in_use[PORT_PL011])
		register_write(PL011_CONTROL, register_read(PL011_CONTROL) | 0x301);
	if (in_use[PORT_MINI]) {
		register_write(AUX_ENABLES, register_read(AUX_ENABLES) | 1);
		register_write(MINI_CONTROL, register_read(MINI_CONTROL) | 3);
	}
}

/* --- the kernel ------------------------------------------------------------- */

/*
 * Some 100 us, a seventh of what fills the smaller FIFO at 115200. An emulator that is asked without a pause
 * finds no time to fetch the next byte.
 */
static void pause(void)
{
	for (int i = 0; i < 1000; i++)
		asm volatile("yield");
}

/* A byte of the port that is left, or -1 after two seconds of silence. */
static int get(enum port port)
{
	uint64_t start = ticks();
	int byte;

	while ((byte = port_read(port)) < 0 && ticks() - start < 2 * ticks_a_second)
		pause();
	return byte;
}

static bool get_word(enum port port, uint32_t *value)
{
	*value = 0;
	for (int i = 0; i < 4; i++) {
		int byte = get(port);

		if (byte < 0)
			return false;
		*value |= (uint32_t)byte << 8 * i;
	}
	return true;
}

/* Until the magic word has come whole through one of the ports, which then is the only one. */
static enum port wait_for_host(void)
{
	static const char magic[] = MAGIC;
	unsigned int matched[NR_PORTS] = {0, 0};
	uint64_t said = ticks() - ticks_a_second;

	for (;;) {
		if (ticks() - said >= ticks_a_second) {
			say("ready");
			said = ticks();
		}
		for (int port = 0; port < NR_PORTS; port++) {
			int byte = in_use[port] ? port_read(port) : -1;

			if (byte < 0)
				continue;
			matched[port] = byte == magic[matched[port]] ? matched[port] + 1
								     : byte == magic[0];
			if (matched[port] == MAGIC_SIZE) {
				in_use[!port] = false;
				return port;
			}
		}
	}
}

/* CRC-32 as in Ethernet and zlib. */
static uint32_t crc32(const uint8_t *bytes, size_t size)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static bool receive_bytes(enum port port, volatile uint8_t *to, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		int byte = get(port);

		if (byte < 0)
			return false;
		to[i] = (uint8_t)byte;
		if ((i + 1) % BLOCK == 0 || i + 1 == size)
			put('.');
	}
	put('\r');
	put('\n');
	return true;
}

/* Lines that a cache read before the bytes came are old; with the caches on the kernel must not find them. */
static void drop_lines(uintptr_t start, size_t size)
{
	uint64_t ctr, step;

	asm volatile("mrs %0, ctr_el0" : "=r"(ctr));
	step = 4UL << (ctr >> 16 & 15);
	for (uintptr_t line = start & ~(step - 1); line < start + size; line += step)
		asm volatile("dc ivac, %0" : : "r"(line) : "memory");
	asm volatile("dsb sy" : : : "memory");
}

/* What the kernel takes in memory, its .bss included; at least what was sent. */
static uint64_t size_in_memory(const uint8_t *image, size_t size)
{
	uint64_t claimed = 0;

	if (size >= HEADER_SIZE && image[56] == 'A' && image[57] == 'R' && image[58] == 'M' &&
	    image[59] == 0x64)
		for (int i = 7; i >= 0; i--)
			claimed = claimed << 8 | image[16 + i];
	return claimed > size ? claimed : size;
}

/* One attempt, from the length to the check. */
static bool receive_kernel(enum port port, uint64_t device_tree, uintptr_t load)
{
	uint32_t size, wanted;
	uint64_t whole;

	if (!get_word(port, &size) || !get_word(port, &wanted))
		return false;
	if (size == 0 || size > MAX_SIZE) {
		say("refused: a kernel has 1 byte to 24 MiB");
		return false;
	}
	if (device_tree >= load && device_tree - load < size) {
		say("refused: the device tree lies there");
		return false;
	}
	say("send");
	if (!receive_bytes(port, (uint8_t *)load, size)) {
		say("the line went silent");
		return false;
	}
	if (crc32((const uint8_t *)load, size) != wanted) {
		say("the checksum is wrong");
		return false;
	}
	whole = size_in_memory((const uint8_t *)load, size);
	if (whole > MAX_SIZE || (device_tree >= load && device_tree - load < whole)) {
		say("refused: it takes too much memory");
		return false;
	}
	drop_lines(load, size);
	return true;
}

void chain_receive(uint64_t device_tree, uintptr_t load)
{
	open_ports();
	while (!receive_kernel(wait_for_host(), device_tree, load))
		open_ports();
	say("starting");
	wait_until_sent();
}
