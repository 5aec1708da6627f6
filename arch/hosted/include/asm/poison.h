/* SPDX-License-Identifier: MIT */
/* asm/poison.h - AddressSanitizer watches, where the build has it (HOSTED_ASAN). */
#pragma once

void __asan_poison_memory_region(const volatile void *p, size_t n);
void __asan_unpoison_memory_region(const volatile void *p, size_t n);

static inline void arch_poison(const void *p, size_t n)
{
	if (HOSTED_ASAN)
		__asan_poison_memory_region(p, n);
}

static inline void arch_unpoison(const void *p, size_t n)
{
	if (HOSTED_ASAN)
		__asan_unpoison_memory_region(p, n);
}
