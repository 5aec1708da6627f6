/* SPDX-License-Identifier: MIT */
/*
 * No mistake, but what the flags must not do to it: address 0 may be mapped, so a pointer that was followed may still be null.
 *
 * undefined: null_was_seen
 */
void null_was_seen(void);
int snippet(const int *pointer);
int snippet(const int *pointer)
{
	int value = *pointer;

#if MISTAKE
	if (!pointer)
		null_was_seen();
#endif
	return value;
}
