/* SPDX-License-Identifier: MIT */
/* kernel/main.h - what the prompt asks of the boot. */
#pragma once

#include <lib/firmware/boot_info.h>

/* arch_cycles() from the first instruction until the prompt was ready; under -icount, instructions. */
uint64_t boot_cycles_to_prompt(void);

/* What the firmware said. */
const struct boot_info *boot_info_get(void);
