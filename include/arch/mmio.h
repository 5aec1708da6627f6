/* SPDX-License-Identifier: MIT */
/*
 * arch/mmio.h - one access of exactly that width to a device register.
 *
 * `va` lies in a mapping of PROT_DEVICE. Accesses to one device keep their
 * order; ordering against RAM is the driver's affair.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

static inline uint8_t mmio_read8(uintptr_t va);
static inline uint16_t mmio_read16(uintptr_t va);
static inline uint32_t mmio_read32(uintptr_t va);
static inline uint64_t mmio_read64(uintptr_t va);
static inline void mmio_write8(uintptr_t va, uint8_t value);
static inline void mmio_write16(uintptr_t va, uint16_t value);
static inline void mmio_write32(uintptr_t va, uint32_t value);
static inline void mmio_write64(uintptr_t va, uint64_t value);

/*
 * Between a device read and later loads from RAM; between stores to RAM and a later device write: each is seen
 * by the device, or by this CPU, in that order.
 */
static inline void arch_io_read_barrier(void);
static inline void arch_io_write_barrier(void);

/* The x86 I/O space; elsewhere arch_has_ports() is false, reads give all ones and writes do nothing. */
static inline bool arch_has_ports(void);
static inline uint8_t arch_port_read8(uint16_t port);
static inline void arch_port_write8(uint16_t port, uint8_t value);
static inline void arch_port_write32(uint16_t port, uint32_t value);

#include <asm/mmio.h>
