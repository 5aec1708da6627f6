/* SPDX-License-Identifier: MIT */
/* asm/mmio.h - one volatile access; the hosted machine has no I/O ports. */
#pragma once

static inline uint8_t mmio_read8(uintptr_t va)
{
	return *(const volatile uint8_t *)va;
}

static inline uint16_t mmio_read16(uintptr_t va)
{
	return *(const volatile uint16_t *)va;
}

static inline uint32_t mmio_read32(uintptr_t va)
{
	return *(const volatile uint32_t *)va;
}

static inline uint64_t mmio_read64(uintptr_t va)
{
	return *(const volatile uint64_t *)va;
}

static inline void mmio_write8(uintptr_t va, uint8_t value)
{
	*(volatile uint8_t *)va = value;
}

static inline void mmio_write16(uintptr_t va, uint16_t value)
{
	*(volatile uint16_t *)va = value;
}

static inline void mmio_write32(uintptr_t va, uint32_t value)
{
	*(volatile uint32_t *)va = value;
}

static inline void mmio_write64(uintptr_t va, uint64_t value)
{
	*(volatile uint64_t *)va = value;
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
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

static inline void arch_io_write_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
}
