/* SPDX-License-Identifier: MIT */
/*
 * lib/init.h - what only the boot needs, and what only the boot writes. (Linux: include/linux/init.h, include/linux/cache.h)
 *
 *	__init void page_init(void)		runs at boot alone; its memory is given back when the boot is over
 *	static char words[64] __initdata;	used at boot alone; likewise
 *	static bool has_pan __ro_after_init;	read-only when the boot is over
 *	__ref void kmain(...)			calls __init functions, and knows that the boot is not over yet
 *
 * Files that are read at boot alone, but called by self-tests too, stand in boot_src of the build: without tests their code is
 * __init as a whole.
 *
 * When the boot is over nothing is mapped where __init functions were: a call is a fault that says so. tools/check_init.py
 * proves that nothing else refers to them. What a self-test calls is not __init.
 */
#pragma once

#include <lib/types.h>

#define __init		__section(".init.text") __noinline
#define __initdata	__section(".init.data")
#define __ro_after_init __section(".ro_after_init")
#define __ref		__section(".ref.text")
