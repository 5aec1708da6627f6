/* SPDX-License-Identifier: MIT */
/*
 * mm/io.h - device memory: mapping it, reading and writing it. (Linux: include/linux/io.h, asm/io.h)
 *
 *	registers = ioremap(0xfeb00000, 4096);
 *	writel(1, registers + 0x70);
 *	iounmap(registers);
 */
#pragma once

#include <arch/mmio.h>
#include <lib/types.h>

/* A pointer that only the functions below may use. */
#define __iomem

/*
 * Map device memory; the result keeps the offset of an unaligned `pa`. NULL: no bytes, a range that wraps or goes beyond what the CPU
 * can address, no memory; and, with one warning, RAM anywhere in the range, or a part of it mapped with another type already.
 *
 *	ioremap		each access reaches the device, in order (x86: UC, aarch64: Device-nGnRE)
 *	ioremap_wc	stores may be gathered: for pixels
 *	ioremap_wt	reads may be cached, stores go through
 *	ioremap_cache	like RAM
 *
 * May sleep.
 */
void __iomem *__must_check ioremap(phys_addr_t pa, size_t size);
void __iomem *__must_check ioremap_wc(phys_addr_t pa, size_t size);
void __iomem *__must_check ioremap_wt(phys_addr_t pa, size_t size);
void __iomem *__must_check ioremap_cache(phys_addr_t pa, size_t size);

/* NULL does nothing; what is no such mapping is reported and left alone. Any context. */
void iounmap(volatile void __iomem *address);

struct device;

/*
 * The same in a device's name: unmapped when its driver lets go, or by devm_iounmap(), which reports an address that is not the
 * device's. devm_ioremap_resource() also claims the range, as `name`. May sleep.
 */
void __iomem *__must_check devm_ioremap(struct device *device, phys_addr_t pa, size_t size);
void __iomem *__must_check devm_ioremap_resource(struct device *device, phys_addr_t pa, size_t size,
						 const char *name);
void devm_iounmap(struct device *device, volatile void __iomem *address);

/*
 * `size` bytes from or to device memory, or set there to a byte: by aligned accesses of 1 or 8 bytes, each once, with the order that
 * readb() and writeb() give the first and the last. Any context. (Linux: memcpy_fromio)
 */
void memcpy_fromio(void *to, const volatile void __iomem *from, size_t size);
void memcpy_toio(volatile void __iomem *to, const void *from, size_t size);
void memset_io(volatile void __iomem *to, int value, size_t size);

/*
 * One access of that width. A write comes after all earlier stores to RAM, a read before all later loads from it: so a
 * device that is told to look sees what was written for it. The _relaxed forms keep the order of accesses to one device only.
 */
static inline uint8_t readb_relaxed(const volatile void __iomem *at)
{
	return mmio_read8((uintptr_t)at);
}

static inline uint16_t readw_relaxed(const volatile void __iomem *at)
{
	return mmio_read16((uintptr_t)at);
}

static inline uint32_t readl_relaxed(const volatile void __iomem *at)
{
	return mmio_read32((uintptr_t)at);
}

static inline uint64_t readq_relaxed(const volatile void __iomem *at)
{
	return mmio_read64((uintptr_t)at);
}

static inline void writeb_relaxed(uint8_t value, volatile void __iomem *at)
{
	mmio_write8((uintptr_t)at, value);
}

static inline void writew_relaxed(uint16_t value, volatile void __iomem *at)
{
	mmio_write16((uintptr_t)at, value);
}

static inline void writel_relaxed(uint32_t value, volatile void __iomem *at)
{
	mmio_write32((uintptr_t)at, value);
}

static inline void writeq_relaxed(uint64_t value, volatile void __iomem *at)
{
	mmio_write64((uintptr_t)at, value);
}

static inline uint8_t readb(const volatile void __iomem *at)
{
	uint8_t value = readb_relaxed(at);

	arch_io_read_barrier();
	return value;
}

static inline uint16_t readw(const volatile void __iomem *at)
{
	uint16_t value = readw_relaxed(at);

	arch_io_read_barrier();
	return value;
}

static inline uint32_t readl(const volatile void __iomem *at)
{
	uint32_t value = readl_relaxed(at);

	arch_io_read_barrier();
	return value;
}

static inline uint64_t readq(const volatile void __iomem *at)
{
	uint64_t value = readq_relaxed(at);

	arch_io_read_barrier();
	return value;
}

static inline void writeb(uint8_t value, volatile void __iomem *at)
{
	arch_io_write_barrier();
	writeb_relaxed(value, at);
}

static inline void writew(uint16_t value, volatile void __iomem *at)
{
	arch_io_write_barrier();
	writew_relaxed(value, at);
}

static inline void writel(uint32_t value, volatile void __iomem *at)
{
	arch_io_write_barrier();
	writel_relaxed(value, at);
}

static inline void writeq(uint64_t value, volatile void __iomem *at)
{
	arch_io_write_barrier();
	writeq_relaxed(value, at);
}
