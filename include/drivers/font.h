/* SPDX-License-Identifier: MIT */
/*
 * drivers/font.h - letters of 8 by 16 dots for printable ASCII.
 */
#pragma once

#include <stdint.h>

#define FONT_WIDTH  8
#define FONT_HEIGHT 16
#define FONT_GLYPHS 96

/* Before the first font_glyph(); again does nothing. */
void font_init(void);

/* FONT_HEIGHT lines from the top, the leftmost dot in bit 7. A byte without a letter is a box. */
const uint8_t *font_glyph(uint8_t byte);
