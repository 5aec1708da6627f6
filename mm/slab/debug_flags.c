/* SPDX-License-Identifier: MIT */
/*
 * debug_flags.c - which caches are watched, and which requests fail on purpose.
 *
 * THE IDEA
 *	slab_debug			all four of F, Z, P and U (debug.c), for every cache
 *	slab_debug=FZ			those two, for every cache
 *	slab_debug=FZPU,kmalloc-*,inode	for the caches that are named; a name may end in *
 *	slab_debug=-			none, also where the build watches everything (PROFILE=paranoid)
 *	echo 1 > /proc/sys/vm/slab_debug	all four, for caches made from then on; 0 ends it
 *
 *	fail_slab=10,50,0,-1		requests fail as lib/fault_injection.h says; GFP with __GFP_NOFAIL never
 *
 *	The word may be given several times; the last one that names a cache decides.
 *
 * LINUX	mm/slub.c: setup_slub_debug(), kmem_cache_flags(); mm/failslab.c. slab_debug= is today's name of slub_debug=.
 */
#include <mm/slab.h>

#include <config.h>
#include <lib/cmdline.h>
#include <lib/errno.h>
#include <lib/fault_injection.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <mm/page_owner.h>

#include "debug.h"

static slab_flags_t flags_from_now_on;
static struct fault_attr fail_slab = FAULT_ATTR_INIT;
static bool requests_may_fail;

static const struct {
	char letter;
	slab_flags_t flag;
} letters[] = {{'F', SLAB_CONSISTENCY_CHECKS},
	       {'Z', SLAB_RED_ZONE},
	       {'P', SLAB_POISON},
	       {'U', SLAB_STORE_USER},
	       {'-', 0}};

/* The flag of a letter; false when it is none. Small letters are as good. */
static bool letter_flag(char letter, slab_flags_t *flag)
{
	size_t i;

	if (letter >= 'a' && letter <= 'z')
		letter = (char)(letter - 'a' + 'A');
	for (i = 0; i < ARRAY_SIZE(letters); i++) {
		if (letters[i].letter == letter) {
			*flag = letters[i].flag;
			return true;
		}
	}
	return false;
}

/* The letters before the first comma; no letter at all is all of them. What is behind them is left in *names. */
static slab_flags_t parse_flags(const char *text, const char **names)
{
	slab_flags_t flags = 0, flag;
	const char *c;

	for (c = text; *c && *c != ','; c++)
		if (letter_flag(*c, &flag))
			flags |= flag;
	*names = c;
	return c == text ? SLAB_DEBUG_FLAGS : flags;
}

/* Does one of ",name,name*" name the cache? No names name all. */
static bool names_cache(const char *names, const char *cache)
{
	size_t length;

	if (!*names)
		return true;
	while (*names == ',') {
		names++;
		for (length = 0; names[length] && names[length] != ',';)
			length++;
		if (length && names[length - 1] == '*' && !strncmp(names, cache, length - 1))
			return true;
		if (strlen(cache) == length && !strncmp(names, cache, length))
			return true;
		names += length;
	}
	return false;
}

slab_flags_t debug_flags_for(const char *name)
{
	slab_flags_t flags = CONFIG_PARANOID ? SLAB_DEBUG_FLAGS : 0, wanted;
	const char *names;
	size_t cursor = 0;
	char text[128];

	while (cmdline_next_value("slab_debug", &cursor, text, sizeof(text)) != -ENOENT) {
		wanted = parse_flags(text, &names);
		if (names_cache(names, name))
			flags = wanted;
	}
	return flags | flags_from_now_on;
}

/* What of the words is no letter is told, once, and left out. */
static void tell_wrong_letters(void)
{
	size_t cursor = 0;
	slab_flags_t flag;
	char text[128], *c;

	while (cmdline_next_value("slab_debug", &cursor, text, sizeof(text)) != -ENOENT)
		for (c = text; *c && *c != ','; c++)
			if (!letter_flag(*c, &flag))
				pr_warn("slab_debug=%s: %c is none of F (checks), Z (red zones), P "
					"(poison), U (users), - (none): left out",
					text, *c);
}

/* The depot of call stacks, once somebody wants it; page_owner shares it. It stays, as objects keep its handles. */
static void open_depot(slab_flags_t flags)
{
	static bool is_open;

	if (flags & SLAB_STORE_USER && !is_open)
		is_open = page_depot_get() == 0;
}

static slab_flags_t any_flags(void)
{
	slab_flags_t flags = debug_flags_for("");
	const char *names;
	size_t cursor = 0;
	char text[128];

	while (cmdline_next_value("slab_debug", &cursor, text, sizeof(text)) != -ENOENT)
		flags |= parse_flags(text, &names);
	return flags;
}

int slab_debug_set(bool on)
{
	flags_from_now_on = on ? SLAB_DEBUG_FLAGS : 0;
	open_depot(flags_from_now_on);
	return 0;
}

bool slab_debug_get(void)
{
	return flags_from_now_on != 0;
}

/* ---- Failing on purpose ---- */

bool debug_should_fail(const struct kmem_cache *cache, gfp_t gfp)
{
	if (likely(!requests_may_fail) || gfp & __GFP_NOFAIL)
		return false;
	return should_fail(&fail_slab, cache->object_size);
}

void slab_watch_failures(bool on)
{
	requests_may_fail = on;
	impl_see_every_request(on);
}

int slab_fail_set(const char *text)
{
	int error = setup_fault_attr(&fail_slab, text);

	if (!error)
		slab_watch_failures(fault_attr_is_active(&fail_slab));
	return error;
}

void debug_init(void)
{
	char text[64];

	tell_wrong_letters();
	open_depot(any_flags());
	if (cmdline_value("fail_slab", text, sizeof(text)) > 0 && slab_fail_set(text))
		pr_warn("fail_slab=%s: wanted are interval,probability,space,times or name=value: "
			"ignored",
			text);
}
