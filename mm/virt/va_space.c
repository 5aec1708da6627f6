/* SPDX-License-Identifier: MIT */
/*
 * va_space.c - find room among addresses, in time that grows with the logarithm of what is there.
 *
 * THE IDEA
 *	Ranges that are taken stand in a balanced search tree, in order of
 *	address. Each remembers the gap below it, and the largest gap of all its
 *	subtree. So "the lowest place for 5 pages" is one walk down: left if the left
 *	subtree has a gap of 5, else here if the gap here will do, else right. What is free
 *	above the last range is the gap of a range of no length that stands at the end of the space.
 *
 *	Freeing a range gives its length and its gap to the range above it, so
 *	neighbouring free places need no merging: a place between two ranges is one gap by construction.
 *
 * PICTURE	four pages' worth of ranges A, B, C in a space of 12; "gap/max_gap"
 *
 *	0   1   2   3   4   5   6   7   8   9   10  11  12
 *	|   .   | A |   | B     |   .   .   | C |   .   |(end)
 *
 *			B 1/3
 *		       /     \
 *		    A 2/2    C 3/3
 *			         \
 *			        end 2/2
 *
 *	3 pages: at B the left has only 2, B's own gap is 1, so right; C's gap has 3.
 *
 * INVARIANTS	(va_space_check() proves them; va_space_test.c breaks them)
 *	V1  Ranges are in order, do not overlap and lie in the space.
 *	V2  Each gap is the distance to the range below, or to the base.
 *	V3  max_gap and height are what the subtree says.
 *	V4  The heights of two siblings differ by at most 1.
 *
 * LOCKING	The caller's.
 * COST		Alloc: one walk down and one up, which ends where nothing changes any
 *		more. With 100,000 ranges the tree is 17 to 20 deep, with 10 it is 4: to free one
 *		and to take another costs 2.3 times as many instructions (`bench addresses-100000-pair`).
 * FLOOR	virt. Called by vm_area.c, and by whoever hands out addresses.
 * LINUX	mm/vmalloc.c: find_vmap_lowest_match(), augment_tree_propagate_from(). There a
 *		red-black tree holds the free ranges and another one the taken ones.
 */
#include "va_space.h"

#include <arch/layout.h>
#include <config.h>
#include <lib/bits.h>
#include <lib/check.h>
#include <lib/printk.h>

/* --- a balanced tree whose nodes know the largest gap below them -------------- */

static inline unsigned int height(const struct va_range *node)
{
	return node ? node->height : 0;
}

static inline size_t max_gap(const struct va_range *node)
{
	return node ? node->max_gap : 0;
}

static inline size_t gap_of_subtree(const struct va_range *node)
{
	return max(node->gap, max(max_gap(node->left), max_gap(node->right)));
}

/* Compute what the node says of its subtree. */
static inline void pull(struct va_range *node)
{
	node->height = 1 + max(height(node->left), height(node->right));
	node->max_gap = gap_of_subtree(node);
}

/* Whoever points to `old` points to `new` instead. */
static void replace_child(struct va_space *space, struct va_range *old, struct va_range *new)
{
	struct va_range *parent = old->parent;

	if (!parent)
		space->root = new;
	else if (parent->left == old)
		parent->left = new;
	else
		parent->right = new;
	if (new)
		new->parent = parent;
}

/* The left child goes up, the node becomes its right child. Returns the new top. */
static struct va_range *rotate_right(struct va_space *space, struct va_range *node)
{
	struct va_range *top = node->left;

	replace_child(space, node, top);
	node->left = top->right;
	if (node->left)
		node->left->parent = node;
	top->right = node;
	node->parent = top;
	pull(node);
	pull(top);
	return top;
}

static struct va_range *rotate_left(struct va_space *space, struct va_range *node)
{
	struct va_range *top = node->right;

	replace_child(space, node, top);
	node->right = top->left;
	if (node->right)
		node->right->parent = node;
	top->left = node;
	node->parent = top;
	pull(node);
	pull(top);
	return top;
}

/* One side is taller by two. */
static struct va_range *rebalance(struct va_space *space, struct va_range *node)
{
	struct va_range *child;

	if (height(node->left) > height(node->right)) {
		child = node->left;
		if (height(child->right) > height(child->left))
			rotate_left(space, child);
		return rotate_right(space, node);
	}
	child = node->right;
	if (height(child->left) > height(child->right))
		rotate_right(space, child);
	return rotate_left(space, node);
}

/* Put right what nodes say of gaps, from `node` up to where nothing changes any more, but not before `above`. */
static void retrace_gaps(struct va_range *node, const struct va_range *above)
{
	for (; node; node = node->parent) {
		size_t most = gap_of_subtree(node);

		if (node == above)
			above = NULL;
		if (most == node->max_gap && !above)
			return;
		node->max_gap = most;
	}
}

/*
 * The children of `node` have changed, and the gap of `above`, which is `node` or a node above it: put right what they and their
 * parents say. Heights soon settle; from there on only gaps are looked at.
 */
static void retrace(struct va_space *space, struct va_range *node, const struct va_range *above)
{
	bool settled = false;

	for (; node && !settled; node = node->parent) {
		unsigned int left = height(node->left), right = height(node->right);
		unsigned int tall = node->height;

		if (node == above)
			above = NULL;
		if (unlikely(left > right + 1 || right > left + 1)) {
			node = rebalance(space, node);
		} else {
			node->height = 1 + max(left, right);
			node->max_gap = gap_of_subtree(node);
		}
		settled = node->height == tall;
	}
	retrace_gaps(node, above);
}

/* --- in order ------------------------------------------------------------------ */

static struct va_range *leftmost(struct va_range *node)
{
	while (node->left)
		node = node->left;
	return node;
}

static struct va_range *successor(struct va_range *node)
{
	if (node->right)
		return leftmost(node->right);
	while (node->parent && node->parent->right == node)
		node = node->parent;
	return node->parent;
}

struct va_range *va_space_next(struct va_space *space, struct va_range *range)
{
	struct va_range *next = range ? successor(range) : leftmost(space->root);

	return next == &space->last ? NULL : next;
}

static inline void count_step(struct va_space *space)
{
	if (CONFIG_DEBUG)
		space->steps++;
}

struct va_range *va_space_find(struct va_space *space, uintptr_t address)
{
	struct va_range *node = space->root, *above = NULL;

	while (node) {
		count_step(space);
		if (address < node->end) {
			above = node;
			if (address >= node->start)
				break;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return above == &space->last ? NULL : above;
}

/* --- taking and giving back ---------------------------------------------------- */

void va_space_init(struct va_space *space, uintptr_t base, size_t size)
{
	uintptr_t end = base + size;

	CHECK(size != 0 && IS_ALIGNED(base | size, PAGE_SIZE) && end > base, "0x%zx bytes at 0x%lx",
	      size, (unsigned long)base);
	*space = (struct va_space){.base = base, .root = &space->last};
	space->last = (struct va_range){
		.start = end, .end = end, .gap = size, .max_gap = size, .height = 1};
}

/* The range above the lowest gap of `size` bytes. */
static struct va_range *lowest_gap(struct va_space *space, size_t size)
{
	struct va_range *node = space->root;

	if (node->max_gap < size)
		return NULL;
	for (;;) {
		count_step(space);
		if (max_gap(node->left) >= size)
			node = node->left;
		else if (node->gap >= size)
			return node;
		else
			node = node->right;
	}
}

/* Where an aligned range would start in the gap below `above`; 0 when it does not fit. */
static uintptr_t place_in_gap(const struct va_range *above, size_t size, size_t align)
{
	uintptr_t low = above->start - above->gap, start = ALIGN_UP(low, align);

	return start >= low && start <= above->start && above->start - start >= size ? start : 0;
}

/* When no gap is large enough for every alignment, one may be aligned by luck. */
static struct va_range *lucky_gap(struct va_space *space, size_t size, size_t align)
{
	struct va_range *node;

	for (node = lowest_gap(space, size); node; node = successor(node)) {
		count_step(space);
		if (place_in_gap(node, size, align))
			return node;
	}
	return NULL;
}

/* `range` becomes the one just below `above`. */
static void link_below(struct va_range *above, struct va_range *range)
{
	struct va_range *parent = above->left;

	range->left = range->right = NULL;
	range->height = 0;
	range->max_gap = 0;
	if (!parent) {
		above->left = range;
		range->parent = above;
		return;
	}
	while (parent->right)
		parent = parent->right;
	parent->right = range;
	range->parent = parent;
}

bool va_space_alloc(struct va_space *space, struct va_range *range, size_t size, size_t align)
{
	struct va_range *above = NULL;
	size_t worst;

	ASSERT(is_power_of_2(align) && align >= PAGE_SIZE, "align 0x%zx", align);
	ASSERT(size != 0 && IS_ALIGNED(size, PAGE_SIZE), "size 0x%zx", size);
	if (!__builtin_add_overflow(size, align - PAGE_SIZE, &worst))
		above = lowest_gap(space, worst);
	if (!above && align > PAGE_SIZE)
		above = lucky_gap(space, size, align);
	if (!above)
		return false;

	range->start = place_in_gap(above, size, align);
	range->end = range->start + size;
	range->gap = range->start - (above->start - above->gap);
	above->gap = above->start - range->end;
	link_below(above, range);
	retrace(space, range, above);
	space->nr_ranges++;
	return true;
}

/* Take a node with two children out: its successor stands in for it. Returns the lowest node whose children changed. */
static struct va_range *unlink_inner(struct va_space *space, struct va_range *node,
				     struct va_range *heir)
{
	struct va_range *lowest = heir;

	if (heir->parent != node) {
		lowest = heir->parent;
		replace_child(space, heir, heir->right);
		heir->right = node->right;
		heir->right->parent = heir;
	}
	heir->left = node->left;
	heir->left->parent = heir;
	replace_child(space, node, heir);
	/* What this place said so far: retrace() compares with it. */
	heir->height = node->height;
	heir->max_gap = node->max_gap;
	return lowest;
}

void va_space_free(struct va_space *space, struct va_range *range)
{
	struct va_range *above = successor(range), *lowest = range->parent;

	CHECK(above && range != &space->last, "a range that is not of this space");
	above->gap += range->gap + (range->end - range->start);
	if (range->left && range->right) {
		lowest = unlink_inner(space, range, above);
	} else if (range->right) {
		/* An only child is a leaf: it is the range above, and now where this one was. */
		replace_child(space, range, above);
		above->height = range->height; /* as in unlink_inner() */
		lowest = above;
	} else {
		replace_child(space, range, range->left);
	}
	retrace(space, lowest, above);
	space->nr_ranges--;
}

/* --- the proof ------------------------------------------------------------------ */

static bool broken(const struct va_range *node, const char *rule)
{
	pr_err("va_space: %s at range [0x%lx, 0x%lx)", rule, (unsigned long)node->start,
	       (unsigned long)node->end);
	return false;
}

static bool node_is_sound(const struct va_range *node)
{
	unsigned int left = height(node->left), right = height(node->right);

	if (left > right + 1 || right > left + 1)
		return broken(node, "V4 the tree is out of balance");
	if (node->height != 1 + max(left, right) ||
	    node->max_gap != max(node->gap, max(max_gap(node->left), max_gap(node->right))))
		return broken(node, "V3 a node is wrong about its subtree");
	if ((node->left && node->left->parent != node) ||
	    (node->right && node->right->parent != node))
		return broken(node, "V3 a child has another parent");
	return true;
}

bool va_space_check(struct va_space *space)
{
	uintptr_t below = space->base;
	unsigned long nr = 0;
	struct va_range *node;

	for (node = leftmost(space->root); node; node = successor(node), nr++) {
		if (node->start < below || node->end < node->start || node->end > space->last.end)
			return broken(node, "V1 order or bounds are wrong");
		if (node->gap != node->start - below)
			return broken(node, "V2 the gap below is wrong");
		if (!node_is_sound(node))
			return false;
		below = node->end;
	}
	return nr == space->nr_ranges + 1 || broken(space->root, "V1 a range is missing");
}
