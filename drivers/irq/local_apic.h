/* SPDX-License-Identifier: MIT */
/*
 * local_apic.h - the registers of a PC's local interrupt controller, for its driver and its timer's.
 *
 * Source: Intel SDM volume 3, 11.4 (registers), 11.5.4 (timer), 11.12 (x2APIC).
 */
#pragma once

#include <lib/types.h>

enum local_apic_register {
	APIC_TASK_PRIORITY = 0x80,
	APIC_END = 0xb0,
	APIC_SPURIOUS = 0xf0,
	APIC_COMMAND = 0x300,
	APIC_COMMAND_HIGH = 0x310,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_THERMAL = 0x330,
	APIC_LVT_COUNTERS = 0x340,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_START = 0x380,
	APIC_TIMER_NOW = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0,
};

#define APIC_LVT_MASKED	  (1U << 16)
#define APIC_DIVIDE_BY_16 0x3

/* Interrupts are the vectors behind the 32 exceptions: number n is vector 32 + n. */
#define APIC_FIRST_VECTOR 32

uint32_t local_apic_read(enum local_apic_register index);
void local_apic_write(enum local_apic_register index, uint32_t value);
