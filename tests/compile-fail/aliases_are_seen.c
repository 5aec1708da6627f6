/* SPDX-License-Identifier: MIT */
/*
 * No mistake, but what the flags must not do to it: an allocator's memory has many types, and a write of one is seen as another.
 *
 * undefined: change_was_seen
 */
void change_was_seen(void);
int snippet(int *number, short *part);
int snippet(int *number, short *part)
{
	*number = 1;
	*part = 2;
#if MISTAKE
	if (*number != 1)
		change_was_seen();
#endif
	return 0;
}
