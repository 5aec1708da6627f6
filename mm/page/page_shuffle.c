/* SPDX-License-Identifier: MIT */
/*
 * page_shuffle.c - nobody can tell which block is allocated first.
 *
 * At the handover the lists hold memory in rising order, so the first pages of a boot lie where they lay in the
 * boot before. `shuffle=1` gives each of the largest blocks a place on its list by lot, once, from this boot's
 * secret (lib/random.h). Smaller blocks stay: they are few then, and are used up first.
 *
 * PICTURE	list of order 10	0 - 1 - 2 - 3 - 4  ->  3 - 0 - 4 - 2 - 1
 *
 * LOCKING	The zone's lock for each block that moves. At boot.
 * COST		A walk of the list to the drawn place for each block: n^2 / 4 steps, where n is at most 256 and further blocks
 *		change places with one of their 256 predecessors.
 * FLOOR	page. Called by features.c.
 * LINUX	mm/shuffle.c: __shuffle_zone(); it also draws lots for each page that is freed.
 */
#include "features.h"

#include <lib/init.h>
#include <lib/list.h>
#include <lib/random.h>
#include <mm/deferred.h>
#include <mm/zone.h>

#define WINDOW 256

/*
 * Each block goes behind the list's head at a drawn place among those that were drawn before it: the
 * shuffled part stands at the head and grows by one.
 */
static __init void shuffle_list(struct list_head *head)
{
	struct list_head *link = head->next, *next, *place;
	unsigned long nr_shuffled = 0, steps;

	for (; link != head; link = next) {
		next = link->next;
		place = head;
		for (steps = random_below(min(nr_shuffled, WINDOW + 0UL) + 1); steps; steps--)
			place = place->next;
		if (place != link && place != link->prev)
			list_move(link, place);
		nr_shuffled++;
	}
}

__init void page_shuffle(void)
{
	enum migratetype type;
	struct zone *zone;
	unsigned long flags;

	page_materialise_all();
	for_each_populated_zone (zone) {
		spin_lock_irqsave(&zone->lock, flags);
		for (type = 0; type < MIGRATE_TYPES; type++)
			shuffle_list(&zone->free_area[MAX_PAGE_ORDER].free_list[type]);
		spin_unlock_irqrestore(&zone->lock, flags);
	}
}
