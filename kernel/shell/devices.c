/* SPDX-License-Identifier: MIT */
/*
 * devices.c - devices made at the prompt, to play with the memory of a driver. docs/DEVMEM.md is the guide.
 */
#include <kernel/shell.h>

#include <lib/device.h>
#include <lib/errno.h>
#include <lib/overflow.h>
#include <lib/printk.h>
#include <lib/report.h>
#include <lib/string.h>
#include <mm/dev_kmalloc.h>
#include <mm/slab.h>

#include "crash.h"

/* A device of the prompt's own, and its name, in one block. */
struct shell_device {
	struct device device;
	char name[];
};

static const struct device_driver shell_driver = {.name = "shell"};

static struct device *device_named(const char *name)
{
	struct device *device = device_find(name);

	if (!device)
		console_print("device: there is no device %s; `device` lists them\n", name);
	return device;
}

static int add_device(const char *name, struct seq_file *out)
{
	size_t length = strlen(name) + 1;
	struct shell_device *made = kzalloc(struct_size(made, name, length), GFP_KERNEL);
	int error;

	if (!made)
		return -ENOMEM;
	memcpy(made->name, name, length);
	made->device.name = made->name;
	error = device_register(&made->device);
	if (error) {
		console_print("device: %s %s\n", name,
			      error == -EEXIST ? "is there already" : "is no name for a device");
		kfree(made);
		return error;
	}
	error = device_bind(&made->device, &shell_driver);
	seq_printf(out, "%s is bound to the driver shell\n", name);
	return error;
}

/* Leaks are reported one by one; devices that are not the prompt's stay. */
static int unbind_device(struct device *device, struct seq_file *out)
{
	unsigned long leaked = device->memory.nr_leaked;

	if (device->driver != &shell_driver) {
		console_print("device: %s was not made at the prompt\n", device->name);
		return -EBUSY;
	}
	device_unbind(device);
	seq_printf(out, "%s is unbound; %lu allocations had been left\n", device->name,
		   device->memory.nr_leaked - leaked);
	device_unregister(device);
	kfree(container_of(device, struct shell_device, device));
	return 0;
}

static int alloc_memory(struct device *device, const char *word, struct seq_file *out)
{
	unsigned long long size;
	void *memory;

	if (!shell_parse_number(word, &size))
		return SHELL_USAGE;
	memory = dev_kmalloc(device, size, GFP_KERNEL);
	if (!memory) {
		console_print("device: %s gets no %llu bytes; /proc/devmem shows its limit\n",
			      device->name, size);
		return -ENOMEM;
	}
	seq_printf(out, "%llu bytes at %px, the header 64 bytes before\n", size, memory);
	return 0;
}

static int limit_memory(struct device *device, const char *word, struct seq_file *out)
{
	unsigned long long bytes;

	if (!shell_parse_number(word, &bytes))
		return SHELL_USAGE;
	device_memory_set_limit(device, bytes);
	seq_printf(out, "%s may hold %llu bytes at once%s\n", device->name, bytes,
		   bytes ? "" : ": no limit");
	return 0;
}

static int fail_memory(struct device *device, const char *text, struct seq_file *out)
{
	if (device_memory_set_failures(device, text)) {
		console_print("device: %s is no failure rate; try probability=50 or nth=3\n", text);
		return -EINVAL;
	}
	seq_printf(out, "requests of %s fail by %s\n", device->name, text);
	return 0;
}

static int free_memory(const char *word, struct seq_file *out)
{
	unsigned long reports = report_count();
	unsigned long long address;

	if (!shell_parse_number(word, &address))
		return SHELL_USAGE;
	dev_kfree((void *)(uintptr_t)address);
	if (report_count() != reports)
		return 1;
	seq_printf(out, "freed 0x%llx\n", address);
	return 0;
}

static int device_verb(const char *verb, const char *name, const char *value, struct seq_file *out)
{
	struct device *device = device_named(name);

	if (!device)
		return 1;
	if (!strcmp(verb, "alloc"))
		return alloc_memory(device, value, out);
	if (!strcmp(verb, "limit"))
		return limit_memory(device, value, out);
	return fail_memory(device, value, out);
}

COMMAND(device,
	"device [add NAME | unbind NAME | alloc NAME SIZE | free ADDRESS | limit NAME BYTES | "
	"fail NAME HOW]",
	"devices and their memory; make one and be its driver")
{
	const char *verb = argc > 1 ? argv[1] : "";
	struct device *device;

	if (argc == 1) {
		proc_devmem(out);
		return 0;
	}
	if (argc == 4 &&
	    (!strcmp(verb, "alloc") || !strcmp(verb, "limit") || !strcmp(verb, "fail")))
		return device_verb(verb, argv[2], argv[3], out);
	if (argc != 3)
		return SHELL_USAGE;
	if (!strcmp(verb, "add"))
		return add_device(argv[2], out);
	if (!strcmp(verb, "free"))
		return free_memory(argv[2], out);
	if (strcmp(verb, "unbind"))
		return SHELL_USAGE;
	device = device_named(argv[2]);
	return device ? unbind_device(device, out) : 1;
}

/* ---- The classic mistakes, for `crash` ---- */

static struct device crash_device = {.name = "crash0"};

static char *crash_memory(size_t size)
{
	device_register(&crash_device);
	return dev_kmalloc(&crash_device, size, GFP_KERNEL);
}

void crash_devmem_wrong_free(void)
{
	char *plain = kmalloc(200, GFP_KERNEL);

	dev_kfree(plain);
	kfree(plain);
}

void crash_devmem_double_free(void)
{
	char *memory = crash_memory(200);

	dev_kfree(memory);
	kfree(memory);
}

/* The first of two buffers is written beyond its end, into the header of the second. */
void crash_devmem_header(void)
{
	char *first = crash_memory(64), *second = crash_memory(64);

	if (first && second)
		memset(second < first ? second : first, 0x41, 64 + 8);
	dev_kfree(second < first ? first : second);
	dev_kfree(second < first ? second : first);
}
