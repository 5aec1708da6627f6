/* SPDX-License-Identifier: MIT */
/*
 * asm/x86.h - what the files of arch/x86_64 share among themselves.
 */
#pragma once

#include <lib/types.h>

/* GDT, TSS and IDT of the boot CPU: exceptions are reported from here on. Once, interrupts off. */
void x86_descriptors_init(void);

/* Protections, memory types and limits of the CPU that runs this. After the descriptors, before anything is mapped. */
void x86_cpu_init(void);

/* MAXPHYADDR: how many bits a physical address has. */
unsigned int x86_phys_bits(void);

struct x86_cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct x86_cpuid x86_cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct x86_cpuid result;

	asm volatile("cpuid"
		     : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
		     : "a"(leaf), "c"(subleaf));
	return result;
}

static inline unsigned long x86_read_cr4(void)
{
	unsigned long value;

	asm volatile("movq %%cr4, %0" : "=r"(value));
	return value;
}

static inline void x86_write_cr4(unsigned long value)
{
	asm volatile("movq %0, %%cr4" : : "r"(value) : "memory");
}

static inline unsigned long x86_read_cr3(void)
{
	unsigned long value;

	asm volatile("movq %%cr3, %0" : "=r"(value));
	return value;
}

static inline void x86_write_cr3(unsigned long value)
{
	asm volatile("movq %0, %%cr3" : : "r"(value) : "memory");
}

static inline uint64_t x86_read_msr(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void x86_write_msr(uint32_t msr, uint64_t value)
{
	asm volatile("wrmsr"
		     :
		     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
		     : "memory");
}
