/* SPDX-License-Identifier: MIT */
/*
 * leaf.h - which leaf maps an address: for tests that map, split and merge.
 */
#pragma once

#include <mm/pgtable.h>

#define LARGE (2 * MiB) /* a leaf of level 1 */

/* 99: nothing maps it. */
static inline unsigned int level_at(uintptr_t va)
{
	struct pt_entry entry;

	return pgtable_query(va, &entry) ? entry.level : 99;
}

static inline bool maps(uintptr_t va, phys_addr_t pa, prot_t prot)
{
	struct pt_entry entry;

	return pgtable_query(va, &entry) && entry.pa + (va - entry.va) == pa && entry.prot == prot;
}
