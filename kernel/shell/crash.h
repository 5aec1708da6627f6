/* SPDX-License-Identifier: MIT */
/*
 * crash.h - kinds of `crash` that stand beside what they break.
 */
#pragma once

/* devices.c: each makes one report. */
void crash_devmem_wrong_free(void);
void crash_devmem_double_free(void);
void crash_devmem_header(void);
