/* SPDX-License-Identifier: MIT */
/*
 * board.c - a Raspberry Pi's board, its memory's two owners, and a screen.
 *
 * THE IDEA
 *	The ARM cores are guests of the graphics processor, which started them. It
 *	keeps the upper part of the first GiB to itself, and its firmware
 *	leaves that part out of the device tree. A tree that was not made
 *	by the firmware may be wrong about it; so both are asked, and where they
 *	differ the safe reading counts: memory is ours when both say so.
 *
 * PICTURE	1 GiB with gpu_mem=64; a board with more has the rest above
 *
 *	0			    0x3c000000	 0x3f000000   0x40000000
 *	| ARM			   | graphics	| registers  | (more, on a Pi 4)
 *
 * FLOOR	drivers. Boot CPU, before the first allocation.
 * LINUX	drivers/firmware/raspberrypi.c, drivers/video/fbdev/bcm2708_fb.c (out of tree)
 */
#include <drivers/board.h>

#include <lib/init.h>
#include <lib/printk.h>
#include <drivers/mailbox.h>

#define WANTED_WIDTH  1024
#define WANTED_HEIGHT 768
#define WANTED_BITS   32
#define PIXEL_BGR     0		  /* blue in the lowest byte: 0x00rrggbb */
#define BUS_MASK      0x3fffffffU /* of an address that the graphics processor gives */
#define FIRST_GIB     (1 * GiB)

enum clock { CLOCK_UART = 2, CLOCK_ARM = 3, CLOCK_CORE = 4 };

static struct board {
	bool known;
	uint32_t firmware, revision;
	phys_addr_t arm_start, arm_size, graphics_start, graphics_size;
	uint32_t arm_hertz, core_hertz, uart_hertz;
} board;

static struct property_message message;

const char *board_name(uint32_t revision, uint64_t *memory)
{
	static const char *const names[] = {
		[0x04] = "2B",	 [0x08] = "3B", [0x0a] = "CM3",	     [0x0d] = "3B+", [0x0e] = "3A+",
		[0x10] = "CM3+", [0x11] = "4B", [0x12] = "Zero 2 W", [0x13] = "400", [0x14] = "CM4",
		[0x15] = "CM4S", [0x17] = "5",	[0x18] = "CM5",	     [0x19] = "500",
	};
	unsigned int type = revision >> 4 & 0xff;

	*memory = 0;
	if (!(revision & 1U << 23)) /* the old codes: boards without 64 bits */
		return NULL;
	*memory = (256 * MiB) << (revision >> 20 & 7);
	return type < ARRAY_SIZE(names) ? names[type] : NULL;
}

/* One question by itself: firmware that does not know one tag may give up the rest of a message. */
static const uint32_t *ask(enum property_tag tag, unsigned int nr_answer, uint32_t first)
{
	property_begin(&message);
	property_ask(&message, tag, nr_answer, first, 0);
	property_end(&message);
	return mailbox_call(&message) ? property_answer(&message, tag, nr_answer) : NULL;
}

static __init uint32_t ask_word(enum property_tag tag)
{
	const uint32_t *answer = ask(tag, 1, 0);

	return answer ? answer[0] : 0;
}

/* Of a clock in Hz, of the sensor in thousandths of a degree: the answer repeats which, then says how much. */
static uint32_t ask_which(enum property_tag tag, uint32_t which)
{
	const uint32_t *answer = ask(tag, 2, which);

	return answer && answer[0] == which ? answer[1] : 0;
}

static __init void ask_range(enum property_tag tag, phys_addr_t *start, phys_addr_t *size)
{
	const uint32_t *answer = ask(tag, 2, 0);

	*start = answer ? answer[0] : 0;
	*size = answer ? answer[1] : 0;
}

/* The map gives away what the firmware says is not ours. */
static __init void keep_off(struct boot_info *boot, phys_addr_t start, phys_addr_t end)
{
	if (start >= end || !boot_info_is_usable(boot, start, end))
		return;
	pr_warn("board: the device tree gives away [%#llx, %#llx), the firmware does not: reserved",
		(unsigned long long)start, (unsigned long long)end);
	boot_info_reserve(boot, start, end - start, SOURCE_MAILBOX, true, "graphics processor");
}

/* What lies above the first GiB is the ARM's alone, and the firmware speaks of the first GiB only. */
static __init void check_memory(struct boot_info *boot)
{
	phys_addr_t arm_end = board.arm_start + board.arm_size;
	phys_addr_t graphics_end = board.graphics_start + board.graphics_size;

	if (board.arm_size != 0 && arm_end < FIRST_GIB)
		keep_off(boot, arm_end, FIRST_GIB);
	else if (board.graphics_size != 0)
		keep_off(boot, board.graphics_start, graphics_end);
}

/* The shape that the firmware made of our wish, if it can be drawn on. */
static __init bool read_framebuffer(struct boot_framebuffer *framebuffer)
{
	const uint32_t *size = property_answer(&message, TAG_SET_PHYSICAL_SIZE, 2);
	const uint32_t *depth = property_answer(&message, TAG_SET_DEPTH, 1);
	const uint32_t *order = property_answer(&message, TAG_SET_PIXEL_ORDER, 1);
	const uint32_t *where = property_answer(&message, TAG_FRAMEBUFFER, 2);
	const uint32_t *pitch = property_answer(&message, TAG_PITCH, 1);
	bool bgr;

	if (!size || !depth || !where || !pitch || depth[0] != WANTED_BITS ||
	    (where[0] & BUS_MASK) == 0 || size[0] == 0 || size[1] == 0 || size[0] > pitch[0] / 4 ||
	    (uint64_t)pitch[0] * size[1] > where[1])
		return false;
	bgr = !order || order[0] == PIXEL_BGR;
	*framebuffer = (struct boot_framebuffer){
		.base = where[0] & BUS_MASK,
		.width = size[0],
		.height = size[1],
		.pitch = pitch[0],
		.bits_per_pixel = WANTED_BITS,
		.red_position = bgr ? 16 : 0,
		.green_position = 8,
		.blue_position = bgr ? 0 : 16,
	};
	return true;
}

/* All in one message: the firmware allocates when it has seen the whole wish. */
static __init void ask_framebuffer(struct boot_info *boot)
{
	struct boot_framebuffer framebuffer;

	if (boot->framebuffer.base)
		return;
	property_begin(&message);
	property_ask(&message, TAG_SET_PHYSICAL_SIZE, 2, WANTED_WIDTH, WANTED_HEIGHT);
	property_ask(&message, TAG_SET_VIRTUAL_SIZE, 2, WANTED_WIDTH, WANTED_HEIGHT);
	property_ask(&message, TAG_SET_DEPTH, 1, WANTED_BITS, 0);
	property_ask(&message, TAG_SET_PIXEL_ORDER, 1, PIXEL_BGR, 0);
	property_ask(&message, TAG_SET_VIRTUAL_OFFSET, 2, 0, 0);
	property_ask(&message, TAG_FRAMEBUFFER, 2, 4096, 0);
	property_ask(&message, TAG_PITCH, 1, 0, 0);
	property_end(&message);
	if (!mailbox_call(&message) || !read_framebuffer(&framebuffer)) {
		pr_info("board: the firmware gives no framebuffer");
		return;
	}
	keep_off(boot, framebuffer.base,
		 framebuffer.base + (phys_addr_t)framebuffer.pitch * framebuffer.height);
	boot->framebuffer = framebuffer;
}

static __init void say_board(void)
{
	uint64_t fitted;
	const char *name = board_name(board.revision, &fitted);

	pr_info("board: Raspberry Pi %s, revision %x, %llu MiB fitted; firmware %#x",
		name ? name : "of a kind unknown to us", board.revision,
		(unsigned long long)(fitted / MiB), board.firmware);
	pr_info("board: %llu MiB for the ARM, %llu MiB at %#llx for graphics; ARM %u MHz, core %u "
		"MHz",
		(unsigned long long)(board.arm_size / MiB),
		(unsigned long long)(board.graphics_size / MiB),
		(unsigned long long)board.graphics_start, board.arm_hertz / 1000000,
		board.core_hertz / 1000000);
}

__init void board_init(struct boot_info *boot)
{
	watchdog_init(boot->board.watchdog);
	if (!mailbox_open(boot->board.mailbox))
		return;
	board.firmware = ask_word(TAG_FIRMWARE_REVISION);
	if (board.firmware == 0) {
		pr_warn("board: the firmware does not answer; only the device tree is believed");
		return;
	}
	board.known = true;
	board.revision = ask_word(TAG_BOARD_REVISION);
	ask_range(TAG_ARM_MEMORY, &board.arm_start, &board.arm_size);
	ask_range(TAG_GRAPHICS_MEMORY, &board.graphics_start, &board.graphics_size);
	board.arm_hertz = ask_which(TAG_CLOCK_RATE, CLOCK_ARM);
	board.core_hertz = ask_which(TAG_CLOCK_RATE, CLOCK_CORE);
	board.uart_hertz = ask_which(TAG_CLOCK_RATE, CLOCK_UART);
	say_board();
	check_memory(boot);
	ask_framebuffer(boot);
}

bool board_show(struct seq_file *out)
{
	uint64_t fitted;
	const char *name = board_name(board.revision, &fitted);
	uint32_t temperature;

	if (!board.known)
		return false;
	temperature = ask_which(TAG_TEMPERATURE, 0);
	seq_printf(out, "board        Raspberry Pi %s, revision %x\n", name ? name : "(unknown)",
		   board.revision);
	seq_printf(out, "firmware     %#x\n", board.firmware);
	seq_printf(out, "memory       %llu MiB fitted\n", (unsigned long long)(fitted / MiB));
	seq_printf(out, "  ARM        %llu MiB at %#llx, of the first GiB\n",
		   (unsigned long long)(board.arm_size / MiB), (unsigned long long)board.arm_start);
	seq_printf(out, "  graphics   %llu MiB at %#llx\n",
		   (unsigned long long)(board.graphics_size / MiB),
		   (unsigned long long)board.graphics_start);
	seq_printf(out, "clocks       ARM %u kHz, core %u kHz, UART %u kHz\n",
		   board.arm_hertz / 1000, board.core_hertz / 1000, board.uart_hertz / 1000);
	seq_printf(out, "temperature  %u.%u C\n", temperature / 1000, temperature / 100 % 10);
	return true;
}
