/* SPDX-License-Identifier: MIT */
/*
 * lib/types.h - the few types and helpers that every file uses.
 *
 * Sizes are bytes in size_t, virtual addresses are uintptr_t or pointers,
 * physical addresses are phys_addr_t and never pointers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t phys_addr_t; /* an address on the CPU's physical bus, in bytes */

#define static_assert _Static_assert /* C11's, without <assert.h> */

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* The structure of which *pointer is the named member. */
#define container_of(pointer, type, member)                                                        \
	({                                                                                         \
		const typeof(((type *)0)->member) *member_pointer_ = (pointer);                    \
		(type *)((char *)member_pointer_ - offsetof(type, member));                        \
	})

#define min(a, b)                                                                                  \
	({                                                                                         \
		typeof(a) min_a_ = (a);                                                            \
		typeof(b) min_b_ = (b);                                                            \
		min_a_ < min_b_ ? min_a_ : min_b_;                                                 \
	})
#define max(a, b)                                                                                  \
	({                                                                                         \
		typeof(a) max_a_ = (a);                                                            \
		typeof(b) max_b_ = (b);                                                            \
		max_a_ > max_b_ ? max_a_ : max_b_;                                                 \
	})

/* Round to a multiple of `align`, a power of two; in the type of `value`. ALIGN_UP may wrap to 0. */
#define ALIGN_DOWN(value, align) ((value) & ~((typeof(value))(align)-1))
#define ALIGN_UP(value, align)	 ALIGN_DOWN((value) + ((typeof(value))(align)-1), align)
#define IS_ALIGNED(value, align) (((value) & ((typeof(value))(align)-1)) == 0)

#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))

#define KiB 1024UL
#define MiB (1024UL * KiB)
#define GiB (1024UL * MiB)
#define TiB (1024UL * GiB)

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define __must_check	   __attribute__((warn_unused_result))
#define __printf(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define __aligned(n)	   __attribute__((aligned(n)))
#define __packed	   __attribute__((packed))
#define __noinline	   __attribute__((noinline))
#define __used		   __attribute__((used))
#define __section(name)	   __attribute__((section(name)))

/* One load or store that the compiler neither splits, repeats nor drops. */
#define READ_ONCE(x)	   __atomic_load_n((const volatile typeof(x) *)&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, val) __atomic_store_n((volatile typeof(x) *)&(x), (val), __ATOMIC_RELAXED)
