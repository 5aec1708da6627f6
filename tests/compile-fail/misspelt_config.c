/* SPDX-License-Identifier: MIT */
/*
 * A configuration name that nobody passes is an error, not a zero.
 *
 * expect: CONFIG_DEBGU
 */
#include <config.h>

#if MISTAKE
#if CONFIG_DEBGU
#endif
#endif

int snippet;
