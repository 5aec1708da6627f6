/* SPDX-License-Identifier: MIT */
/*
 * mm/vmstat.h - what happened how often since boot. (Linux: include/linux/vm_event_item.h)
 *
 * Counted only where time is spent anyway: in the slow path, or once for a batch. Pages that one CPU frees and takes
 * again from its own lists were allocated once.
 */
#pragma once

#include <mm/zone.h>

enum vm_event {
	VM_ALLOCSTALL, /* requests that had to reclaim, by the highest zone they admit */
	VM_ALLOCSTALL_LAST = VM_ALLOCSTALL + MAX_NR_ZONES - 1,
	VM_SLABS_SCANNED, /* objects that shrinkers looked at */
	VM_OOM_KILL,	  /* times that the handler made room */
	VM_PGMIGRATE_SUCCESS,
	VM_PGMIGRATE_FAIL,
	NR_VM_EVENTS,
};

extern unsigned long vm_events[NR_VM_EVENTS];

/* Any context. */
static inline void count_vm_events(unsigned int event, unsigned long nr)
{
	__atomic_add_fetch(&vm_events[event], nr, __ATOMIC_RELAXED);
}

/*
 * Who was served where, in pages that left a zone's buddy since boot. HIT and MISS are all of them: for requests that preferred its
 * node, and for others. LOCAL and OTHER are all of them too: for CPUs of its node, and of others. FOREIGN left other
 * nodes' buddies because its own had none. Nobody interleaves. (Linux: enum numa_stat_item; Documentation/admin-guide/numastat.rst)
 */
enum numa_event { NUMA_HIT, NUMA_MISS, NUMA_FOREIGN, NUMA_LOCAL, NUMA_OTHER };

/* Any context; NUMA_LOCAL and NUMA_OTHER visit each possible CPU. */
unsigned long zone_numa_pages(const struct zone *zone, enum numa_event event);

/* Pages that left the buddy since boot, of zones of that type; and that came back. */
unsigned long vm_pages_taken(enum zone_type type);
unsigned long vm_pages_given(void);
