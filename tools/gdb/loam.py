# SPDX-License-Identifier: MIT
"""Loam's commands for gdb, loaded by `make debug`:

    loam page PFN        the struct page of a frame
    loam slabs           the chain of caches, with the slabs of each node
    loam walk ADDRESS    the page-table walk, entry by entry, as the CPU does it
    loam log             the kernel's log

Physical memory is read through QEMU's monitor, so that a walk works at any moment, also before the
kernel has a direct map.
"""
import gdb

VMEMMAP = {"x86_64": 0xFFFFEA0000000000, "aarch64": 0xFFFFC00000000000}


def arch():
    return "aarch64" if "aarch64" in gdb.selected_frame().architecture().name() else "x86_64"


def number(text):
    value = gdb.parse_and_eval(text)
    if value.type.code == gdb.TYPE_CODE_FUNC:
        value = value.address
    return int(value) & ((1 << 64) - 1)


def read_physical(address):
    text = gdb.execute(f"monitor xp /1gx 0x{address:x}", to_string=True)
    return int(text.split(":")[1].split()[0], 16)


def walk_x86(address):
    table = number("$cr3") & ~0xFFF
    for level in (3, 2, 1, 0):
        index = address >> (12 + 9 * level) & 511
        entry = read_physical(table + 8 * index)
        bits = [name for bit, name in ((0, "P"), (1, "W"), (2, "U"), (5, "A"), (6, "D"), (7, "PS"), (8, "G"), (63, "NX")) if entry >> bit & 1]
        print(f"level {level}  table 0x{table:x}[{index}] = 0x{entry:016x}  {' '.join(bits)}")
        if not entry & 1:
            return print("nothing is mapped")
        table = entry & 0x000FFFFFFFFFF000
        if level == 0 or level < 3 and entry & 0x80:
            size = 1 << (12 + 9 * level)
            return print(f"physical 0x{(table & ~(size - 1)) | (address & (size - 1)):x}, leaf of {size >> 10} KiB")


def walk_arm(address):
    if not address >> 63:
        return print("the kernel keeps TTBR0 off: nothing is mapped in the lower half")
    table = number("$TTBR1_EL1") & 0x0000FFFFFFFFF000
    for level in (3, 2, 1, 0):
        index = address >> (12 + 9 * level) & 511
        entry = read_physical(table + 8 * index)
        bits = [name for bit, name in ((6, "EL0"), (7, "RO"), (10, "AF"), (11, "nG"), (53, "PXN"), (54, "UXN")) if entry >> bit & 1]
        print(f"level {level}  table 0x{table:x}[{index}] = 0x{entry:016x}  attr {entry >> 2 & 7} {' '.join(bits)}")
        if not entry & 1:
            return print("nothing is mapped")
        table = entry & 0x0000FFFFFFFFF000
        if level == 0 or not entry & 2:
            size = 1 << (12 + 9 * level)
            return print(f"physical 0x{(table & ~(size - 1)) | (address & (size - 1)):x}, leaf of {size >> 10} KiB")


def entries(head, type_name, member):
    """The structures on a list_head ring."""
    kind = gdb.lookup_type(type_name)
    offset = next(field.bitpos // 8 for field in kind.fields() if field.name == member)
    link = head["next"]
    while int(link) != int(head.address):
        yield (link.cast(gdb.lookup_type("char").pointer()) - offset).cast(kind.pointer()).dereference()
        link = link["next"]


class Loam(gdb.Command):
    """Loam's own commands: loam page PFN, loam slabs, loam walk ADDRESS, loam log."""

    def __init__(self):
        super().__init__("loam", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        words = argument.split()
        action = getattr(self, "do_" + words[0], None) if words else None
        if action is None:
            print(__doc__)
            return
        try:
            action(*words[1:])
        except (gdb.error, TypeError) as error:
            print(f"loam {argument}: {error}")

    def do_page(self, pfn):
        address = VMEMMAP[arch()] + 32 * number(pfn)
        page = gdb.parse_and_eval(f"*(struct page *)0x{address:x}")
        try:
            page.fetch_lazy()
        except gdb.MemoryError:
            return print(f"frame 0x{number(pfn):x} has no struct page: no RAM near it")
        flags = [flag.name[3:] for flag in gdb.lookup_type("enum page_flags").fields() if int(page["flags"]) & flag.enumval]
        print(f"struct page 0x{address:x}: {' '.join(flags) or 'no flags'}, order {int(page['order'])}, "
              f"zone {int(page['zone_node']) & 3}, node {int(page['zone_node']) >> 2}, refcount {int(page['refcount'])}")

    def do_slabs(self):
        for cache in entries(gdb.parse_and_eval("cache_chain"), "struct kmem_cache", "link"):
            whole = cache.address.cast(gdb.lookup_type("struct slab_cache").pointer())
            lists = whole["node"].dereference()
            counts = [sum(1 for _ in entries(lists[name], "struct slab", "list")) for name in ("slabs_full", "slabs_partial", "slabs_free")]
            print(f"{cache['name'].string():20} size {int(cache['size']):5}  full {counts[0]:4}  partial {counts[1]:4}  free {counts[2]:4}")

    def do_walk(self, address):
        {"x86_64": walk_x86, "aarch64": walk_arm}[arch()](number(address))

    def do_log(self):
        size = int(gdb.parse_and_eval("sizeof(ring)"))
        head = number("head")
        ring = bytes(gdb.selected_inferior().read_memory(number("&ring"), size))
        text = ring[:head] if head < size else ring[head % size:] + ring[: head % size]
        for line in text.decode("utf-8", "replace").split("\n")[head > size:]:
            print(line[1:])


Loam()
