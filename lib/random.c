/* SPDX-License-Identifier: MIT */
/*
 * random.c - a counter run through a mixer, seeded at boot.
 *
 * The state advances by an odd constant and each step is scrambled so that no
 * bit of the output tells the state (the SplitMix64 construction, Steele, Lea and Flood 2014). Two CPUs that
 * race draw different numbers or, at worst, lose a step.
 */
#include <lib/init.h>
#include <lib/random.h>

#include <arch/random.h>
#include <lib/string.h>

static uint64_t state;
static uint64_t pointer_secret __ro_after_init;

static uint64_t scramble(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

uint64_t random_u64(void)
{
	if (!state)
		state = arch_random_seed() | 1;
	return scramble(__atomic_add_fetch(&state, 0x9e3779b97f4a7c15ULL, __ATOMIC_RELAXED));
}

void random_add_seed(const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;
	uint64_t mixed = random_u64();

	while (size--)
		mixed = scramble(mixed ^ *byte++);
	__atomic_store_n(&state, mixed | 1, __ATOMIC_RELAXED);
}

uint64_t random_below(uint64_t bound)
{
	return bound ? random_u64() % bound : 0;
}

void hash_pointer_init(void)
{
	while (!pointer_secret)
		pointer_secret = random_u64();
}

uint32_t hash_pointer(const void *pointer)
{
	uint32_t hash;

	if (!pointer)
		return 0;
	hash_pointer_init();
	hash = (uint32_t)scramble((uintptr_t)pointer ^ pointer_secret);
	return hash ? hash : 1;
}
