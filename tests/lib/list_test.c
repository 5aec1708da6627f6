/* SPDX-License-Identifier: MIT */
/* list_test.c - rings of entries, and the lock checks. */
#include <lib/check.h>
#include <lib/ktest.h>
#include <lib/list.h>
#include <lib/spinlock.h>

struct item {
	int value;
	struct list_head link;
};

static int digits(struct list_head *head)
{
	struct item *item;
	int number = 0;

	list_for_each_entry (item, head, link)
		number = number * 10 + item->value;
	return number;
}

KTEST(list, entries_come_in_the_order_of_adding_or_against_it)
{
	struct item item[4] = {{.value = 1}, {.value = 2}, {.value = 3}, {.value = 4}};
	LIST_HEAD(queue);
	LIST_HEAD(stack);

	EXPECT_TRUE(list_empty(&queue));
	for (int i = 0; i < 2; i++) {
		list_add_tail(&item[i].link, &queue);
		list_add(&item[i + 2].link, &stack);
	}
	EXPECT_EQ(digits(&queue), 12);
	EXPECT_EQ(digits(&stack), 43);
	list_move(&item[1].link, &stack);
	list_move_tail(&item[0].link, &stack);
	EXPECT_EQ(digits(&stack), 2431);
	EXPECT_TRUE(list_empty(&queue));
	EXPECT_EQ(list_first_entry(&stack, struct item, link)->value, 2);
	EXPECT_EQ(list_last_entry(&stack, struct item, link)->value, 1);
}

KTEST(list, a_removed_entry_points_where_nothing_is_mapped)
{
	struct item item[2] = {{.value = 1}, {.value = 2}}, *entry, *following;
	LIST_HEAD(head);

	list_add_tail(&item[0].link, &head);
	list_add_tail(&item[1].link, &head);
	list_for_each_entry_safe (entry, following, &head, link)
		list_del(&entry->link);
	EXPECT_TRUE(list_empty(&head));
	EXPECT_TRUE(item[0].link.next == LIST_POISON1);
	EXPECT_TRUE(item[1].link.prev == LIST_POISON2);
}

KTEST(spinlock, locks_of_rising_rank_nest)
{
	DEFINE_SPINLOCK(outer, LOCK_RANK_SLAB);
	DEFINE_SPINLOCK(inner, LOCK_RANK_ZONE);
	unsigned long outer_flags, inner_flags;

	spin_lock_irqsave(&outer, outer_flags);
	spin_lock_irqsave(&inner, inner_flags);
	EXPECT_TRUE(spin_is_locked(&inner));
	EXPECT_FALSE(arch_irq_enabled());
	spin_unlock_irqrestore(&outer, inner_flags);
	spin_unlock_irqrestore(&inner, outer_flags);
	EXPECT_FALSE(spin_is_locked(&outer));
}

/* The panics below exist in builds that check locks; others have nothing to prove. */
static void skip_unless_checked(const char *text)
{
	if (!CONFIG_DEBUG)
		panic("%s (this build does not check locks)", text);
}

KTEST_PANIC(spinlock, a_falling_rank_panics, "lock order")
{
	static DEFINE_SPINLOCK(zone, LOCK_RANK_ZONE);
	static DEFINE_SPINLOCK(slab, LOCK_RANK_SLAB);

	skip_unless_checked("lock order");
	spin_lock_save(&zone);
	spin_lock_save(&slab);
}

KTEST_PANIC(spinlock, taking_a_lock_twice_panics, "taken twice")
{
	static DEFINE_SPINLOCK(lock, LOCK_RANK_ZONE);

	skip_unless_checked("taken twice");
	spin_lock_save(&lock);
	spin_lock_save(&lock);
}

KTEST_PANIC(spinlock, releasing_what_is_not_held_panics, "does not hold it")
{
	static DEFINE_SPINLOCK(lock, LOCK_RANK_ZONE);

	skip_unless_checked("does not hold it");
	spin_unlock(&lock);
}

KTEST_PANIC(check, a_false_check_panics_with_its_values, "the answer is 41")
{
	int answer = 41;

	CHECK(answer == 42, "the answer is %d", answer);
}
