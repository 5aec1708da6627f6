/* SPDX-License-Identifier: MIT */
/*
 * kernel/procfs.h - files under /proc: text made when it is read.
 */
#pragma once

#include <lib/seq_file.h>

struct proc_file {
	const char *path;			       /* "/proc/meminfo" */
	void (*show)(struct seq_file *file);	       /* NULL: cannot be read */
	int (*write)(const char *text, size_t length); /* NULL: cannot be written; 0 or -errno */
};

const struct proc_file *proc_find(const char *path);

/* What may be written to it, in words, for who wrote something else: "1". NULL: it is not said. */
const char *proc_wants(const struct proc_file *file);

/* Every file, in the table's order: NULL starts, NULL ends. */
const struct proc_file *proc_next(const struct proc_file *file);
