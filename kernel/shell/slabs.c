/* SPDX-License-Identifier: MIT */
/*
 * slabs.c - commands that look at caches, and two that play with kmalloc.
 */
#include <kernel/shell.h>

#include <lib/clock.h>
#include <lib/printk.h>
#include <lib/report.h>
#include <lib/string.h>
#include <lib/wait.h>
#include <mm/init.h>
#include <mm/slab.h>

/* NULL after a message. */
static struct kmem_cache *cache_named(const char *name)
{
	struct kmem_cache *cache = slab_find_cache(name);

	if (!cache)
		console_print("slab: there is no cache %s; `slab` lists them\n", name);
	return cache;
}

static int shrink_cache(struct kmem_cache *cache, struct seq_file *out)
{
	struct slab_info before, after;

	slab_get_info(cache, &before);
	kmem_cache_shrink(cache);
	slab_get_info(cache, &after);
	seq_printf(out, "%s: %lu slabs before, %lu after, %lu KiB given back\n", before.name,
		   before.slabs, after.slabs, ((before.slabs - after.slabs) << after.order) * 4);
	return 0;
}

static int validate_cache(struct kmem_cache *cache, struct seq_file *out)
{
	unsigned long errors = validate_slab_cache(cache);
	struct slab_info info;

	slab_get_info(cache, &info);
	seq_printf(out, "%s: %lu errors among %lu objects%s\n", info.name, errors, info.objects,
		   kmem_cache_flags(cache) & SLAB_DEBUG_FLAGS
			   ? ""
			   : "; slab_debug=FZP on the command line would see more");
	return errors ? 1 : 0;
}

#define MAX_CALLERS 32

static void show_caller(const struct slab_leak *leak, struct seq_file *out)
{
	unsigned int i;

	seq_printf(out, "  %6lu objects, %8lu bytes, oldest %llu ms ago, by ", leak->objects,
		   leak->bytes, (unsigned long long)(clock_ms() - leak->oldest_ms));
	for (i = 0; i < SLAB_LEAK_DEPTH && leak->caller[i]; i++)
		seq_printf(out, "%s%pB", i ? " <- " : "", (void *)leak->caller[i]);
	seq_putc(out, '\n');
}

/* A cache that remembers its users (slab_debug=U) also says who. */
static void show_live(struct kmem_cache *cache, struct seq_file *out)
{
	static struct slab_leak callers[MAX_CALLERS];
	unsigned int nr, i;
	struct slab_info info;

	slab_get_info(cache, &info);
	if (!info.active_objects)
		return;
	seq_printf(out, "%-20s %8lu objects of %6zu bytes, %8lu KiB of slabs\n", info.name,
		   info.active_objects, info.object_size, (info.slabs << info.order) * 4);
	nr = slab_leaks(cache, callers, MAX_CALLERS);
	for (i = 0; i < nr; i++)
		show_caller(&callers[i], out);
}

/* What is allocated, by cache: drained first, so that what is parked with this CPU is not counted. */
static int show_leaks(struct kmem_cache *only, struct seq_file *out)
{
	struct kmem_cache *cache;

	slab_drain();
	for (cache = slab_next_cache(NULL); cache; cache = slab_next_cache(cache))
		if (!only || cache == only)
			show_live(cache, out);
	return 0;
}

static int slab_verb(const char *verb, const char *name, struct seq_file *out)
{
	struct kmem_cache *cache;

	if (strcmp(verb, "leaks") && strcmp(verb, "shrink") && strcmp(verb, "validate"))
		return SHELL_USAGE;
	cache = cache_named(name);
	if (!cache)
		return 1;
	if (!strcmp(verb, "shrink"))
		return shrink_cache(cache, out);
	if (!strcmp(verb, "validate"))
		return validate_cache(cache, out);
	return show_leaks(cache, out);
}

COMMAND(slab, "slab [NAME | leaks [NAME] | shrink NAME | validate NAME]",
	"all caches; one drawn slab by slab; what is allocated; free slabs given back; objects "
	"proved")
{
	struct kmem_cache *cache;

	if (argc > 3)
		return SHELL_USAGE;
	if (argc == 3)
		return slab_verb(argv[1], argv[2], out);
	if (argc == 1) {
		proc_slabinfo(out);
		return 0;
	}
	if (!strcmp(argv[1], "leaks"))
		return show_leaks(NULL, out);
	if (!strcmp(argv[1], "shrink") || !strcmp(argv[1], "validate"))
		return SHELL_USAGE;
	cache = cache_named(argv[1]);
	if (!cache)
		return 1;
	slab_draw(cache, out);
	return 0;
}

/* ---- slabtop ---- */

#define MAX_CACHES 256
#define TOP_LINES  16

static struct slab_info caches[MAX_CACHES];
static unsigned int nr_caches;

static void read_caches(void)
{
	struct kmem_cache *cache = NULL;

	nr_caches = 0;
	while (nr_caches < MAX_CACHES && (cache = slab_next_cache(cache)))
		slab_get_info(cache, &caches[nr_caches++]);
}

static unsigned long cache_kib(const struct slab_info *info)
{
	return (info->slabs << info->order) * 4;
}

static unsigned long percent(unsigned long part, unsigned long whole)
{
	return whole ? part * 100 / whole : 0;
}

/* What a key of procps' slabtop sorts by, the largest first; its letters. */
static unsigned long sort_value(const struct slab_info *info, char key)
{
	switch (key) {
	case 'a':
		return info->active_objects;
	case 'b':
		return info->objects_per_slab;
	case 'c':
		return cache_kib(info);
	case 'l':
		return info->slabs;
	case 'v':
		return info->active_slabs;
	case 'p':
		return 1UL << info->order;
	case 's':
		return info->size;
	case 'u':
		return percent(info->active_objects, info->objects);
	default:
		return info->objects;
	}
}

static bool comes_before(const struct slab_info *a, const struct slab_info *b, char key)
{
	unsigned long left = sort_value(a, key), right = sort_value(b, key);

	if (key == 'n' || left == right)
		return strcmp(a->name, b->name) < 0;
	return left > right;
}

/* By insertion: there are some forty. */
static void sort_caches(char key)
{
	unsigned int i, j;

	for (i = 1; i < nr_caches; i++) {
		struct slab_info info = caches[i];

		for (j = i; j > 0 && comes_before(&info, &caches[j - 1], key); j--)
			caches[j] = caches[j - 1];
		caches[j] = info;
	}
}

static void print_ratio(struct seq_file *out, const char *what, unsigned long part,
			unsigned long whole)
{
	unsigned long tenths = whole ? part * 1000 / whole : 0;

	seq_printf(out, " %-35s: %lu / %lu (%lu.%lu%%)\n", what, part, whole, tenths / 10,
		   tenths % 10);
}

static void print_sums(struct seq_file *out)
{
	unsigned long objects = 0, active = 0, slabs = 0, active_slabs = 0, used = 0, kib = 0,
		      in_use = 0;
	unsigned int i;

	for (i = 0; i < nr_caches; i++) {
		const struct slab_info *info = &caches[i];

		objects += info->objects;
		active += info->active_objects;
		slabs += info->slabs;
		active_slabs += info->active_slabs;
		used += info->active_objects != 0;
		kib += cache_kib(info);
		in_use += info->active_objects * info->size;
	}
	print_ratio(out, "Active / Total Objects (% used)", active, objects);
	print_ratio(out, "Active / Total Slabs (% used)", active_slabs, slabs);
	print_ratio(out, "Active / Total Caches (% used)", used, nr_caches);
	print_ratio(out, "Active / Total Size in KiB (% used)", in_use / 1024, kib);
}

static void print_top(struct seq_file *out, char key, unsigned int lines)
{
	unsigned int i;

	read_caches();
	sort_caches(key);
	print_sums(out);
	seq_puts(out, "\n  OBJS ACTIVE  USE OBJ SIZE  SLABS OBJ/SLAB CACHE SIZE NAME\n");
	for (i = 0; i < nr_caches && i < lines; i++) {
		const struct slab_info *info = &caches[i];

		seq_printf(out, "%6lu %6lu %3lu%% %7zuB %6lu %8u %9luK %s\n", info->objects,
			   info->active_objects, percent(info->active_objects, info->objects),
			   info->size, info->slabs, info->objects_per_slab, cache_kib(info),
			   info->name);
	}
}

/* Waits for `ms` milliseconds; true when a key was pressed meanwhile. */
static bool key_within(unsigned long ms)
{
	uint64_t end = clock_ms() + ms;

	do {
		if (console_read() >= 0)
			return true;
		schedule_timeout(20);
	} while (clock_ms() < end);
	return false;
}

struct top_options {
	char key;
	unsigned long long rounds, seconds;
	bool once;
};

/* False for words that make no sense. */
static bool top_parse(int argc, char **argv, struct top_options *options)
{
	int i;

	for (i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (!strcmp(argv[i], "-o")) {
			options->once = true;
			continue;
		}
		i++;
		if (!strcmp(argv[i - 1], "-s") && value[0] && !value[1] &&
		    strchr("abclvnopsu", value[0]))
			options->key = value[0];
		else if (!strcmp(argv[i - 1], "-n") && shell_parse_number(value, &options->rounds))
			options->once = options->rounds == 1;
		else if (strcmp(argv[i - 1], "-d") ||
			 !shell_parse_number(value, &options->seconds) || !options->seconds)
			return false;
	}
	return true;
}

COMMAND(slabtop, "slabtop [-o] [-s a|b|c|l|v|n|o|p|s|u] [-n ROUNDS] [-d SECONDS]",
	"the busiest caches, until a key is pressed; -o once; -s sorts, as slabtop of procps")
{
	struct top_options options = {.key = 'o', .rounds = ~0ULL, .seconds = 2};
	unsigned long long round;

	if (!top_parse(argc, argv, &options) || !options.rounds)
		return SHELL_USAGE;
	if (options.once || !clock_exists()) {
		print_top(out, options.key, MAX_CACHES);
		return 0;
	}
	for (round = 0; round < options.rounds; round++) {
		seq_puts(out, "\033[H\033[J"); /* home, and clear */
		print_top(out, options.key, TOP_LINES);
		seq_puts(out, "\nany key ends this\n");
		if (round + 1 < options.rounds && key_within(options.seconds * 1000))
			break;
	}
	return 0;
}

/* ---- Playing with kmalloc ---- */

static void print_object(struct seq_file *out, void *object)
{
	struct slab_object found;

	if (object && slab_describe(object, &found))
		seq_printf(out, "%px in %s, object %u of %u of the slab at 0x%lx\n", object,
			   found.cache_name, found.index, found.objects, found.slab);
	else
		seq_printf(out, "%px\n", object);
}

COMMAND(kmalloc, "kmalloc SIZE",
	"allocate SIZE bytes, and say where; kfree ADDRESS gives them back")
{
	unsigned long long size;
	void *object;

	if (argc != 2 || !shell_parse_number(argv[1], &size))
		return SHELL_USAGE;
	object = kmalloc(size, GFP_KERNEL);
	if (!object) {
		console_print("kmalloc: there are no %llu bytes in one piece; the most is %lu\n",
			      size, KMALLOC_MAX_SIZE);
		return 1;
	}
	seq_printf(out, "%zu usable bytes at ", ksize(object));
	print_object(out, object);
	return 0;
}

COMMAND(kfree, "kfree ADDRESS", "free what kmalloc gave; any other address shows what kfree() says")
{
	unsigned long reports = report_count();
	unsigned long long address;

	if (argc != 2 || !shell_parse_number(argv[1], &address))
		return SHELL_USAGE;
	kfree((void *)(uintptr_t)address);
	if (report_count() != reports)
		return 1;
	seq_printf(out, "freed 0x%llx\n", address);
	return 0;
}
