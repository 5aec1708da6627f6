/* SPDX-License-Identifier: MIT */
/*
 * reclaim.c - shrinkers, and what is done when they have nothing more.
 *
 * THE IDEA
 *	Caches keep what they could make anew. When memory is short each is asked
 *	how many objects it could drop, and then to drop a part: at priority 12
 *	a 4096th, one step down twice as many, at 0 all. So the first shortage
 *	costs everybody a little, and only a lasting one costs all. An object
 *	that is dear to make anew (many seeks) is asked for less often.
 *
 *	A share that is less than a batch is not done but remembered, so that
 *	small caches shrink too, in time.
 *
 * PICTURE	an unlucky request, from alloc_pages()
 *
 *	this CPU's list -> all zones above low -> above min -> lists drained, again
 *	   -> shrinkers, 12 ... 0 -> again -> ... 16 rounds -> out of memory: report, handler -> NULL
 *
 * LOCKING	shrinkers_lock guards the list. A shrinker is called without it, so that it
 *		may take its own locks; meanwhile none is removed but by the shrinker's
 *		own CPU. Nested: a request made by a
 *		shrinker's task does not reclaim again; another task's may, also on this CPU.
 * COST		A round calls each shrinker at most 13 times.
 * FLOOR	page. Upper floors register; the page floor calls them and names none.
 * LINUX	mm/vmscan.c: do_try_to_free_pages(), shrink_slab(), do_shrink_slab();
 *		mm/oom_kill.c: out_of_memory(). There are no page lists to scan yet.
 */
#include <mm/reclaim.h>

#include <lib/check.h>
#include <lib/context.h>
#include <lib/init.h>
#include <lib/sched.h>
#include <lib/spinlock.h>
#include <lib/wait.h>
#include <mm/vmstat.h>
#include "impl.h"

#define DEF_PRIORITY   12
#define SHRINK_BATCH   128
#define RECLAIM_ENOUGH 32 /* objects that make one round worth while */

static DEFINE_SPINLOCK(shrinkers_lock, LOCK_RANK_CACHE_CHAIN);
static LIST_HEAD(shrinkers);

static void (*oom_report)(gfp_t gfp, unsigned int order) __ro_after_init;
static bool (*oom_handler)(gfp_t gfp, unsigned int order);

void register_shrinker(struct shrinker *shrinker)
{
	struct shrinker *other;
	unsigned long flags;

	shrinker->nr_deferred = 0;
	spin_lock_irqsave(&shrinkers_lock, flags);
	list_for_each_entry (other, &shrinkers, list)
		CHECK(other != shrinker, "shrinker %px is registered twice", shrinker);
	list_add_tail(&shrinker->list, &shrinkers);
	spin_unlock_irqrestore(&shrinkers_lock, flags);
}

void unregister_shrinker(struct shrinker *shrinker)
{
	unsigned long flags;

	spin_lock_irqsave(&shrinkers_lock, flags);
	list_del(&shrinker->list);
	spin_unlock_irqrestore(&shrinkers_lock, flags);
}

/* The next in the list, NULL at its end. */
static struct shrinker *shrinker_next(struct shrinker *shrinker)
{
	struct list_head *link;
	unsigned long flags;

	spin_lock_irqsave(&shrinkers_lock, flags);
	link = shrinker ? shrinker->list.next : shrinkers.next;
	spin_unlock_irqrestore(&shrinkers_lock, flags);
	return link == &shrinkers ? NULL : list_entry(link, struct shrinker, list);
}

/* How many of `freeable` objects are due at this priority. */
static unsigned long share(const struct shrinker *shrinker, unsigned long freeable, int priority)
{
	if (!shrinker->seeks)
		return freeable / 2;
	return (freeable >> priority) * 4 / (unsigned int)shrinker->seeks;
}

static unsigned long shrink_one(struct shrinker *shrinker, gfp_t gfp, int priority)
{
	unsigned long batch = shrinker->batch ? (unsigned long)shrinker->batch : SHRINK_BATCH;
	struct shrink_control control = {.gfp_mask = gfp};
	unsigned long freeable = shrinker->count_objects(shrinker, &control);
	unsigned long due, freed = 0, done;

	if (freeable == 0 || freeable >= SHRINK_EMPTY)
		return 0;
	due = min(shrinker->nr_deferred + share(shrinker, freeable, priority), 2 * freeable);
	/* A batch at a time; at the last priority also what is less than one. */
	while (due >= batch || (due && due >= freeable)) {
		control.nr_to_scan = min(batch, due);
		control.nr_scanned = control.nr_to_scan;
		done = shrinker->scan_objects(shrinker, &control);
		if (done == SHRINK_STOP)
			break;
		freed += done;
		count_vm_events(VM_SLABS_SCANNED, control.nr_scanned);
		/* One that claims to have looked at nothing is not asked for ever. */
		due -= min(due, max(control.nr_scanned, 1UL));
	}
	shrinker->nr_deferred = due;
	return freed;
}

unsigned long shrink_slab(gfp_t gfp, int priority)
{
	struct shrinker *shrinker;
	unsigned long freed = 0;

	for (shrinker = shrinker_next(NULL); shrinker; shrinker = shrinker_next(shrinker))
		freed += shrink_one(shrinker, gfp, priority);
	return freed;
}

bool reclaim_is_under_way(void)
{
	return !in_interrupt() && task_current()->reclaiming;
}

unsigned long try_to_free_pages(gfp_t gfp)
{
	unsigned long freed = 0;
	int priority;

	if (in_interrupt() || reclaim_is_under_way())
		return 0;
	count_vm_events(VM_ALLOCSTALL + gfp_zone(gfp), 1);
	task_current()->reclaiming = true;
	for (priority = DEF_PRIORITY; priority >= 0 && freed < RECLAIM_ENOUGH; priority--)
		freed += shrink_slab(gfp, priority);
	task_current()->reclaiming = false;
	return freed;
}

__init void kswapd_wait_init(struct pglist_data *node)
{
	static wait_queue_head_t queues[MAX_NUMNODES];

	node->kswapd_wait = &queues[node->nid];
	init_waitqueue_head(node->kswapd_wait);
}

void wakeup_kswapd(struct zone *zone, unsigned int order)
{
	struct pglist_data *node = NODE_DATA(zone->nid);

	if (READ_ONCE(node->kswapd_order) < order)
		WRITE_ONCE(node->kswapd_order, order);
	if (waitqueue_active(node->kswapd_wait))
		wake_up(node->kswapd_wait);
}

/* --- the end -------------------------------------------------------------------- */

__init void oom_set_report(void (*report)(gfp_t gfp, unsigned int order))
{
	oom_report = report;
}

void oom_set_handler(bool (*handler)(gfp_t gfp, unsigned int order))
{
	oom_handler = handler;
}

void oom_tell(gfp_t gfp, unsigned int order)
{
	if (oom_report)
		oom_report(gfp, order);
}

bool out_of_memory(gfp_t gfp, unsigned int order)
{
	if (!(gfp & __GFP_NOWARN))
		oom_tell(gfp, order);
	if (!oom_handler || !oom_handler(gfp, order))
		return false;
	count_vm_events(VM_OOM_KILL, 1);
	return true;
}
