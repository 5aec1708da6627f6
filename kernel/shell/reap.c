/* SPDX-License-Identifier: MIT */
/*
 * reap.c - while the prompt waits for a key, caches give back what lies idle in them.
 *
 * THE IDEA
 *	Free objects parked with a CPU, and slabs without an object in use, are kept because they are likely to be
 *	wanted again; cache_reap() says of which of them that has not come true, and lets a fifth go. Somebody has to
 *	call it every two seconds. The prompt does, in the loop in which it waits for the next key: there no
 *	command, no test and no bench is under way whose accounts it could disturb, and a task of its own
 *	would have to be kept out of all of them.
 *
 * COST		A walk over all caches, some 40, each two seconds of idleness; nothing while a command runs.
 * FLOOR	kernel.
 * LINUX	mm/slab.c of 2.6.24: cache_reap() as a work of each CPU, every REAPTIMEOUT_CPUC, 2 seconds.
 */
#include <kernel/shell.h>

#include <lib/clock.h>
#include <mm/slab.h>

#define REAP_NS 2000000000ULL

static uint64_t last_ns; /* clock_ns() of the last time; of none: the boot */
static unsigned long times, pages;

bool reap_if_due(uint64_t now_ns)
{
	if (now_ns - last_ns < REAP_NS)
		return false;
	last_ns = now_ns;
	times++;
	pages += cache_reap();
	return true;
}

void reap_reset(void)
{
	last_ns = 0;
	times = pages = 0;
}

COMMAND(reap, "reap", "let a part of what caches hold idle go back to the pages, step by step")
{
	unsigned long long ago = (clock_ns() - last_ns) / 1000000;

	(void)argv;
	if (argc != 1)
		return SHELL_USAGE;
	seq_printf(out, "%lu pages went back\n", cache_reap());
	if (times)
		seq_printf(out,
			   "the idle prompt has done so %lu times, %lu pages, last %llu ms ago\n",
			   times, pages, ago);
	else
		seq_puts(out, "the idle prompt does so every 2 s, and has not yet\n");
	return 0;
}
