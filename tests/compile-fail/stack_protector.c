/* SPDX-License-Identifier: MIT */
/*
 * No mistake, but what the flags must do to it: a function with an array has a guard beside it.
 *
 * only: x86_64 aarch64
 * undefined: __stack_chk_fail
 */
void fill(char *array);
void snippet(void);
void snippet(void)
{
#if MISTAKE
	char array[16];

	fill(array);
#else
	fill(0);
#endif
}
