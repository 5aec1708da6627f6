/* SPDX-License-Identifier: MIT */
/*
 * An array whose size is known only when it runs: the stack has 16 KiB, and guests decide sizes.
 *
 * expect: variable length array|-Wvla
 */
void fill(char *array, unsigned long size);
void snippet(unsigned long size);
void snippet(unsigned long size)
{
#if MISTAKE
	char array[size];
#else
	char array[16];
#endif
	fill(array, size);
}
