/* SPDX-License-Identifier: MIT */
/*
 * drivers/ramfb.h - a screen for a virtual machine that has none (QEMU: -device ramfb).
 */
#pragma once

#include <lib/firmware/boot_info.h>

/*
 * Where QEMU offers it and there is no screen yet, gives it a block of memory to show and registers a console on it. Once, after
 * mm_init(), because the memory comes from alloc_pages(); it is never given back. Without the device nothing happens.
 */
void ramfb_init(const struct boot_info *boot);
