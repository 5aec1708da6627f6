/* SPDX-License-Identifier: MIT */
/*
 * asm/mmio.h - device registers on x86_64.
 *
 * The moves are written out, so that the compiler neither widens, splits nor
 * merges them; uncached accesses keep their order in the CPU by themselves.
 */
#pragma once

static inline uint8_t mmio_read8(uintptr_t va)
{
	uint8_t value;

	asm volatile("movb %1, %0" : "=q"(value) : "m"(*(volatile uint8_t *)va) : "memory");
	return value;
}

static inline uint16_t mmio_read16(uintptr_t va)
{
	uint16_t value;

	asm volatile("movw %1, %0" : "=r"(value) : "m"(*(volatile uint16_t *)va) : "memory");
	return value;
}

static inline uint32_t mmio_read32(uintptr_t va)
{
	uint32_t value;

	asm volatile("movl %1, %0" : "=r"(value) : "m"(*(volatile uint32_t *)va) : "memory");
	return value;
}

static inline uint64_t mmio_read64(uintptr_t va)
{
	uint64_t value;

	asm volatile("movq %1, %0" : "=r"(value) : "m"(*(volatile uint64_t *)va) : "memory");
	return value;
}

static inline void mmio_write8(uintptr_t va, uint8_t value)
{
	asm volatile("movb %1, %0" : "=m"(*(volatile uint8_t *)va) : "q"(value) : "memory");
}

static inline void mmio_write16(uintptr_t va, uint16_t value)
{
	asm volatile("movw %1, %0" : "=m"(*(volatile uint16_t *)va) : "r"(value) : "memory");
}

static inline void mmio_write32(uintptr_t va, uint32_t value)
{
	asm volatile("movl %1, %0" : "=m"(*(volatile uint32_t *)va) : "r"(value) : "memory");
}

static inline void mmio_write64(uintptr_t va, uint64_t value)
{
	asm volatile("movq %1, %0" : "=m"(*(volatile uint64_t *)va) : "r"(value) : "memory");
}

static inline bool arch_has_ports(void)
{
	return true;
}

static inline uint8_t arch_port_read8(uint16_t port)
{
	uint8_t value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline void arch_port_write8(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void arch_port_write32(uint16_t port, uint32_t value)
{
	asm volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

/* Device memory is ordered with everything on this CPU; only the compiler has to be told. */
static inline void arch_io_read_barrier(void)
{
	asm volatile("" : : : "memory");
}

static inline void arch_io_write_barrier(void)
{
	asm volatile("" : : : "memory");
}
