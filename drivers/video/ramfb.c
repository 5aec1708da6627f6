/* SPDX-License-Identifier: MIT */
/*
 * ramfb.c - show a block of our memory as a screen.
 *
 * QEMU's simplest display has no registers: its file etc/ramfb takes an address and a shape, and from then on the
 * window shows what lies there. The block is ordinary RAM, used through the direct map.
 *
 * COST		3 MiB of pixels in a block of 4 MiB.
 * LINUX	none; firmware sets it up there (EDK2: QemuRamfbDxe). Source: QEMU, hw/display/ramfb.c for the format.
 */
#include <drivers/ramfb.h>

#include <arch/layout.h>
#include <lib/init.h>
#include <lib/printk.h>
#include <mm/direct_map.h>
#include <mm/page.h>
#include <mm/gfp.h>
#include <drivers/framebuffer.h>
#include <drivers/fw_cfg.h>

#define FILE   "etc/ramfb"
#define WIDTH  1024
#define HEIGHT 768
#define ORDER  10
#define FORMAT 0x34325258 /* "XR24", 0x00rrggbb in little-endian words, as DRM names it */
static_assert(WIDTH * HEIGHT * 4UL <= PAGE_SIZE << ORDER, "the pixels fit into the block");

/* All big-endian. */
struct ramfb_config {
	uint64_t address;
	uint32_t format, flags, width, height, pitch;
} __packed;
static_assert(sizeof(struct ramfb_config) == 28, "as QEMU lays it out");

/* Tell QEMU to show `pixels`. */
static __init bool show(const void *pixels)
{
	static struct ramfb_config config;

	config = (struct ramfb_config){
		.address = __builtin_bswap64(virt_to_phys(pixels)),
		.format = __builtin_bswap32(FORMAT),
		.width = __builtin_bswap32(WIDTH),
		.height = __builtin_bswap32(HEIGHT),
		.pitch = __builtin_bswap32(WIDTH * 4),
	};
	return fw_cfg_write_file(FILE, &config, sizeof(config)) == 0;
}

static __init void set_up(void)
{
	const struct boot_framebuffer shape = {
		.width = WIDTH,
		.height = HEIGHT,
		.pitch = WIDTH * 4,
		.bits_per_pixel = 32,
		.red_position = 16,
		.green_position = 8,
	};
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_NOWARN | __GFP_ZERO, ORDER);

	if (!page) {
		pr_warn("ramfb: no block of order %d is left for the pixels", ORDER);
		return;
	}
	if (show(page_address(page)) && framebuffer_console_open(page_address(page), &shape))
		return;
	__free_pages(page, ORDER);
}

__init void ramfb_init(const struct boot_info *boot)
{
	if (!framebuffer_console_wanted() || !fw_cfg_open(boot))
		return;
	if (fw_cfg_has_file(FILE))
		set_up();
	fw_cfg_close();
}
