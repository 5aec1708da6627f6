/* SPDX-License-Identifier: MIT */
/*
 * A file built without the Makefile's configuration says so.
 *
 * expect: build through the Makefile
 */
#if MISTAKE
#undef CONFIG_DEBUG
#endif
#include <config.h>

int snippet;
