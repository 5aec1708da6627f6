/* SPDX-License-Identifier: MIT */
/*
 * firmware/fdt.h - the flattened device tree, read in place.
 *
 * Source: Devicetree Specification 0.4, chapter 5 (format), 2 and 3 (properties, memory, chosen, cpus, reserved-memory).
 * fdt_open() proves the whole blob well-formed once; the other calls need a tree that it
 * accepted. Nothing outside the blob is read, nothing recurses, nothing is allocated. Any alignment.
 */
#pragma once

#include <lib/firmware/boot_info.h>

#define FDT_HEADER_SIZE 40
#define FDT_MAX_SIZE	(2 * MiB)
#define FDT_MAX_DEPTH	16 /* nodes on a path; what lies deeper is walked over and never found */

/* A blob that was proved. Offsets from `bytes`; [structure, structure_end) holds the nodes. */
struct fdt {
	const uint8_t *bytes;
	size_t structure, structure_end;
	size_t strings, strings_end; /* strings_end lies behind the last NUL */
	size_t reserve, nr_reserve;  /* /memreserve/ */
};

/*
 * The bytes of the blob whose header this is that must be there: up to the end of its last
 * block. The header's totalsize may be more (QEMU's claims 1 MiB and uses 8 KiB). -EINVAL
 * when it is no tree, not version 17, longer than FDT_MAX_SIZE, or its blocks overlap or lie outside.
 */
long fdt_used_size(const void *header, size_t size);

/* Does a tree begin here, as far as a look without a message can tell? */
bool fdt_has_magic(const void *header, size_t size);

/* The blob's totalsize, which is what to reserve; 0 when fdt_used_size() refuses it. */
size_t fdt_total_size(const void *header, size_t size);

/* Proves the blob and fills `fdt`. 0, or -EINVAL after a message. O(size). */
int fdt_open(struct fdt *fdt, const void *bytes, size_t size);

/* A node is the offset of its first token; 0 is none. Siblings in the blob's order. */
size_t fdt_root(const struct fdt *fdt);
size_t fdt_first_child(const struct fdt *fdt, size_t node);
size_t fdt_next_sibling(const struct fdt *fdt, size_t node);
const char *fdt_node_name(const struct fdt *fdt, size_t node); /* with the unit address */

#define for_each_fdt_child(child, fdt, node)                                                       \
	for (child = fdt_first_child(fdt, node); child != 0; child = fdt_next_sibling(fdt, child))

/*
 * The nodes on an absolute path, path_length bytes long, into node[0] (the root) and on. Returns
 * how many, or 0 when there is no such node. A component without unit address finds the first node of that name.
 */
unsigned int fdt_find_path(const struct fdt *fdt, const char *path, size_t path_length,
			   size_t node[FDT_MAX_DEPTH]);
size_t fdt_find_node(const struct fdt *fdt, const char *path);

/* A node's property, or NULL. *length in bytes. */
const uint8_t *fdt_node_property(const struct fdt *fdt, size_t node, const char *name,
				 size_t *length);

/* The property `name` of the node at absolute `path`; NULL when there is none. */
const void *fdt_property(const struct fdt *fdt, const char *path, const char *name, size_t *length);

/* A property that is one terminated string; NULL otherwise. */
const char *fdt_node_string(const struct fdt *fdt, size_t node, const char *name);

/* Does the string list `name` ("compatible") hold `wanted`? */
bool fdt_node_has_string(const struct fdt *fdt, size_t node, const char *name, const char *wanted);

/* One cell, or `otherwise` when the property is missing or shorter. */
uint32_t fdt_node_u32(const struct fdt *fdt, size_t node, const char *name, uint32_t otherwise);

/* May the node be used: no status, or "okay" or "ok"? */
bool fdt_node_available(const struct fdt *fdt, size_t node);

/* A /memreserve/ entry. */
void fdt_reserve_entry(const struct fdt *fdt, size_t index, phys_addr_t *start, phys_addr_t *size);

/*
 * Everything boot needs: memory, /memreserve/, /reserved-memory, chosen (bootargs, initrd, stdout-path;
 * the seeds are left to the caller), cpus, psci. What is wrong in one node costs
 * that node only: a message, info->dropped, and a reservation errs on the safe side.
 */
void fdt_read_boot_info(const struct fdt *fdt, struct boot_info *info);
