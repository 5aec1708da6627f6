/* SPDX-License-Identifier: MIT */
/*
 * os_memory.c - physical memory as a memfd, and windows onto it.
 *
 * LINUX	memfd_create(2), mmap(2) with MAP_FIXED. System calls are made directly
 *		while the data section is being moved: the library's wrappers, and a
 *		sanitizer's around them, may write to it.
 */
#include "os.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define HOSTED_VA_START 0x7e8000000000UL /* as asm/layout.h, which no libc header goes with */
#define HOSTED_VA_END	0x7f0000000000UL
#define HOST_PAGE	4096UL

static int memory = -1;
static char *bus;
static uint64_t bus_size;

/* Pages of the image are changed behind the sanitizers' backs: they keep no books of what is code, and fault when they try. */
static bool map_fixed(uintptr_t va, size_t size, int prot, int flags, int file, off_t offset)
{
	void *at = (void *)va;

	flags |= MAP_NORESERVE | MAP_FIXED;
	if (va - HOSTED_VA_START >= HOSTED_VA_END - HOSTED_VA_START)
		return syscall(SYS_mmap, at, size, prot, flags, file, offset) == (long)va;
	return mmap(at, size, prot, flags, file, offset) == at;
}

static void map_nothing(uintptr_t va, size_t size)
{
	if (!map_fixed(va, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
		os_die("cannot unmap %#lx + %#zx", va, size);
}

bool os_address_space_take(void)
{
	return mmap((void *)HOSTED_VA_START, HOSTED_VA_END - HOSTED_VA_START, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
		    0) == (void *)HOSTED_VA_START;
}

void os_memory_create(uint64_t size)
{
	memory = memfd_create("loam", MFD_CLOEXEC);
	if (memory < 0 || ftruncate(memory, (off_t)size) != 0)
		os_die("no memfd of %#lx bytes", (unsigned long)size);
	bus = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, memory, 0);
	if (bus == MAP_FAILED)
		os_die("cannot map %#lx bytes of memory", (unsigned long)size);
	bus_size = size;
}

void *os_bus(uint64_t pa)
{
	if (pa >= bus_size)
		os_die("bus: nothing at physical address %#lx", (unsigned long)pa);
	return bus + pa;
}

void os_map(uintptr_t va, uint64_t pa, size_t size, bool writable, bool executable)
{
	int prot = PROT_READ | (writable ? PROT_WRITE : 0) | (executable ? PROT_EXEC : 0);

	if (!map_fixed(va, size, prot, MAP_SHARED, memory, (off_t)pa))
		os_die("cannot map %#lx + %#zx (too many mappings?)", va, size);
}

bool os_try_read(const void *va, void *to, size_t size)
{
	struct iovec there = {(void *)va, size}, here = {to, size};

	return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)size;
}

void os_unmap(uintptr_t va, size_t size)
{
	map_nothing(va, size);
}

void os_image_move(char *start, char *data, char *end, uint64_t pa)
{
	/* Between the parts there may be pages that are not mapped: those stay zero. */
	for (char *at = start; at < end;) {
		long written = syscall(SYS_pwrite64, memory, at, end - at,
				       pa + (uint64_t)(at - start));

		at += written > 0 ? (size_t)written : HOST_PAGE;
	}
	if (syscall(SYS_mmap, data, end - data, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		    memory, pa + (uint64_t)(data - start)) != (long)data)
		os_die("cannot move the image's data into memory");
}

void *os_private_memory(size_t size)
{
	static char *next, *end;
	void *block;

	size = (size + 63) & ~(size_t)63;
	if (next == NULL || (size_t)(end - next) < size) {
		size_t chunk = size > (1UL << 20) ? size : 1UL << 20;

		next = mmap(NULL, chunk, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (next == MAP_FAILED)
			os_die("out of memory for the machine itself");
		end = next + chunk;
	}
	block = next;
	next += size;
	return block;
}
