/* SPDX-License-Identifier: MIT */
/*
 * vmevents.c - counters of events.
 *
 * Of pages only those that are taken are counted, once a batch. What came back follows from it: all that was taken
 * and is not missing now.
 *
 * FLOOR	page.
 * LINUX	mm/vmstat.c: vm_event_states, for each CPU.
 */
#include <mm/vmstat.h>

unsigned long vm_events[NR_VM_EVENTS];

unsigned long vm_pages_taken(enum zone_type type)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_populated_zone (zone)
		if (zone->type == type)
			sum += READ_ONCE(zone->nr_taken);
	return sum;
}

unsigned long vm_pages_given(void)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_populated_zone (zone)
		sum += READ_ONCE(zone->nr_taken) - (zone->managed_pages - READ_ONCE(zone->nr_free));
	return sum;
}
