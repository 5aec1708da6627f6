/* SPDX-License-Identifier: MIT */
/*
 * stack_depot.c - call stacks, hashed, each kept once.
 *
 * THE IDEA
 *	The memory is a table of buckets and a pool. A stack is a record in the pool; records
 *	of one bucket are a chain. Its handle is its place in the pool, in
 *	words of 8 bytes, which never is 0 as the pool's first word is not used.
 *
 *	Records are only ever added: room is taken by moving the pool's end with one
 *	compare-exchange, and a record that is complete becomes the head of its
 *	chain with another. So who is interrupted in the middle disturbs nobody,
 *	and there is no lock.
 *
 * PICTURE
 *	table	| 0 | 7 | 0 | 1 |		pool | - |[1 ..  ]|[7 ..    ]|[15 ..  ]| free
 *		      |   `-------------------------->'     ^          |
 *		      `---------------------------------> (7) next = 15 ->'
 *
 * INVARIANTS	(stack_depot_check() proves them)
 *	T1  Each handle in the table, and each `next`, is 0 or the place of a record whose end is in the used part.
 *	T2  A record is in the chain that its hash names, and the hash is its addresses'.
 *	T3  The records in the chains are nr_stacks in number.
 *
 * LOCKING	None: compare-exchange. Any context.
 * COST		Saving a known stack: a hash of its addresses and a comparison, some 10 instructions a frame, after
 *		the walk. A record is 16 bytes and 8 a frame.
 * FLOOR	lib.
 * LINUX	lib/stackdepot.c; there the pool grows and a lock guards it.
 */
#include <lib/stack_depot.h>

#include <arch/stack.h>
#include <lib/bits.h>
#include <lib/check.h>
#include <lib/printk.h>
#include <lib/report.h>
#include <lib/printf.h>
#include <lib/string.h>

struct record {
	uint32_t next; /* handle of the next in the chain; 0 ends it */
	uint32_t hash;
	uint32_t nr_entries;
	uint32_t unused;
	uintptr_t entries[];
};
static_assert(sizeof(struct record) == 16, "a record is whole words of 8 bytes");

#define WORD 8UL

static struct {
	void *memory;
	uint32_t *table; /* of a power of two buckets */
	uint32_t nr_buckets;
	uint64_t *pool;
	uint32_t nr_words;	  /* of the pool */
	uint32_t used;		  /* words */
	unsigned long nr_records; /* that are in chains */
	unsigned long nr_lost;
} depot;

void stack_depot_open(void *memory, size_t size)
{
	size_t table = 1UL << ilog2(size / 8);

	CHECK(!depot.memory, "the depot is open");
	CHECK(size >= KiB && IS_ALIGNED((uintptr_t)memory, WORD) && size / WORD < ~0U,
	      "%zu bytes at %px", size, memory);
	memset(memory, 0, table);
	depot.table = memory;
	depot.nr_buckets = (uint32_t)(table / sizeof(uint32_t));
	depot.pool = (uint64_t *)((char *)memory + table);
	depot.nr_words = (uint32_t)((size - table) / WORD);
	depot.used = 1;
	depot.nr_records = 0;
	depot.nr_lost = 0;
	__atomic_store_n(&depot.memory, memory, __ATOMIC_RELEASE);
}

void *stack_depot_close(void)
{
	void *memory = depot.memory;

	__atomic_store_n(&depot.memory, NULL, __ATOMIC_RELEASE);
	return memory;
}

bool stack_depot_is_open(void)
{
	return __atomic_load_n(&depot.memory, __ATOMIC_ACQUIRE) != NULL;
}

/* --- records ------------------------------------------------------------------ */

static uint32_t hash_of(const uintptr_t *entries, unsigned int nr)
{
	uint64_t hash = nr;

	for (unsigned int i = 0; i < nr; i++)
		hash = (hash ^ entries[i]) * 0x9e3779b97f4a7c15ULL;
	return (uint32_t)(hash >> 32);
}

static uint32_t words_of(unsigned int nr)
{
	return (uint32_t)((sizeof(struct record) + nr * sizeof(uintptr_t)) / WORD);
}

static struct record *record_at(uint32_t handle)
{
	return (struct record *)&depot.pool[handle];
}

/* In one chain, from `handle` up to but without `end`. */
static uint32_t find(uint32_t handle, uint32_t end, uint32_t hash, const uintptr_t *entries,
		     unsigned int nr)
{
	const struct record *record;

	for (; handle != end; handle = record->next) {
		record = record_at(handle);
		if (record->hash == hash && record->nr_entries == nr &&
		    !memcmp(record->entries, entries, nr * sizeof(entries[0])))
			return handle;
	}
	return 0;
}

/* A place in the pool; 0: it is full. */
static uint32_t take_words(uint32_t nr_words)
{
	uint32_t used = __atomic_load_n(&depot.used, __ATOMIC_RELAXED);

	do {
		if (depot.nr_words - used < nr_words) {
			__atomic_add_fetch(&depot.nr_lost, 1, __ATOMIC_RELAXED);
			return 0;
		}
	} while (!__atomic_compare_exchange_n(&depot.used, &used, used + nr_words, false,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return used;
}

static uint32_t add(uint32_t *bucket, uint32_t head, uint32_t hash, const uintptr_t *entries,
		    unsigned int nr)
{
	uint32_t handle = take_words(words_of(nr));
	struct record *record;

	if (!handle)
		return 0;
	record = record_at(handle);
	record->hash = hash;
	record->nr_entries = nr;
	memcpy(record->entries, entries, nr * sizeof(entries[0]));
	do {
		record->next = head;
	} while (!__atomic_compare_exchange_n(bucket, &head, handle, false, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
	__atomic_add_fetch(&depot.nr_records, 1, __ATOMIC_RELAXED);
	return handle;
}

depot_stack_handle_t stack_depot_save(const uintptr_t *entries, unsigned int nr)
{
	uint32_t hash, head, handle, *bucket;

	if (!stack_depot_is_open() || !nr)
		return 0;
	nr = min(nr, STACK_DEPOT_DEPTH + 0U);
	hash = hash_of(entries, nr);
	bucket = &depot.table[hash & (depot.nr_buckets - 1)];
	head = __atomic_load_n(bucket, __ATOMIC_ACQUIRE);
	handle = find(head, 0, hash, entries, nr);
	return handle ? handle : add(bucket, head, hash, entries, nr);
}

struct walk {
	uintptr_t entries[STACK_DEPOT_DEPTH];
	unsigned int nr, skip;
};

static bool add_frame(uintptr_t pc, void *context)
{
	struct walk *walk = context;

	if (walk->skip) {
		walk->skip--;
		return true;
	}
	walk->entries[walk->nr++] = pc;
	return walk->nr < STACK_DEPOT_DEPTH;
}

/* The walk begins in arch_stack_walk()'s own frame, whose return address lies here. */
__noinline depot_stack_handle_t stack_depot_save_current(unsigned int skip)
{
	struct walk walk = {.skip = skip + 1};

	if (!stack_depot_is_open())
		return 0;
	arch_stack_walk(NULL, add_frame, &walk);
	return stack_depot_save(walk.entries, walk.nr);
}

/* --- looking -------------------------------------------------------------------- */

static bool is_record(uint32_t handle)
{
	uint32_t used = __atomic_load_n(&depot.used, __ATOMIC_ACQUIRE), nr;

	if (!handle || handle >= used || used - handle < words_of(1))
		return false;
	nr = record_at(handle)->nr_entries;
	return nr > 0 && nr <= STACK_DEPOT_DEPTH && used - handle >= words_of(nr);
}

unsigned int stack_depot_fetch(depot_stack_handle_t handle, const uintptr_t **entries)
{
	*entries = NULL;
	if (!stack_depot_is_open() || !is_record(handle))
		return 0;
	*entries = record_at(handle)->entries;
	return record_at(handle)->nr_entries;
}

int stack_depot_snprint(depot_stack_handle_t handle, char *text, size_t size)
{
	const uintptr_t *entries;
	unsigned int nr = stack_depot_fetch(handle, &entries);
	int length = 0;

	if (!nr)
		return scnprintf(text, size, "unknown");
	for (unsigned int i = 0; i < nr; i++)
		length += scnprintf(text + length, size - (size_t)length, "%s%pB", i ? " <- " : "",
				    (void *)entries[i]);
	return length;
}

void stack_depot_print(const char *label, depot_stack_handle_t handle)
{
	char text[256];

	stack_depot_snprint(handle, text, sizeof(text));
	report_line("%-7s by %s", label, text);
}

void stack_depot_get_stats(struct stack_depot_stats *stats)
{
	bool open = stack_depot_is_open();

	*stats = (struct stack_depot_stats){
		.size = open ? depot.nr_words * WORD : 0,
		.used = open ? depot.used * WORD : 0,
		.nr_stacks = open ? depot.nr_records : 0,
		.nr_lost = depot.nr_lost,
	};
}

static bool check_chain(uint32_t bucket, unsigned long *nr_records)
{
	const struct record *record;
	uint32_t handle = depot.table[bucket];

	for (; handle; handle = record->next) {
		if (!is_record(handle) || ++*nr_records > depot.nr_records)
			return false;
		record = record_at(handle);
		if (record->hash != hash_of(record->entries, record->nr_entries) ||
		    (record->hash & (depot.nr_buckets - 1)) != bucket)
			return false;
	}
	return true;
}

bool stack_depot_check(void)
{
	unsigned long nr_records = 0;

	if (!stack_depot_is_open())
		return true;
	for (uint32_t bucket = 0; bucket < depot.nr_buckets; bucket++)
		if (!check_chain(bucket, &nr_records)) {
			pr_err("stack_depot_check: T1 or T2 fails in bucket %u", bucket);
			return false;
		}
	if (nr_records == depot.nr_records && depot.used <= depot.nr_words)
		return true;
	pr_err("stack_depot_check: T3 fails: %lu records in chains, %lu counted, %u of %u words",
	       nr_records, depot.nr_records, depot.used, depot.nr_words);
	return false;
}
