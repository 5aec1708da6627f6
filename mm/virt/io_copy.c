/* SPDX-License-Identifier: MIT */
/*
 * io_copy.c - many bytes from device memory, to it, in it.
 *
 * A device may refuse an access that is not aligned, or answer it wrongly, and memcpy() promises nothing about the
 * accesses it makes. So single bytes go up to the first multiple of 8 on the device's side, then words of 8,
 * then bytes again; no byte is accessed twice, none beside the range. RAM may lie at any address.
 *
 * COST		An access for 8 bytes.
 * FLOOR	virt.
 * LINUX	lib/iomem_copy.c: memcpy_fromio(), memcpy_toio(), memset_io(). The barriers are those of readb() and
 *		writeb(), once: before the first store to the device, behind the last load from it.
 */
#include <mm/io.h>

#include <lib/string.h>

#define WORD sizeof(uint64_t)

/* Bytes in front of the first multiple of 8. */
static size_t bytes_in_front(const volatile void __iomem *at, size_t size)
{
	return min((size_t)(-(uintptr_t)at % WORD), size);
}

void memcpy_fromio(void *to, const volatile void __iomem *from, size_t size)
{
	const volatile uint8_t __iomem *source = from;
	size_t front = bytes_in_front(from, size);
	uint8_t *target = to;
	uint64_t word;

	for (size -= front; front; front--)
		*target++ = readb_relaxed(source++);
	for (; size >= WORD; size -= WORD, source += WORD, target += WORD) {
		word = readq_relaxed(source);
		memcpy(target, &word, WORD);
	}
	for (; size; size--)
		*target++ = readb_relaxed(source++);
	arch_io_read_barrier();
}

void memcpy_toio(volatile void __iomem *to, const void *from, size_t size)
{
	size_t front = bytes_in_front(to, size);
	volatile uint8_t __iomem *target = to;
	const uint8_t *source = from;
	uint64_t word;

	arch_io_write_barrier();
	for (size -= front; front; front--)
		writeb_relaxed(*source++, target++);
	for (; size >= WORD; size -= WORD, source += WORD, target += WORD) {
		memcpy(&word, source, WORD);
		writeq_relaxed(word, target);
	}
	for (; size; size--)
		writeb_relaxed(*source++, target++);
}

void memset_io(volatile void __iomem *to, int value, size_t size)
{
	uint64_t word = (uint8_t)value * (~0UL / 0xff);
	size_t front = bytes_in_front(to, size);
	volatile uint8_t __iomem *target = to;

	arch_io_write_barrier();
	for (size -= front; front; front--)
		writeb_relaxed((uint8_t)value, target++);
	for (; size >= WORD; size -= WORD, target += WORD)
		writeq_relaxed(word, target);
	for (; size; size--)
		writeb_relaxed((uint8_t)value, target++);
}
