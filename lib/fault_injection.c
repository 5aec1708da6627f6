/* SPDX-License-Identifier: MIT */
/*
 * fault_injection.c - which request fails.
 *
 * The questions are Linux's, in Linux's order: is it this CPU's n-th; is anything to fail at all; how often
 * still; has enough passed (space); is it the interval's turn; and then the lot decides. The lot is a
 * counter from the seed on, run through a mixer, so a row of requests fails alike each time.
 *
 * LOCKING	None. Of two CPUs that ask at the same moment both may count as one: who wants exact
 *		rows asks from one CPU.
 * LINUX	lib/fault-inject.c: setup_fault_attr(), should_fail().
 */
#include <lib/fault_injection.h>

#include <arch/cpu.h>
#include <lib/context.h>
#include <lib/errno.h>
#include <lib/string.h>

/* --- what is asked for ---------------------------------------------------------- */

/* A number, with a minus where it may have one, that ends at a comma or the end; *text is left behind it. */
static bool parse_number(const char **text, long *value)
{
	const char *c = *text;
	bool negative = *c == '-';
	unsigned long sum = 0;
	unsigned int digits = 0;

	for (c += negative; *c >= '0' && *c <= '9' && digits < 18; c++, digits++)
		sum = sum * 10 + (unsigned long)(*c - '0');
	if (!digits || (*c && *c != ','))
		return false;
	*value = negative ? -(long)sum : (long)sum;
	*text = *c ? c + 1 : c;
	return true;
}

enum field { INTERVAL, PROBABILITY, SPACE, TIMES, NTH, SEED, NR_FIELDS };

static const char *const field_names[NR_FIELDS] = {"interval", "probability", "space",
						   "times",    "nth",	      "seed"};

/* The field whose `name=` the text starts with; behind it then. NR_FIELDS: none. */
static enum field parse_name(const char **text)
{
	enum field field;
	size_t length;

	for (field = 0; field < NR_FIELDS; field++) {
		length = strlen(field_names[field]);
		if (strncmp(*text, field_names[field], length) || (*text)[length] != '=')
			continue;
		*text += length + 1;
		break;
	}
	return field;
}

static bool in_range(enum field field, long value)
{
	if (field == PROBABILITY)
		return value >= 0 && value <= 100;
	return value >= (field == TIMES ? -1 : 0);
}

static bool parse_pairs(const char *text, long values[NR_FIELDS])
{
	bool seen[NR_FIELDS] = {false};
	enum field field;

	while (*text) {
		field = parse_name(&text);
		if (field == NR_FIELDS || !parse_number(&text, &values[field]) ||
		    !in_range(field, values[field]))
			return false;
		seen[field] = true;
	}
	if (!seen[PROBABILITY] && (seen[INTERVAL] || seen[SPACE] || seen[TIMES]))
		values[PROBABILITY] = 100;
	return true;
}

static bool parse_four(const char *text, long values[NR_FIELDS])
{
	enum field field;

	for (field = INTERVAL; field <= TIMES; field++)
		if (!parse_number(&text, &values[field]) || !in_range(field, values[field]))
			return false;
	return !*text;
}

int setup_fault_attr(struct fault_attr *attr, const char *text)
{
	long values[NR_FIELDS] = {[INTERVAL] = 1, [TIMES] = -1};
	size_t length = strlen(text);

	if (!length || text[length - 1] == ',')
		return -EINVAL;
	if (!(text[0] >= '0' && text[0] <= '9' ? parse_four : parse_pairs)(text, values))
		return -EINVAL;
	*attr = (struct fault_attr){
		.interval = (unsigned long)values[INTERVAL],
		.probability = (unsigned long)values[PROBABILITY],
		.nth = (unsigned long)values[NTH],
		.space = values[SPACE],
		.times = values[TIMES],
		.seed = (unsigned long)values[SEED],
		.state = (uint64_t)values[SEED],
	};
	return 0;
}

/* --- what fails ------------------------------------------------------------------- */

static struct {
	unsigned long left; /* requests until one fails; 0: nothing is set */
	unsigned int cpu;
	bool fired;
} sweep;

bool fault_fail_nth(unsigned long n)
{
	bool fired = sweep.fired;

	sweep.fired = false;
	sweep.cpu = arch_cpu_id();
	WRITE_ONCE(sweep.left, n);
	return fired;
}

bool fault_nth_is_set(void)
{
	return READ_ONCE(sweep.left) != 0;
}

static bool sweep_fails(void)
{
	if (!READ_ONCE(sweep.left) || sweep.cpu != arch_cpu_id() || in_interrupt() || --sweep.left)
		return false;
	sweep.fired = true;
	return true;
}

/* 0 to 99. (SplitMix64, as lib/random.c, but with a state of its own) */
static unsigned int draw(struct fault_attr *attr)
{
	uint64_t x = attr->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return (unsigned int)((x >> 33) % 100);
}

static bool lot_falls(struct fault_attr *attr, size_t size)
{
	if (!attr->probability || !attr->times)
		return false;
	if (attr->space > 0 && (size_t)attr->space > size) {
		attr->space -= (long)size;
		return false;
	}
	if (attr->interval > 1 && ++attr->nr_turns % attr->interval)
		return false;
	return draw(attr) < attr->probability;
}

bool should_fail(struct fault_attr *attr, size_t size)
{
	bool fails = sweep_fails();

	attr->nr_requests++;
	if (!fails && attr->nth)
		fails = --attr->nth == 0;
	if (!fails) {
		fails = lot_falls(attr, size);
		if (fails && attr->times > 0)
			attr->times--;
	}
	attr->nr_failed += fails;
	return fails;
}

bool fault_attr_is_active(const struct fault_attr *attr)
{
	return attr->nth || (attr->probability && attr->times) || fault_nth_is_set();
}
