/* SPDX-License-Identifier: MIT */
/*
 * vmevents.c - counters of events.
 *
 * Of pages only those that are taken are counted, once a batch. What came back follows from it: all that was taken
 * and is not missing now. So does who was served where: only a request that its own node could not serve is counted,
 * in the slow path, and each CPU's lists know what they were refilled with.
 *
 * FLOOR	page.
 * LINUX	mm/vmstat.c: vm_event_states, for each CPU; mm/page_alloc.c: zone_statistics(), for each request.
 */
#include <mm/vmstat.h>

#include <mm/pcp.h>

unsigned long vm_events[NR_VM_EVENTS];

unsigned long vm_pages_taken(enum zone_type type)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_populated_zone (zone)
		if (zone->type == type)
			sum += zone_pages_taken(zone);
	return sum;
}

unsigned long vm_pages_given(void)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_populated_zone (zone)
		sum += zone_pages_taken(zone) - (zone->managed_pages - READ_ONCE(zone->nr_free));
	return sum;
}

unsigned long zone_numa_pages(const struct zone *zone, enum numa_event event)
{
	/* The part is read before the whole, which grows meanwhile. */
	unsigned long missed = READ_ONCE(zone->nr_missed), others = zone_pages_for_others(zone);

	switch (event) {
	case NUMA_HIT:
		return zone_pages_taken(zone) - missed;
	case NUMA_MISS:
		return missed;
	case NUMA_FOREIGN:
		return READ_ONCE(zone->nr_foreign);
	case NUMA_LOCAL:
		return zone_pages_taken(zone) - others;
	case NUMA_OTHER:
		return others;
	}
	return 0;
}
