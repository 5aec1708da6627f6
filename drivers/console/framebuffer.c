/* SPDX-License-Identifier: MIT */
/*
 * framebuffer.c - the log and the prompt on a screen.
 *
 * THE IDEA
 *	Whoever started the kernel may have set up a screen and say where its
 *	pixels lie. They are mapped before any allocator exists, through static
 *	tables in the fixmap, and so a panic in the first line of mm_init() can be read on it.
 *	All that writing needs is static.
 *
 * LOCKING	printk's lock.
 * COST		150 KiB for the cells of the largest screen.
 * FLOOR	drivers.
 * LINUX	drivers/video/fbdev/simplefb.c, efifb.c.
 */
#include <drivers/framebuffer.h>

#include <arch/layout.h>
#include <arch/memory.h>
#include <lib/cmdline.h>
#include <lib/init.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <mm/fixmap.h>
#include <drivers/ps2_keyboard.h>
#include <drivers/text_screen.h>

static struct text_screen screen;
static text_cell_t cells[2 * TEXT_SCREEN_MAX_COLUMNS * TEXT_SCREEN_MAX_ROWS];
static bool open;

static enum text_colour colour_of(enum log_level level)
{
	if (level <= LOG_ERROR)
		return COLOUR_ERROR;
	return level == LOG_WARNING ? COLOUR_WARNING : COLOUR_TEXT;
}

static void write_text(struct console *console, const char *text, size_t length)
{
	text_screen_write(&screen, colour_of(console->level), text, length);
}

static int read_key(struct console *console)
{
	(void)console;
	return ps2_keyboard_read();
}

static struct console console_framebuffer = {.name = "tty", .write = write_text};

__init bool framebuffer_console_wanted(void)
{
	char value[8];

	if (open)
		return false;
	return cmdline_value("console", value, sizeof(value)) < 0 || strcmp(value, "none") != 0;
}

__init bool framebuffer_console_open(void *pixels, const struct boot_framebuffer *shape)
{
	if (!framebuffer_console_wanted() ||
	    text_screen_init(&screen, pixels, shape, cells, ARRAY_SIZE(cells)))
		return false;
	open = true;
	if (ps2_keyboard_init())
		console_framebuffer.read = read_key;
	console_register(&console_framebuffer);
	pr_info("console: screen of %u columns and %u rows%s", screen.columns, screen.rows,
		console_framebuffer.read ? ", with a keyboard" : "");
	return true;
}

/* Is all of [start, end) kept from the allocators? */
static bool is_reserved(const struct boot_info *boot, phys_addr_t start, phys_addr_t end)
{
	for (unsigned int i = 0; i < boot->nr_reserved; i++)
		if (boot->reserved[i].start <= start && boot->reserved[i].end >= end)
			return true;
	return false;
}

bool framebuffer_place_ok(const struct boot_info *boot)
{
	const struct boot_framebuffer *shape = &boot->framebuffer;
	phys_addr_t size = (phys_addr_t)shape->pitch * shape->height;

	if (shape->base >= arch_phys_end() || size > arch_phys_end() - shape->base) {
		pr_warn("framebuffer: nothing can be at %#llx", (unsigned long long)shape->base);
		return false;
	}
	if (boot_info_is_usable(boot, shape->base, shape->base + size) &&
	    !is_reserved(boot, shape->base, shape->base + size)) {
		pr_warn("framebuffer: %#llx lies in memory that is free to use, left alone",
			(unsigned long long)shape->base);
		return false;
	}
	return true;
}

__init void framebuffer_console_init(const struct boot_info *boot)
{
	const struct boot_framebuffer *shape = &boot->framebuffer;
	void *pixels;

	if (!shape->base || !framebuffer_console_wanted() || !framebuffer_place_ok(boot))
		return;
	pixels = fixmap_map_framebuffer(shape->base, (size_t)shape->pitch * shape->height);
	if (!pixels || !framebuffer_console_open(pixels, shape))
		pr_warn("framebuffer: %ux%u, %u bits a pixel, pitch %u cannot be used",
			shape->width, shape->height, shape->bits_per_pixel, shape->pitch);
}
