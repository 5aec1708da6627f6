/* SPDX-License-Identifier: MIT */
/*
 * text_screen.c - text in cells, and cells as pixels.
 *
 * THE IDEA
 *	To read a framebuffer is slow, sometimes a hundred times slower than to
 *	write it, so the screen's text is kept twice in RAM: as it should be and
 *	as it was drawn. Text changes the first. At the end of each write the
 *	rows that have changed are compared, and only cells that differ are drawn.
 *	To scroll is to move the text in RAM; most of a log's cells are blanks before and
 *	after, and are not touched.
 *
 * PICTURE	one line more on a full screen
 *
 *	wanted			shown			drawn
 *	| b u d d y   |		| h e l l o   |		  b u d d y
 *	| o k         |		| b u d d y   |		  o k _ _ _
 *	| l o a m >   |		| o k         |		  l o a m >
 *
 * INVARIANTS	X1  column <= columns, row < rows at every moment: a panic may write from the
 *		    middle of a write.
 *		X2  Outside [first_changed, end_changed) wanted and shown are equal, but for the cursor.
 *
 * LOCKING	The caller's: printk's lock, or nobody else runs.
 * COST		A letter: 16 lines of 4 stores. A scroll: a copy of all cells, a look at each,
 *		and the letters that differ.
 * FLOOR	drivers; pure.
 * LINUX	drivers/video/fbdev/core/fbcon.c, drivers/tty/vt/vt.c: vc_screenbuf.
 */
#include <drivers/text_screen.h>

#include <lib/bits.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <drivers/font.h>

#define TAB		8
#define CELL_CURSOR	0x8000 /* drawn with ink and paper exchanged */
#define PAPER		NR_TEXT_COLOURS
#define ROOMY_ROWS	30
#define ROOMY_COLUMNS	80
#define MAX_DIMENSION	16384
#define MAX_PIXEL_BYTES 4

/* 0xrrggbb */
static const uint32_t palette[NR_TEXT_COLOURS + 1] = {
	[COLOUR_TEXT] = 0xd0d0c8,
	[COLOUR_WARNING] = 0xf0c850,
	[COLOUR_ERROR] = 0xff6e5e,
	[PAPER] = 0x16181d,
};

/* --- pixels ------------------------------------------------------------------ */

static uint32_t encode_pixel(const struct boot_framebuffer *shape, uint32_t rgb)
{
	uint32_t red = rgb >> 16 & 0xff, green = rgb >> 8 & 0xff, blue = rgb & 0xff;

	if (shape->bits_per_pixel == 16) {
		red >>= 3;
		green >>= 2;
		blue >>= 3;
	}
	return red << shape->red_position | green << shape->green_position |
	       blue << shape->blue_position;
}

/* `count` pixels from the bits of a line of a letter, each repeated `scale` times; both machines are little-endian. */
static void expand_line(const struct text_screen *screen, uint8_t bits, uint32_t ink,
			uint32_t paper, uint8_t *out)
{
	for (unsigned int x = 0; x < FONT_WIDTH; x++) {
		uint32_t pixel = bits & 0x80 >> x ? ink : paper;

		for (unsigned int n = 0; n < screen->scale; n++) {
			for (unsigned int i = 0; i < screen->bytes_per_pixel; i++)
				*out++ = (uint8_t)(pixel >> 8 * i);
		}
	}
}

static uint8_t *pixel_at(const struct text_screen *screen, unsigned int x, unsigned int y)
{
	return screen->pixels + (size_t)y * screen->shape.pitch +
	       (size_t)x * screen->bytes_per_pixel;
}

/* Any depth and any size of letters. */
static void draw_glyph(const struct text_screen *screen, uint8_t *at, const uint8_t *glyph,
		       uint32_t ink, uint32_t paper)
{
	uint8_t line[FONT_WIDTH * TEXT_SCREEN_MAX_SCALE * MAX_PIXEL_BYTES] __aligned(8);
	size_t size = (size_t)FONT_WIDTH * screen->scale * screen->bytes_per_pixel;

	for (unsigned int y = 0; y < FONT_HEIGHT; y++) {
		expand_line(screen, glyph[y], ink, paper, line);
		for (unsigned int n = 0; n < screen->scale; n++, at += screen->shape.pitch)
			memcpy(at, line, size);
	}
}

/* Two pixels a store: four times as fast as draw_glyph(), for what nearly every screen is. */
static void draw_glyph_in_pairs(const struct text_screen *screen, uint8_t *at, const uint8_t *glyph,
				uint32_t ink, uint32_t paper)
{
	const uint64_t pairs[4] = {
		(uint64_t)paper << 32 | paper,
		(uint64_t)ink << 32 | paper,
		(uint64_t)paper << 32 | ink,
		(uint64_t)ink << 32 | ink,
	};

	for (unsigned int y = 0; y < FONT_HEIGHT; y++, at += screen->shape.pitch) {
		volatile uint64_t *out = (volatile uint64_t *)at;
		unsigned int bits = glyph[y];

		out[0] = pairs[bits >> 6];
		out[1] = pairs[bits >> 4 & 3];
		out[2] = pairs[bits >> 2 & 3];
		out[3] = pairs[bits & 3];
	}
}

static void draw_cell(const struct text_screen *screen, unsigned int column, unsigned int row,
		      text_cell_t cell)
{
	const uint8_t *glyph = font_glyph(cell & 0xff);
	uint32_t ink = screen->pixel[(cell & ~CELL_CURSOR) >> 8];
	uint32_t paper = screen->pixel[PAPER];
	uint8_t *at = pixel_at(screen, screen->left + column * FONT_WIDTH * screen->scale,
			       screen->top + row * FONT_HEIGHT * screen->scale);
	bool pairs = screen->bytes_per_pixel == 4 && screen->scale == 1 &&
		     IS_ALIGNED((uintptr_t)at | screen->shape.pitch, sizeof(uint64_t));

	if (cell & CELL_CURSOR) {
		paper = ink;
		ink = screen->pixel[PAPER];
	}
	if (pairs)
		draw_glyph_in_pairs(screen, at, glyph, ink, paper);
	else
		draw_glyph(screen, at, glyph, ink, paper);
}

static void clear_pixels(const struct text_screen *screen)
{
	uint8_t line[FONT_WIDTH * TEXT_SCREEN_MAX_SCALE * MAX_PIXEL_BYTES] __aligned(8);
	size_t step = (size_t)FONT_WIDTH * screen->scale * screen->bytes_per_pixel;
	size_t width = (size_t)screen->shape.width * screen->bytes_per_pixel;

	expand_line(screen, 0, 0, screen->pixel[PAPER], line);
	for (unsigned int y = 0; y < screen->shape.height; y++)
		for (size_t x = 0; x < width; x += step)
			memcpy(pixel_at(screen, 0, y) + x, line, min(step, width - x));
}

/* --- cells ------------------------------------------------------------------- */

static text_cell_t make_cell(enum text_colour colour, char letter)
{
	return (text_cell_t)(colour << 8 | (uint8_t)letter);
}

static void row_changed(struct text_screen *screen, unsigned int row)
{
	screen->first_changed = min(screen->first_changed, row);
	screen->end_changed = max(screen->end_changed, row + 1);
}

static void fill(text_cell_t *cells, size_t count, text_cell_t cell)
{
	while (count--)
		*cells++ = cell;
}

static void scroll(struct text_screen *screen)
{
	size_t kept = (size_t)(screen->rows - 1) * screen->columns;

	memmove(screen->wanted, screen->wanted + screen->columns, kept * sizeof(text_cell_t));
	fill(screen->wanted + kept, screen->columns, make_cell(COLOUR_TEXT, ' '));
	screen->first_changed = 0;
	screen->end_changed = screen->rows;
}

static void next_row(struct text_screen *screen)
{
	screen->column = 0;
	if (screen->row + 1 < screen->rows)
		screen->row++;
	else
		scroll(screen);
}

static void put_letter(struct text_screen *screen, char letter)
{
	if (screen->column == screen->columns)
		next_row(screen);
	screen->wanted[screen->row * screen->columns + screen->column] = make_cell(screen->colour,
										   letter);
	row_changed(screen, screen->row);
	screen->column++;
}

static void put_tab(struct text_screen *screen)
{
	do
		put_letter(screen, ' ');
	while (screen->column % TAB && screen->column < screen->columns);
}

static void back(struct text_screen *screen)
{
	if (screen->column > 0) {
		screen->column--;
	} else if (screen->row > 0) {
		screen->row--;
		screen->column = screen->columns - 1;
	}
}

/* True when the byte belongs to a sequence that moves or colours on other terminals. */
static bool eat_escape(struct text_screen *screen, char c)
{
	switch (screen->escape) {
	case TEXT_PLAIN:
		if (c != 0x1b)
			return false;
		screen->escape = TEXT_ESCAPE;
		return true;
	case TEXT_ESCAPE:
		screen->escape = c == '[' ? TEXT_BRACKET : TEXT_PLAIN;
		return true;
	case TEXT_BRACKET:
		if (c >= '@' && c <= '~')
			screen->escape = TEXT_PLAIN;
		return true;
	}
	return false;
}

static void put(struct text_screen *screen, char c)
{
	if (eat_escape(screen, c))
		return;
	switch (c) {
	case '\n':
		next_row(screen);
		return;
	case '\r':
		screen->column = 0;
		return;
	case '\b':
		back(screen);
		return;
	case '\t':
		put_tab(screen);
		return;
	case '\a':
		return;
	default:
		put_letter(screen, c);
	}
}

/* --- from the one to the other ------------------------------------------------- */

static void draw_row(struct text_screen *screen, unsigned int row)
{
	const text_cell_t *wanted = screen->wanted + row * screen->columns;
	text_cell_t *shown = screen->shown + row * screen->columns;
	unsigned int cursor = min(screen->column, screen->columns - 1);

	for (unsigned int column = 0; column < screen->columns; column++) {
		text_cell_t cell = wanted[column];

		if (row == screen->row && column == cursor)
			cell |= CELL_CURSOR;
		if (cell == shown[column])
			continue;
		draw_cell(screen, column, row, cell);
		shown[column] = cell;
	}
}

static void draw_changes(struct text_screen *screen)
{
	row_changed(screen, screen->cursor_row);
	row_changed(screen, screen->row);
	screen->cursor_row = screen->row;
	for (unsigned int row = screen->first_changed; row < screen->end_changed; row++)
		draw_row(screen, row);
	screen->first_changed = screen->rows;
	screen->end_changed = 0;
}

void text_screen_write(struct text_screen *screen, enum text_colour colour, const char *text,
		       size_t length)
{
	screen->colour = colour;
	for (size_t i = 0; i < length; i++)
		put(screen, text[i]);
	draw_changes(screen);
}

static bool can_draw_on(const struct boot_framebuffer *shape)
{
	unsigned int bits = shape->bits_per_pixel;
	unsigned int highest = max(max(shape->red_position, shape->green_position),
				   shape->blue_position);

	if (bits != 16 && bits != 24 && bits != 32)
		return false;
	if (highest + (bits == 16 ? 5 : 8) > bits)
		return false;
	return shape->width >= FONT_WIDTH && shape->width <= MAX_DIMENSION &&
	       shape->height >= FONT_HEIGHT && shape->height <= MAX_DIMENSION &&
	       shape->pitch >= shape->width * (bits / 8) &&
	       shape->pitch <= MAX_DIMENSION * MAX_PIXEL_BYTES * 2;
}

static void divide_into_cells(struct text_screen *screen)
{
	unsigned int width = screen->shape.width / FONT_WIDTH;
	unsigned int height = screen->shape.height / FONT_HEIGHT;
	unsigned int scale = max(DIV_ROUND_UP(width, TEXT_SCREEN_MAX_COLUMNS),
				 DIV_ROUND_UP(height, TEXT_SCREEN_MAX_ROWS));

	scale = min(scale, (unsigned int)TEXT_SCREEN_MAX_SCALE);
	scale = min(scale, min(width, height)); /* at least one letter fits */
	width = min(width / scale, (unsigned int)TEXT_SCREEN_MAX_COLUMNS);
	height = min(height / scale, (unsigned int)TEXT_SCREEN_MAX_ROWS);

	/* Where there is room for it text does not touch the edges. */
	screen->columns = width - (width > ROOMY_COLUMNS);
	screen->rows = height - (height > ROOMY_ROWS);
	screen->scale = scale;
	screen->left = (screen->shape.width - screen->columns * FONT_WIDTH * scale) / 2;
	screen->top = (screen->shape.height - screen->rows * FONT_HEIGHT * scale) / 2;
}

int text_screen_init(struct text_screen *screen, void *pixels, const struct boot_framebuffer *shape,
		     text_cell_t *cells, size_t nr_cells)
{
	size_t nr;

	if (!can_draw_on(shape))
		return -EINVAL;
	*screen = (struct text_screen){
		.pixels = pixels,
		.shape = *shape,
		.bytes_per_pixel = shape->bits_per_pixel / 8,
	};
	divide_into_cells(screen);
	nr = (size_t)screen->columns * screen->rows;
	if (nr_cells < 2 * nr)
		return -ENOSPC;

	screen->wanted = cells;
	screen->shown = cells + nr;
	fill(screen->wanted, nr, make_cell(COLOUR_TEXT, ' '));
	fill(screen->shown, nr, make_cell(COLOUR_TEXT, ' '));
	for (unsigned int i = 0; i <= NR_TEXT_COLOURS; i++)
		screen->pixel[i] = encode_pixel(shape, palette[i]);
	font_init();
	clear_pixels(screen);
	screen->first_changed = screen->rows;
	return 0;
}
