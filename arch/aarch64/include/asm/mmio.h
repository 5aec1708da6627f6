/* SPDX-License-Identifier: MIT */
/*
 * asm/mmio.h - loads and stores that the compiler can neither change nor merge, with plain addressing,
 * which a hypervisor can decode.
 */
#pragma once

static inline uint8_t mmio_read8(uintptr_t va)
{
	uint32_t value;

	asm volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(va) : "memory");
	return (uint8_t)value;
}

static inline uint16_t mmio_read16(uintptr_t va)
{
	uint32_t value;

	asm volatile("ldrh %w0, [%1]" : "=r"(value) : "r"(va) : "memory");
	return (uint16_t)value;
}

static inline uint32_t mmio_read32(uintptr_t va)
{
	uint32_t value;

	asm volatile("ldr %w0, [%1]" : "=r"(value) : "r"(va) : "memory");
	return value;
}

static inline uint64_t mmio_read64(uintptr_t va)
{
	uint64_t value;

	asm volatile("ldr %x0, [%1]" : "=r"(value) : "r"(va) : "memory");
	return value;
}

static inline void mmio_write8(uintptr_t va, uint8_t value)
{
	asm volatile("strb %w0, [%1]" : : "r"(value), "r"(va) : "memory");
}

static inline void mmio_write16(uintptr_t va, uint16_t value)
{
	asm volatile("strh %w0, [%1]" : : "r"(value), "r"(va) : "memory");
}

static inline void mmio_write32(uintptr_t va, uint32_t value)
{
	asm volatile("str %w0, [%1]" : : "r"(value), "r"(va) : "memory");
}

static inline void mmio_write64(uintptr_t va, uint64_t value)
{
	asm volatile("str %x0, [%1]" : : "r"(value), "r"(va) : "memory");
}

static inline bool arch_has_ports(void)
{
	return false;
}

static inline uint8_t arch_port_read8(uint16_t port)
{
	(void)port;
	return 0xff;
}

static inline void arch_port_write8(uint16_t port, uint8_t value)
{
	(void)port;
	(void)value;
}

static inline void arch_port_write32(uint16_t port, uint32_t value)
{
	(void)port;
	(void)value;
}

static inline void arch_io_read_barrier(void)
{
	asm volatile("dmb oshld" : : : "memory");
}

static inline void arch_io_write_barrier(void)
{
	asm volatile("dmb oshst" : : : "memory");
}
