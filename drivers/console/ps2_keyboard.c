/* SPDX-License-Identifier: MIT */
/*
 * ps2_keyboard.c - keys of a PC's keyboard, as a terminal would send them.
 *
 * THE IDEA
 *	The controller (i8042) hands over one byte for each key pressed, and the
 *	same with bit 7 set when it is released. It is asked by polling; it may not
 *	interrupt. It translates what keyboards of today send into the codes
 *	of the first PC ("set 1"), in which keys are numbered row by row. Keys that the first PC did not have come
 *	behind 0xe0.
 *
 * LINUX	drivers/input/serio/i8042.c, drivers/input/keyboard/atkbd.c. Source: IBM PS/2
 *		Technical Reference, keyboard and auxiliary device controller.
 */
#include <drivers/ps2_keyboard.h>

#include <arch/mmio.h>
#include <lib/init.h>

#define PORT_DATA    0x60
#define PORT_STATUS  0x64 /* read */
#define PORT_COMMAND 0x64 /* written */

#define STATUS_OUTPUT_FULL 0x01 /* a byte can be read */
#define STATUS_INPUT_FULL  0x02 /* the last byte written is not taken yet */
#define STATUS_AUXILIARY   0x20 /* the byte is the mouse's */
#define STATUS_ABSENT	   0xff

#define COMMAND_READ_CONFIG   0x20
#define COMMAND_WRITE_CONFIG  0x60
#define COMMAND_DISABLE_MOUSE 0xa7
#define COMMAND_SELF_TEST     0xaa
#define COMMAND_DISABLE_KEYS  0xad
#define COMMAND_ENABLE_KEYS   0xae
#define SELF_TEST_PASSED      0x55

#define CONFIG_INTERRUPTS 0x03 /* of keyboard and mouse */
#define CONFIG_NO_CLOCK	  0x10 /* keyboard off */
#define CONFIG_TRANSLATE  0x40

#define KEYBOARD_ENABLE 0xf4
#define KEYBOARD_ACK	0xfa

#define MAX_POLLS 100000 /* a self-test takes some 10 ms, a port access about 1 us */
#define MAX_STALE 64	 /* bytes of before that are thrown away */

enum { CODE_LEFT_SHIFT = 0x2a, CODE_RIGHT_SHIFT = 0x36, CODE_CONTROL = 0x1d, CODE_CAPS = 0x3a };

#define RELEASED 0x80
#define EXTENDED 0xe0

/* By code, 0: no letter. Escape, row of digits, three rows of letters, the blank. */
static const char plain[] =
	"\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
	"\0\033!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
static_assert(sizeof(plain) == sizeof(shifted) && sizeof(plain) == 0x39 + 2, "both have every key");

static struct ps2_keys keys;

/* --- codes to bytes ------------------------------------------------------------ */

/* Without the ESC in front. */
static const char *sequence_of(uint8_t code)
{
	switch (code) {
	case 0x47:
		return "[H";
	case 0x48:
		return "[A";
	case 0x4b:
		return "[D";
	case 0x4d:
		return "[C";
	case 0x4f:
		return "[F";
	case 0x50:
		return "[B";
	case 0x53:
		return "[3~";
	default:
		return NULL;
	}
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int letter_of(const struct ps2_keys *held, uint8_t code)
{
	bool upper = held->shift;
	char c;

	if (code >= sizeof(plain) - 1 || !plain[code])
		return -1;
	if (is_letter(plain[code]))
		upper ^= held->caps_lock;
	c = upper ? shifted[code] : plain[code];
	if (held->control && c >= '@' && c <= '~')
		c &= 0x1f;
	return c;
}

/* Shift, control, caps lock: true when the code was one of them. */
static bool hold(struct ps2_keys *held, uint8_t code, bool pressed)
{
	switch (code) {
	case CODE_LEFT_SHIFT:
	case CODE_RIGHT_SHIFT:
		held->shift = pressed;
		return true;
	case CODE_CONTROL:
		held->control = pressed;
		return true;
	case CODE_CAPS:
		held->caps_lock ^= pressed;
		return true;
	default:
		return false;
	}
}

static int extended_key(struct ps2_keys *held, uint8_t code)
{
	if (code == 0x1c) /* the number pad's enter */
		return '\r';
	if (code == 0x35) /* and its slash */
		return '/';
	held->rest = sequence_of(code);
	return held->rest ? 0x1b : -1;
}

int ps2_keys_decode(struct ps2_keys *held, uint8_t code)
{
	bool pressed = !(code & RELEASED), extended = held->extended;

	held->extended = code == EXTENDED;
	if (code == EXTENDED)
		return -1;
	code &= (uint8_t)~RELEASED;
	/* Keyboards wrap 0xe0 0x2a, a shift that nobody holds, around some of the arrows. */
	if (extended && code != CODE_CONTROL)
		return pressed ? extended_key(held, code) : -1;
	if (hold(held, code, pressed) || !pressed)
		return -1;
	return letter_of(held, code);
}

/* --- the controller -------------------------------------------------------------- */

static __init bool wait_until_taken(void)
{
	for (unsigned int i = 0; i < MAX_POLLS; i++)
		if (!(arch_port_read8(PORT_STATUS) & STATUS_INPUT_FULL))
			return true;
	return false;
}

static bool send(uint16_t port, uint8_t byte)
{
	if (!wait_until_taken())
		return false;
	arch_port_write8(port, byte);
	return true;
}

static __init int receive(void)
{
	for (unsigned int i = 0; i < MAX_POLLS; i++)
		if (arch_port_read8(PORT_STATUS) & STATUS_OUTPUT_FULL)
			return arch_port_read8(PORT_DATA);
	return -1;
}

static void throw_away(void)
{
	for (unsigned int i = 0; i < MAX_STALE; i++) {
		if (!(arch_port_read8(PORT_STATUS) & STATUS_OUTPUT_FULL))
			return;
		arch_port_read8(PORT_DATA);
	}
}

/* The self-test may bring back the settings of power-on, so it comes before them. */
static __init bool set_up_controller(void)
{
	int config;

	if (!send(PORT_COMMAND, COMMAND_DISABLE_KEYS) || !send(PORT_COMMAND, COMMAND_DISABLE_MOUSE))
		return false;
	throw_away();
	if (!send(PORT_COMMAND, COMMAND_SELF_TEST) || receive() != SELF_TEST_PASSED)
		return false;
	if (!send(PORT_COMMAND, COMMAND_READ_CONFIG) || (config = receive()) < 0)
		return false;
	config &= ~(CONFIG_INTERRUPTS | CONFIG_NO_CLOCK);
	config |= CONFIG_TRANSLATE;
	return send(PORT_COMMAND, COMMAND_WRITE_CONFIG) && send(PORT_DATA, (uint8_t)config) &&
	       send(PORT_COMMAND, COMMAND_ENABLE_KEYS);
}

__init bool ps2_keyboard_init(void)
{
	if (!arch_has_ports() || arch_port_read8(PORT_STATUS) == STATUS_ABSENT)
		return false;
	if (!set_up_controller())
		return false;
	return send(PORT_DATA, KEYBOARD_ENABLE) && receive() == KEYBOARD_ACK;
}

int ps2_keyboard_read(void)
{
	uint8_t status;

	if (keys.rest && *keys.rest)
		return (uint8_t)*keys.rest++;
	status = arch_port_read8(PORT_STATUS);
	if (status == STATUS_ABSENT || !(status & STATUS_OUTPUT_FULL))
		return -1;
	if (status & STATUS_AUXILIARY) {
		arch_port_read8(PORT_DATA);
		return -1;
	}
	return ps2_keys_decode(&keys, arch_port_read8(PORT_DATA));
}
