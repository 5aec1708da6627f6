/* SPDX-License-Identifier: MIT */
/*
 * framebuffer_test.c - text on pixels that are only memory, and keys that nobody pressed.
 *
 * The screen of a test has 5 columns and 3 rows, and a line of it is longer than its pixels:
 *
 *	|<- 40 pixels, 5 cells ->|<- rest of the pitch: never written ->|
 */
#include <drivers/text_screen.h>

#include <arch/memory.h>
#include <lib/errno.h>
#include <lib/ktest.h>
#include <drivers/font.h>
#include <drivers/framebuffer.h>
#include <drivers/ps2_keyboard.h>

#define COLUMNS 5
#define ROWS	3
#define WIDTH	(COLUMNS * FONT_WIDTH)
#define HEIGHT	(ROWS * FONT_HEIGHT)
#define PITCH	200  /* 160 bytes of pixels at 32 bits */
#define BEHIND	0xa5 /* what stands between the lines, and must stay */

static uint8_t pixels[HEIGHT * PITCH + 8] __aligned(8);
static text_cell_t cells[2 * COLUMNS * ROWS];
static struct text_screen screen;

static struct boot_framebuffer shape_of(unsigned int bits)
{
	struct boot_framebuffer shape = {
		.width = WIDTH, .height = HEIGHT, .pitch = PITCH, .bits_per_pixel = bits};

	shape.red_position = bits == 16 ? 11 : 16;
	shape.green_position = bits == 16 ? 5 : 8;
	return shape;
}

static bool open_screen(unsigned int bits)
{
	struct boot_framebuffer shape = shape_of(bits);

	memset(pixels, BEHIND, sizeof(pixels));
	return text_screen_init(&screen, pixels, &shape, cells, ARRAY_SIZE(cells)) == 0;
}

static void print(const char *text)
{
	text_screen_write(&screen, COLOUR_TEXT, text, strlen(text));
}

static uint32_t pixel(unsigned int x, unsigned int y)
{
	uint32_t value = 0;

	memcpy(&value, &pixels[y * PITCH + x * screen.bytes_per_pixel], screen.bytes_per_pixel);
	return value;
}

static bool cell_shows(unsigned int column, unsigned int row, uint8_t letter, uint32_t ink,
		       uint32_t paper)
{
	for (unsigned int y = 0; y < FONT_HEIGHT; y++) {
		for (unsigned int x = 0; x < FONT_WIDTH; x++) {
			bool dot = font_glyph(letter)[y] & 0x80 >> x;

			if (pixel(column * FONT_WIDTH + x, row * FONT_HEIGHT + y) !=
			    (dot ? ink : paper))
				return false;
		}
	}
	return true;
}

static bool cursor_is_at(unsigned int column, unsigned int row, uint8_t letter)
{
	return cell_shows(column, row, letter, screen.pixel[NR_TEXT_COLOURS],
			  screen.pixel[COLOUR_TEXT]);
}

/* The row's letters, '_' where the cursor stands on a blank, '#' for what is none of ours. */
static const char *row_text(unsigned int row)
{
	static char text[COLUMNS + 1];

	for (unsigned int column = 0; column < COLUMNS; column++) {
		text[column] = cursor_is_at(column, row, ' ') ? '_' : '#';
		for (char c = ' '; c <= '~' && text[column] == '#'; c++)
			if (cell_shows(column, row, (uint8_t)c, screen.pixel[COLOUR_TEXT],
				       screen.pixel[NR_TEXT_COLOURS]))
				text[column] = c;
	}
	return text;
}

static bool nothing_behind_the_lines(void)
{
	for (unsigned int y = 0; y < HEIGHT; y++)
		for (unsigned int i = WIDTH * screen.bytes_per_pixel; i < PITCH; i++)
			if (pixels[y * PITCH + i] != BEHIND)
				return false;
	for (unsigned int i = HEIGHT * PITCH; i < sizeof(pixels); i++)
		if (pixels[i] != BEHIND)
			return false;
	return true;
}

KTEST(framebuffer, letters_stand_in_their_cells_at_every_depth)
{
	for (unsigned int bits = 16; bits <= 32; bits += 8) {
		ASSERT_TEST(open_screen(bits));
		print("Ag|\n~@{");
		EXPECT_STREQ(row_text(0), "Ag|  ");
		EXPECT_STREQ(row_text(1), "~@{_ ");
		EXPECT_STREQ(row_text(2), "     ");
		EXPECT_TRUE(nothing_behind_the_lines());
	}
}

KTEST(framebuffer, colours_go_where_the_shape_says)
{
	struct boot_framebuffer swapped = shape_of(32);

	ASSERT_TEST(open_screen(32));
	EXPECT_EQ(screen.pixel[COLOUR_ERROR], 0xff6e5e);
	ASSERT_TEST(open_screen(16));
	EXPECT_EQ(screen.pixel[COLOUR_ERROR], 0x1f << 11 | 0x6e >> 2 << 5 | 0x5e >> 3);
	swapped.red_position = 0;
	swapped.blue_position = 16;
	EXPECT_EQ(text_screen_init(&screen, pixels, &swapped, cells, ARRAY_SIZE(cells)), 0);
	EXPECT_EQ(screen.pixel[COLOUR_ERROR], 0x5e6eff);
	text_screen_write(&screen, COLOUR_ERROR, "e", 1);
	EXPECT_TRUE(cell_shows(0, 0, 'e', 0x5e6eff, screen.pixel[NR_TEXT_COLOURS]));
}

/*
 *	abcde	a full row waits:	abcde	and the next letter	abcde
 *		no empty row follows	f_				goes below
 */
KTEST(framebuffer, a_full_row_wraps_only_when_more_comes)
{
	ASSERT_TEST(open_screen(32));
	print("abcde\nf");
	EXPECT_STREQ(row_text(0), "abcde");
	EXPECT_STREQ(row_text(1), "f_   ");
	ASSERT_TEST(open_screen(32));
	print("abcdef");
	EXPECT_STREQ(row_text(0), "abcde");
	EXPECT_STREQ(row_text(1), "f_   ");
}

KTEST(framebuffer, the_text_moves_up_when_the_last_row_is_full)
{
	ASSERT_TEST(open_screen(24));
	print("one\ntwo\nthree");
	print("\nfour");
	EXPECT_STREQ(row_text(0), "two  ");
	EXPECT_STREQ(row_text(1), "three");
	EXPECT_STREQ(row_text(2), "four_");
	print("\n\n\n\n");
	EXPECT_STREQ(row_text(0), "     ");
	EXPECT_STREQ(row_text(2), "_    ");
	EXPECT_TRUE(nothing_behind_the_lines());
}

KTEST(framebuffer, the_cursor_leaves_the_row_that_it_was_drawn_in)
{
	ASSERT_TEST(open_screen(32));
	print("a");
	EXPECT_STREQ(row_text(0), "a_   ");
	print("\n");
	EXPECT_STREQ(row_text(0), "a    ");
	EXPECT_STREQ(row_text(1), "_    ");
}

KTEST(framebuffer, backspace_goes_back_over_the_end_of_a_row)
{
	ASSERT_TEST(open_screen(32));
	print("abcdefg\b\b\b\b");
	EXPECT_TRUE(cursor_is_at(3, 0, 'd'));
	print("X");
	EXPECT_STREQ(row_text(1), "fg   ");
	EXPECT_TRUE(cursor_is_at(4, 0, 'e'));
	print("\r\b\b\b");
	EXPECT_TRUE(cursor_is_at(0, 0, 'a'));
	print("\nab\tc");
	EXPECT_STREQ(row_text(1), "ab   ");
	EXPECT_STREQ(row_text(2), "c_   ");
}

KTEST(framebuffer, sequences_for_other_terminals_and_bells_leave_no_trace)
{
	ASSERT_TEST(open_screen(32));
	print("a\x1b[1;31mb\x1b[0m\a\x1b");
	print("[Kc");
	EXPECT_STREQ(row_text(0), "abc_ ");
	print("\x1b"
	      "7\x01");
	EXPECT_TRUE(
		cell_shows(3, 0, 0x7f, screen.pixel[COLOUR_TEXT], screen.pixel[NR_TEXT_COLOURS]));
}

/* A cell that is not drawn again keeps what a test has put over it. */
KTEST(framebuffer, what_has_not_changed_is_not_drawn)
{
	ASSERT_TEST(open_screen(32));
	print("aa\naa\naa\nb");
	pixels[0] ^= 1;
	print("\raa\nc");
	EXPECT_FALSE(
		cell_shows(0, 0, 'a', screen.pixel[COLOUR_TEXT], screen.pixel[NR_TEXT_COLOURS]));
	EXPECT_STREQ(row_text(2), "c_   ");
}

KTEST(framebuffer, a_large_screen_gets_large_letters)
{
	static text_cell_t many[2];
	struct boot_framebuffer shape = shape_of(32);

	shape.width = 3840;
	shape.height = 2160;
	shape.pitch = 3840 * 4;
	EXPECT_EQ(text_screen_init(&screen, pixels, &shape, many, ARRAY_SIZE(many)), -ENOSPC);
	EXPECT_EQ(screen.scale, 2);
	EXPECT_LE(screen.columns, TEXT_SCREEN_MAX_COLUMNS);
	EXPECT_LE(screen.left + screen.columns * FONT_WIDTH * 2, shape.width);
	EXPECT_GE(screen.columns * FONT_WIDTH * 2 + 3 * FONT_WIDTH, shape.width);
}

KTEST(framebuffer, each_letter_needs_two_cells)
{
	struct boot_framebuffer shape = shape_of(32);

	EXPECT_EQ(text_screen_init(&screen, pixels, &shape, cells, ARRAY_SIZE(cells) - 1), -ENOSPC);
	EXPECT_EQ(text_screen_init(&screen, pixels, &shape, cells, ARRAY_SIZE(cells)), 0);
}

KTEST(framebuffer, shapes_that_cannot_be_drawn_on_are_refused)
{
	static const struct boot_framebuffer wrong[] = {
		{.width = 40, .height = 48, .pitch = 200, .bits_per_pixel = 8},
		{.width = 40, .height = 48, .pitch = 159, .bits_per_pixel = 32},
		{.width = 7, .height = 48, .pitch = 200, .bits_per_pixel = 32},
		{.width = 40, .height = 15, .pitch = 200, .bits_per_pixel = 32},
		{.width = 40, .height = 48, .pitch = 200, .bits_per_pixel = 24, .red_position = 17},
		{.width = 0x40000001, .height = 48, .pitch = 200, .bits_per_pixel = 32},
		{.width = 40, .height = 48, .pitch = 0xffffffff, .bits_per_pixel = 32},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(text_screen_init(&screen, pixels, &wrong[i], cells, ARRAY_SIZE(cells)),
			  -EINVAL);
}

KTEST(framebuffer, every_letter_has_a_picture_of_its_own)
{
	font_init();
	for (unsigned int a = ' ' + 1; a <= 0x7f; a++)
		for (unsigned int b = ' '; b < a; b++)
			EXPECT_NE(
				memcmp(font_glyph((uint8_t)a), font_glyph((uint8_t)b), FONT_HEIGHT),
				0);
	EXPECT_EQ(font_glyph(0x80), font_glyph(0x7f));
	for (unsigned int a = ' '; a <= '~'; a++)
		for (unsigned int y = 0; y < FONT_HEIGHT; y++)
			EXPECT_FALSE(font_glyph((uint8_t)a)[y] & 1);
}

/*
 *	RAM, free	| 1 MiB ........................ 9 MiB |
 *	pixels		          | 4 MiB .. 7 MiB |
 */
KTEST(framebuffer, pixels_in_memory_that_is_given_away_are_refused)
{
	static struct boot_info boot;

	memset(&boot, 0, sizeof(boot));
	boot.framebuffer = (struct boot_framebuffer){
		.base = 4 * MiB, .width = 1024, .height = 768, .pitch = 4096, .bits_per_pixel = 32};
	EXPECT_TRUE(framebuffer_place_ok(&boot));

	boot_info_add_range(&boot, 1 * MiB, 8 * MiB, MEMORY_USABLE, SOURCE_KERNEL, 1);
	EXPECT_FALSE(framebuffer_place_ok(&boot));
	boot_info_reserve(&boot, 4 * MiB, 2 * MiB, SOURCE_KERNEL, false, "too little");
	EXPECT_FALSE(framebuffer_place_ok(&boot));
	boot_info_reserve(&boot, 4 * MiB, 3 * MiB, SOURCE_KERNEL, false, "framebuffer");
	EXPECT_TRUE(framebuffer_place_ok(&boot));

	boot.framebuffer.base = arch_phys_end() - 4096;
	EXPECT_FALSE(framebuffer_place_ok(&boot));
	boot.framebuffer.base = ~(phys_addr_t)0xffff;
	EXPECT_FALSE(framebuffer_place_ok(&boot));
}

/* --- keys --------------------------------------------------------------------- */

static const char *type(const uint8_t *codes, size_t nr)
{
	static char typed[32];
	struct ps2_keys keys = {0};
	size_t length = 0;

	for (size_t i = 0; i < nr; i++) {
		int byte = ps2_keys_decode(&keys, codes[i]);

		if (byte > 0 && length < sizeof(typed) - 8)
			typed[length++] = (char)byte;
		while (keys.rest && *keys.rest)
			typed[length++] = *keys.rest++;
	}
	typed[length] = '\0';
	return typed;
}

#define TYPE(...) type((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

KTEST(ps2_keyboard, keys_become_the_letters_of_a_us_keyboard)
{
	EXPECT_STREQ(TYPE(0x1e, 0x9e, 0x30, 0xb0, 0x02, 0x0b, 0x39, 0x35, 0x1c), "ab10 /\r");
	EXPECT_STREQ(TYPE(0x2a, 0x1e, 0x9e, 0x02, 0x0c, 0xaa, 0x1e), "A!_a");
	EXPECT_STREQ(TYPE(0x36, 0x28, 0xb6, 0x28), "\"'");
	EXPECT_STREQ(TYPE(0x0e, 0x0f, 0x01), "\x7f\t\x1b");
}

KTEST(ps2_keyboard, caps_lock_is_for_letters_only_and_shift_undoes_it)
{
	EXPECT_STREQ(TYPE(0x3a, 0xba, 0x1e, 0x02, 0x2a, 0x1e, 0x02, 0xaa, 0x3a, 0xba, 0x1e),
		     "A1a!a");
}

KTEST(ps2_keyboard, control_makes_control_bytes)
{
	EXPECT_STREQ(TYPE(0x1d, 0x2e, 0x9d, 0x2e), "\x03"
						   "c");
	EXPECT_STREQ(TYPE(0xe0, 0x1d, 0x26, 0xe0, 0x9d, 0x26), "\x0cl");
}

KTEST(ps2_keyboard, arrows_are_sequences_and_their_false_shifts_are_dropped)
{
	EXPECT_STREQ(TYPE(0xe0, 0x48, 0xe0, 0xc8), "\x1b[A");
	EXPECT_STREQ(TYPE(0xe0, 0x2a, 0xe0, 0x53, 0xe0, 0xd3, 0xe0, 0xaa, 0x1e), "\x1b[3~a");
	EXPECT_STREQ(TYPE(0xe0, 0x2a, 0x1e), "a");
	EXPECT_STREQ(TYPE(0xe0, 0x4b, 0xe0, 0x35, 0xe0, 0x1c, 0xe0, 0x5b), "\x1b[D/\r");
}

KTEST(ps2_keyboard, codes_without_a_meaning_type_nothing)
{
	EXPECT_STREQ(TYPE(0x00, 0xfa, 0xff, 0x7f, 0x3b, 0x58, 0x38, 0xb8, 0xe1, 0x45), "");
}
