/* SPDX-License-Identifier: MIT */
/*
 * lib/list.h - circular doubly linked lists, with Linux's names.
 *
 * A list is a ring of struct list_head; the head is a member of the ring that
 * belongs to no entry. Adding and removing are O(1) and need no search. The
 * caller holds the lock that protects the list. list_del() leaves two addresses
 * behind that no architecture maps, so that a second removal faults at once.
 */
#pragma once

#include <lib/types.h>

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_POISON1 ((struct list_head *)0xdead000000000100UL)
#define LIST_POISON2 ((struct list_head *)0xdead000000000122UL)

#define LIST_HEAD_INIT(name)                                                                       \
	{                                                                                          \
		&(name), &(name)                                                                   \
	}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline void list_insert_between(struct list_head *entry, struct list_head *prev,
				       struct list_head *next)
{
	next->prev = entry;
	entry->next = next;
	entry->prev = prev;
	prev->next = entry;
}

/* Add right behind the head (a stack). */
static inline void list_add(struct list_head *entry, struct list_head *head)
{
	list_insert_between(entry, head, head->next);
}

/* Add right before the head (a queue). */
static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	list_insert_between(entry, head->prev, head);
}

static inline void list_del(struct list_head *entry)
{
	entry->next->prev = entry->prev;
	entry->prev->next = entry->next;
	entry->next = LIST_POISON1;
	entry->prev = LIST_POISON2;
}

static inline void list_del_init(struct list_head *entry)
{
	entry->next->prev = entry->prev;
	entry->prev->next = entry->next;
	INIT_LIST_HEAD(entry);
}

static inline void list_move(struct list_head *entry, struct list_head *head)
{
	entry->next->prev = entry->prev;
	entry->prev->next = entry->next;
	list_add(entry, head);
}

static inline void list_move_tail(struct list_head *entry, struct list_head *head)
{
	entry->next->prev = entry->prev;
	entry->prev->next = entry->next;
	list_add_tail(entry, head);
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

#define list_entry(pointer, type, member)    container_of(pointer, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member)  list_entry((head)->prev, type, member)
#define list_next_entry(entry, member)	     list_entry((entry)->member.next, typeof(*(entry)), member)

#define list_for_each(position, head)                                                              \
	for (position = (head)->next; position != (head); position = position->next)

#define list_for_each_entry(entry, head, member)                                                   \
	for (entry = list_entry((head)->next, typeof(*entry), member); &entry->member != (head);   \
	     entry = list_next_entry(entry, member))

/* The body may remove `entry` from the list. */
#define list_for_each_entry_safe(entry, following, head, member)                                   \
	for (entry = list_entry((head)->next, typeof(*entry), member),                             \
	    following = list_next_entry(entry, member);                                            \
	     &entry->member != (head);                                                             \
	     entry = following, following = list_next_entry(following, member))
