/* SPDX-License-Identifier: MIT */
/*
 * fdt.c - walk a flattened device tree where it lies.
 *
 * THE IDEA
 *	The tree is a list of 32-bit big-endian tokens: a node begins with 1 and
 *	its name, ends with 2, a property is 3, its length, the offset of its
 *	name among the strings, and its value. fdt_open() walks the list once
 *	and proves that every token lies inside, that beginnings and ends match
 *	and that each name has its NUL. From then on a node is no more than the
 *	offset of its first token, and a parent is found by coming from above.
 *
 * PICTURE	one node with one property, and the end
 *
 *	00000001 "cpus\0" pad | 00000003 00000004 0000001b 00000002 | 00000002 | 00000009
 *	begin	  name		property length	  name at  value      end node	 end of tree
 *
 * COST		fdt_open() O(size); a child or a sibling costs what it skips over.
 * FLOOR	lib; pure.
 * LINUX	scripts/dtc/libfdt does the same with offsets; drivers/of/fdt.c.
 */
#include <lib/firmware/fdt.h>

#include <lib/errno.h>
#include <lib/firmware/bytes.h>
#include <lib/printk.h>
#include <lib/string.h>

#define FDT_MAGIC	    0xd00dfeed
#define FDT_VERSION	    17
#define FDT_RESERVE_ENTRY   16 /* two 64-bit numbers */
#define FDT_NODE_NAME_SHIFT 4  /* a node's name stands behind its token */

enum fdt_token {
	FDT_BEGIN_NODE = 1,
	FDT_END_NODE = 2,
	FDT_PROP = 3,
	FDT_NOP = 4,
	FDT_END = 9,
};

/* A token and what belongs to it. */
struct fdt_item {
	enum fdt_token token;
	size_t start, next;   /* where it starts, and what follows it */
	const char *name;     /* of a node or property */
	const uint8_t *value; /* of a property */
	size_t length;
};

/* The header's fields, read once. */
struct fdt_header {
	size_t total, structure, structure_size, strings, strings_size, reserve;
};

static int refuse(const char *why)
{
	pr_warn("device tree: %s, refused", why);
	return -EINVAL;
}

static bool overlap(size_t a, size_t a_size, size_t b, size_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

static int read_header(struct fdt_header *header, const uint8_t *p, size_t size)
{
	if (size < FDT_HEADER_SIZE || be32_at(p) != FDT_MAGIC)
		return refuse("no magic number");
	*header = (struct fdt_header){
		.total = be32_at(p + 4),
		.structure = be32_at(p + 8),
		.strings = be32_at(p + 12),
		.reserve = be32_at(p + 16),
		.strings_size = be32_at(p + 32),
		.structure_size = be32_at(p + 36),
	};
	if (be32_at(p + 20) != FDT_VERSION || be32_at(p + 24) > FDT_VERSION)
		return refuse("not of version 17");
	if (header->total < FDT_HEADER_SIZE || header->total > FDT_MAX_SIZE)
		return refuse("its size cannot be true");
	if (!bytes_fit(header->total, header->structure, header->structure_size) ||
	    !bytes_fit(header->total, header->strings, header->strings_size) ||
	    !bytes_fit(header->total, header->reserve, FDT_RESERVE_ENTRY))
		return refuse("a block lies outside");
	if (header->structure < FDT_HEADER_SIZE || header->strings < FDT_HEADER_SIZE ||
	    header->reserve < FDT_HEADER_SIZE)
		return refuse("a block lies on the header");
	if (!IS_ALIGNED(header->structure, 4) || !IS_ALIGNED(header->reserve, 8))
		return refuse("a block is not aligned");
	if (overlap(header->structure, header->structure_size, header->strings,
		    header->strings_size) ||
	    overlap(header->reserve, FDT_RESERVE_ENTRY, header->structure,
		    header->structure_size) ||
	    overlap(header->reserve, FDT_RESERVE_ENTRY, header->strings, header->strings_size))
		return refuse("its blocks overlap");
	return 0;
}

/* Where the reservation block must have ended: the next block, or the end. */
static size_t reserve_limit(const struct fdt_header *header)
{
	size_t limit = header->total;

	if (header->structure > header->reserve)
		limit = min(limit, header->structure);
	if (header->strings > header->reserve)
		limit = min(limit, header->strings);
	return limit;
}

static size_t used_size(const struct fdt_header *header)
{
	size_t used = max(header->structure + header->structure_size,
			  header->strings + header->strings_size);

	/* The reservations' own length is unknown; when they come last all of it may be theirs. */
	return header->reserve >= used ? header->total : used;
}

bool fdt_has_magic(const void *header, size_t size)
{
	return size >= FDT_HEADER_SIZE && be32_at(header) == FDT_MAGIC;
}

long fdt_used_size(const void *bytes, size_t size)
{
	struct fdt_header header;
	int error = read_header(&header, bytes, size);

	return error ? error : (long)used_size(&header);
}

size_t fdt_total_size(const void *bytes, size_t size)
{
	struct fdt_header header;

	return read_header(&header, bytes, size) ? 0 : header.total;
}

/* Length of the string at `offset`, if its NUL comes before `end`; else -EINVAL. */
static long string_length(const struct fdt *fdt, size_t offset, size_t end)
{
	size_t length;

	if (offset >= end)
		return -EINVAL;
	length = strnlen((const char *)fdt->bytes + offset, end - offset);
	return length < end - offset ? (long)length : -EINVAL;
}

static int read_property(const struct fdt *fdt, struct fdt_item *item)
{
	const uint8_t *p = fdt->bytes + item->start;
	size_t name_offset;

	if (!bytes_fit(fdt->structure_end, item->start, 12))
		return -EINVAL;
	item->length = be32_at(p + 4);
	name_offset = be32_at(p + 8);
	if (!bytes_fit(fdt->structure_end, item->start + 12, item->length) ||
	    name_offset >= fdt->strings_end - fdt->strings)
		return -EINVAL;
	item->name = (const char *)fdt->bytes + fdt->strings + name_offset;
	item->value = p + 12;
	item->next = ALIGN_UP(item->start + 12 + item->length, 4);
	return 0;
}

/* The token at item->next, padding skipped. -EINVAL: the list ends here or makes no sense. */
static int read_item(const struct fdt *fdt, struct fdt_item *item)
{
	long length;

	do {
		item->start = item->next;
		if (!bytes_fit(fdt->structure_end, item->start, 4))
			return -EINVAL;
		item->token = be32_at(fdt->bytes + item->start);
		item->next = item->start + 4;
	} while (item->token == FDT_NOP);

	switch (item->token) {
	case FDT_BEGIN_NODE:
		length = string_length(fdt, item->start + FDT_NODE_NAME_SHIFT, fdt->structure_end);
		if (length < 0)
			return -EINVAL;
		item->name = (const char *)fdt->bytes + item->start + FDT_NODE_NAME_SHIFT;
		item->next = ALIGN_UP(item->start + FDT_NODE_NAME_SHIFT + length + 1, 4);
		return 0;
	case FDT_PROP:
		return read_property(fdt, item);
	case FDT_END_NODE:
	case FDT_END:
		return 0;
	default:
		return -EINVAL;
	}
}

/* One root, every beginning with its end, properties before children, an end. */
static int check_structure(const struct fdt *fdt)
{
	struct fdt_item item = {.next = fdt->structure};
	size_t depth = 0, nr_roots = 0;
	bool may_have_property = false;

	for (;;) {
		if (read_item(fdt, &item))
			return refuse("a token lies outside or makes no sense");
		switch (item.token) {
		case FDT_BEGIN_NODE:
			if (depth++ == 0 && nr_roots++ > 0)
				return refuse("two roots");
			may_have_property = true;
			break;
		case FDT_PROP:
			if (!may_have_property)
				return refuse("a property stands outside its node's head");
			break;
		case FDT_END_NODE:
			if (depth-- == 0)
				return refuse("a node ends that never began");
			may_have_property = false;
			break;
		default: /* FDT_END */
			if (depth != 0)
				return refuse("it ends inside a node");
			return nr_roots ? 0 : refuse("it has no root");
		}
	}
}

/* The reservations up to their terminator of two zeros. */
static int check_reserve(struct fdt *fdt, const struct fdt_header *header, size_t size)
{
	size_t end = min(reserve_limit(header), size);

	for (size_t at = header->reserve; bytes_fit(end, at, FDT_RESERVE_ENTRY);
	     at += FDT_RESERVE_ENTRY) {
		if (be64_at(fdt->bytes + at) == 0 && be64_at(fdt->bytes + at + 8) == 0)
			return 0;
		fdt->nr_reserve++;
	}
	return refuse("its memory reservations have no end");
}

int fdt_open(struct fdt *fdt, const void *bytes, size_t size)
{
	struct fdt_header header;
	int error = read_header(&header, bytes, size);

	if (error)
		return error;
	*fdt = (struct fdt){
		.bytes = bytes,
		.structure = header.structure,
		.structure_end = header.structure + header.structure_size,
		.strings = header.strings,
		.strings_end = header.strings + header.strings_size,
		.reserve = header.reserve,
	};
	if (fdt->structure_end > size || fdt->strings_end > size)
		return refuse("it is cut short");
	/* With a NUL at the end of the strings any offset among them is a terminated string. */
	while (fdt->strings_end > fdt->strings && fdt->bytes[fdt->strings_end - 1] != 0)
		fdt->strings_end--;
	error = check_reserve(fdt, &header, size);
	return error ? error : check_structure(fdt);
}

size_t fdt_root(const struct fdt *fdt)
{
	struct fdt_item item = {.next = fdt->structure};

	return read_item(fdt, &item) == 0 && item.token == FDT_BEGIN_NODE ? item.start : 0;
}

const char *fdt_node_name(const struct fdt *fdt, size_t node)
{
	return (const char *)fdt->bytes + node + FDT_NODE_NAME_SHIFT;
}

/* The node that begins at item->next or behind properties there; 0 when something else comes first. */
static size_t next_begin(const struct fdt *fdt, struct fdt_item *item)
{
	while (read_item(fdt, item) == 0) {
		if (item->token == FDT_BEGIN_NODE)
			return item->start;
		if (item->token != FDT_PROP)
			break;
	}
	return 0;
}

size_t fdt_first_child(const struct fdt *fdt, size_t node)
{
	struct fdt_item item = {.next = node};

	if (node == 0 || read_item(fdt, &item))
		return 0;
	return next_begin(fdt, &item);
}

size_t fdt_next_sibling(const struct fdt *fdt, size_t node)
{
	struct fdt_item item = {.next = node};
	size_t depth = 0;

	do {
		if (read_item(fdt, &item))
			return 0;
		if (item.token == FDT_BEGIN_NODE)
			depth++;
		else if (item.token == FDT_END_NODE)
			depth--;
	} while (depth > 0);
	return next_begin(fdt, &item);
}

/* Is the node's name `component`? A component without '@' leaves the unit address open. */
static bool node_has_name(const struct fdt *fdt, size_t node, const char *component, size_t length)
{
	const char *name = fdt_node_name(fdt, node);

	if (strncmp(name, component, length) != 0)
		return false;
	if (name[length] == '@')
		return strchr(name, '@') == name + length;
	return name[length] == '\0';
}

unsigned int fdt_find_path(const struct fdt *fdt, const char *path, size_t path_length,
			   size_t node[FDT_MAX_DEPTH])
{
	unsigned int depth = 1;
	size_t at = 0;

	if (path_length == 0 || path[0] != '/')
		return 0;
	node[0] = fdt_root(fdt);
	while (at < path_length) {
		size_t start = at + 1, child;

		for (at = start; at < path_length && path[at] != '/';)
			at++;
		if (at == start)
			continue;
		if (depth == FDT_MAX_DEPTH)
			return 0;
		for_each_fdt_child(child, fdt,
				   node[depth - 1]) if (node_has_name(fdt, child, path + start,
								      at - start)) break;
		if (child == 0)
			return 0;
		node[depth++] = child;
	}
	return depth;
}

size_t fdt_find_node(const struct fdt *fdt, const char *path)
{
	size_t node[FDT_MAX_DEPTH];
	unsigned int depth = fdt_find_path(fdt, path, strlen(path), node);

	return depth ? node[depth - 1] : 0;
}

const uint8_t *fdt_node_property(const struct fdt *fdt, size_t node, const char *name,
				 size_t *length)
{
	struct fdt_item item = {.next = node};

	if (node == 0 || read_item(fdt, &item))
		return NULL;
	while (read_item(fdt, &item) == 0 && item.token == FDT_PROP) {
		if (strcmp(item.name, name) == 0) {
			*length = item.length;
			return item.value;
		}
	}
	return NULL;
}

const void *fdt_property(const struct fdt *fdt, const char *path, const char *name, size_t *length)
{
	return fdt_node_property(fdt, fdt_find_node(fdt, path), name, length);
}

const char *fdt_node_string(const struct fdt *fdt, size_t node, const char *name)
{
	size_t length;
	const char *value = (const char *)fdt_node_property(fdt, node, name, &length);

	return value && strnlen(value, length) < length ? value : NULL;
}

bool fdt_node_has_string(const struct fdt *fdt, size_t node, const char *name, const char *wanted)
{
	size_t length;
	const char *value = (const char *)fdt_node_property(fdt, node, name, &length);

	while (value && length > 0) {
		size_t here = strnlen(value, length);

		if (here == length)
			return false;
		if (strcmp(value, wanted) == 0)
			return true;
		value += here + 1;
		length -= here + 1;
	}
	return false;
}

uint32_t fdt_node_u32(const struct fdt *fdt, size_t node, const char *name, uint32_t otherwise)
{
	size_t length;
	const uint8_t *value = fdt_node_property(fdt, node, name, &length);

	return value && length >= 4 ? be32_at(value) : otherwise;
}

bool fdt_node_available(const struct fdt *fdt, size_t node)
{
	size_t length;

	if (!fdt_node_property(fdt, node, "status", &length))
		return true;
	return fdt_node_has_string(fdt, node, "status", "okay") ||
	       fdt_node_has_string(fdt, node, "status", "ok");
}

void fdt_reserve_entry(const struct fdt *fdt, size_t index, phys_addr_t *start, phys_addr_t *size)
{
	const uint8_t *entry = fdt->bytes + fdt->reserve + index * FDT_RESERVE_ENTRY;

	*start = be64_at(entry);
	*size = be64_at(entry + 8);
}
