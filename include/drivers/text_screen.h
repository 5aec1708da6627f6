/* SPDX-License-Identifier: MIT */
/*
 * drivers/text_screen.h - a terminal of letters on memory that is shown as pixels.
 */
#pragma once

#include <lib/firmware/boot_info.h>

/* What is more than this is drawn with letters twice, three or four times as large. */
#define TEXT_SCREEN_MAX_COLUMNS 240
#define TEXT_SCREEN_MAX_ROWS	80
#define TEXT_SCREEN_MAX_SCALE	4

enum text_colour { COLOUR_TEXT, COLOUR_WARNING, COLOUR_ERROR, NR_TEXT_COLOURS };
enum text_escape { TEXT_PLAIN, TEXT_ESCAPE, TEXT_BRACKET };

/* A letter and its colour, as it should be seen or as it was drawn. */
typedef uint16_t text_cell_t;

struct text_screen {
	uint8_t *pixels;
	struct boot_framebuffer shape; /* base is not used: `pixels` says where */
	unsigned int bytes_per_pixel;
	unsigned int scale;	    /* a dot of a letter is scale x scale pixels */
	unsigned int left, top;	    /* the margin that makes the cells stand in the middle */
	unsigned int columns, rows; /* of cells */
	unsigned int column,
		row; /* where the next letter goes; column == columns: behind a full row */
	enum text_colour colour;
	enum text_escape escape;
	unsigned int first_changed, end_changed; /* rows that may differ from what is drawn */
	unsigned int cursor_row;		 /* where the cursor was drawn last */
	text_cell_t *wanted, *shown;		 /* rows * columns each */
	uint32_t pixel[NR_TEXT_COLOURS + 1];	 /* as the device wants it; the last is the paper */
};

/*
 * Prepare `screen` for pixels of that shape: 16 (5-6-5), 24 or 32 bits of direct colour. `cells`
 * is room for `nr_cells`; two are needed for each letter. Clears all pixels. 0; -EINVAL when the shape cannot be
 * drawn on, -ENOSPC when there are not cells enough. The memory behind `pixels` is never read.
 */
int text_screen_init(struct text_screen *screen, void *pixels, const struct boot_framebuffer *shape,
		     text_cell_t *cells, size_t nr_cells);

/*
 * Print `text` in that colour and draw what has changed. Knows \n \r \b \t, drops \a and ESC [ sequences; backspace goes back over
 * the end of a row. Any context; allocates nothing.
 */
void text_screen_write(struct text_screen *screen, enum text_colour colour, const char *text,
		       size_t length);
