/* SPDX-License-Identifier: MIT */
/*
 * drivers/fw_cfg.h - files that QEMU keeps for what runs in it.
 */
#pragma once

#include <lib/firmware/boot_info.h>

/*
 * Is QEMU's device there: at I/O port 0x510 of a PC, or where the device tree says? Maps its registers at FIX_FW_CFG until
 * fw_cfg_close(). One user at a time, task context.
 */
bool fw_cfg_open(const struct boot_info *boot);
void fw_cfg_close(void);

/* Has it a file of that name? */
bool fw_cfg_has_file(const char *name);

/*
 * Write `size` bytes to the start of the file `name`. `data` lies in the direct map or in the image. 0; -ENOENT when there is no such
 * file, -EIO when QEMU refuses.
 */
int fw_cfg_write_file(const char *name, const void *data, size_t size);
