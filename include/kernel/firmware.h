/* SPDX-License-Identifier: MIT */
/*
 * kernel/firmware.h - from the loader's bytes to a complete struct boot_info.
 */
#pragma once

#include <lib/firmware/boot_info.h>

/*
 * Reads what the loader left: memory map, command line, initrd, CPUs, console. `boot` has protocol,
 * its address and the image's range; on return it is complete and everything that lies in memory is in
 * boot->reserved. Data that cannot be used ends the machine with a message and HALT_BAD_BOOT.
 * Once, after fixmap_init(), before the first allocation.
 */
void firmware_read(struct boot_info *boot);
