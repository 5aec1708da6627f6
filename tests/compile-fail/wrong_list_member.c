/* SPDX-License-Identifier: MIT */
/*
 * container_of() refuses a pointer to something else than the member.
 *
 * expect: incompatible pointer type
 */
#include <mm/page.h>

struct page *snippet(struct list_head *link);
struct page *snippet(struct list_head *link)
{
#if MISTAKE
	return container_of(link, struct page, order);
#else
	return container_of(link, struct page, lru);
#endif
}
