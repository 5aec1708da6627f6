# SPDX-License-Identifier: MIT
"""Hostile memory maps, start infos and multiboot2 blocks for PCs, drawn from a seed.

What a map calls usable is RAM that QEMU has, below what the machine's own firmware keeps; all else
is a lie at will. So a kernel that believes a wrong part is caught by the model, never by a machine without memory.
"""
import struct

from firmware_boot import COMMANDS, MULTIBOOT2_MAGIC, PVH_MAGIC, Case
from model import Decision, init_parts, intersect, size
from qemu import BAD_BOOT, COMMAND_FAILED, NO_MEMORY, OK

MIB = 1 << 20
LOW_END = 0x9FC00
RAM_END = 0xBF00000  # of 192 MiB, below the machine's ACPI tables
PHYS_END = 1 << 40  # -cpu max under TCG
# A command line without its end runs on into words that are no commands.
ANY_END = (OK, NO_MEMORY, BAD_BOOT, COMMAND_FAILED)
ENOUGH = 16 * MIB // 4096  # with so many free frames there is no excuse
DATA = (0x400000, 0xA000000)  # where boot data is laid down
UNKNOWN_TYPES = (0, 2, 3, 4, 5, 6, 7, 12, 16, 20, 0xFFFFFFFF)

# --- lies: each takes the list of (start, size, type) and returns another ----------------------


def somewhere(draw):
    return draw.randrange(MIB, RAM_END)


def nested(draw, entries):
    return entries + [(somewhere(draw), draw.randrange(1, 4 * MIB), draw.choice(UNKNOWN_TYPES)) for _ in range(draw.randrange(1, 12))]


def over_the_edges(draw, entries):
    start, length, _ = draw.choice(entries)
    edge = draw.choice([start, start + length])
    return entries + [(max(0, edge - draw.randrange(8192)), draw.randrange(1, 16384), draw.choice((2, 3, 4, 5)))]


def cut_in_pieces(draw, entries):
    found = []
    for start, length, kind in entries:
        cuts = sorted({0, length, *(draw.randrange(length + 1) for _ in range(draw.randrange(6)))})
        found += [(start + low, high - low, kind) for low, high in zip(cuts, cuts[1:])]
    return found


def holes(draw, entries):
    found = cut_in_pieces(draw, entries)
    return [entry for entry in found if draw.random() < 0.8] or entries


def doubled(draw, entries):
    return entries + [(start + draw.randrange(2), length, kind) for start, length, kind in entries]


def empty(draw, entries):
    return [(0, 0, 1), *entries, (somewhere(draw), 0, 2), (1 << 63, 0, 1)]


def wrapping(draw, entries):
    top = (1 << 64) - draw.randrange(1, 1 << 40)
    return entries + [(top, (1 << 64) - 1, draw.choice((1, 2))), (somewhere(draw), (1 << 64) - 1, 1), (top, (1 << 64) - top, 1)]


def beyond(draw, entries):
    return entries + [(PHYS_END + draw.randrange(1 << 41), draw.randrange(1, 1 << 38), 1)]


def low_megabyte_is_ram(draw, entries):
    return entries + [(0, MIB, 1)]


def unaligned(draw, entries):
    return [(start + draw.randrange(1, 4096), max(1, length - draw.randrange(4096, 8192)), kind) if length > 16384 else (start, length, kind) for start, length, kind in entries]


def crumbs(draw, entries):
    start = somewhere(draw) & ~4095
    return entries + [(start + i * 8192, 4096, 2) for i in range(draw.randrange(10, 60))]


def islands(draw, entries):
    """Single pages of RAM, and some room at the end for the kernel to live in."""
    start = draw.randrange(32 * MIB, 64 * MIB)
    return [(start + i * 8192, 4096, 1) for i in range(draw.randrange(20, 100))] + [(draw.randrange(96, 128) * MIB, draw.randrange(2, 40) * MIB, 1)]


def too_many(draw, entries):
    count = draw.choice((129, 312, 513, 2000, 5000))
    start = 16 * MIB
    return entries + [(start + i * 8192 + draw.randrange(4096), 4096, draw.choice((1, 2, 2))) for i in range(count)]


def little(draw, entries):
    return [(0, LOW_END, 1), (MIB, draw.randrange(2 * MIB, 8 * MIB), 1)]


def shuffled(draw, entries):
    return draw.sample(entries, len(entries))


LIES = [nested, over_the_edges, cut_in_pieces, holes, doubled, empty, wrapping, beyond, low_megabyte_is_ram, unaligned, crumbs, islands, too_many, little, shuffled]


def draw_map(draw):
    entries = [(0, LOW_END, 1), (MIB, RAM_END - MIB, 1), (0xF0000, 0x10000, 2), (0xFD00000000, 3 << 32, 2)]
    used = draw.sample(LIES, draw.randrange(0, 5))
    # What no machine has is said last: cut in pieces it could pass for RAM.
    for lie in sorted(used, key=lambda lie: lie in (wrapping, beyond)):
        entries = lie(draw, entries)
    return draw.sample(entries, len(entries)) if shuffled in used else entries, "+".join(lie.__name__ for lie in used) or "sane"


# --- boot data -------------------------------------------------------------------------------


class Ground:
    """Places for boot data that do not meet each other or the kernel."""

    def __init__(self, draw, kernel):
        self.draw, self.taken, self.place = draw, [(kernel.start, kernel.end)], {}

    def put(self, data, align=1):
        while True:
            low = self.draw.randrange(*DATA) // align * align
            if not intersect(self.taken, [(low, low + len(data))]):
                break
        self.taken.append((low, low + len(data)))
        self.place[low] = data
        return low


def pack_map(entries):
    return b"".join(struct.pack("<QQII", start & (1 << 64) - 1, length, kind, 0) for start, length, kind in entries)


def decide(entries, kernel, data):
    # Type 0 is no entry at all.
    known = [(start, length, kind == 1) for start, length, kind in entries if kind != 0]
    return Decision(known, (kernel.start, kernel.end), data, PHYS_END, pc=True, given_back=init_parts(kernel.path, kernel.start))


def ends(decision):
    """Which ends are right with so much memory."""
    free = size(decision.free)
    if free >= ENOUGH and decision.exact:
        return (OK,)
    return (OK, NO_MEMORY) if free >= 200 else (NO_MEMORY,)


def pvh_info(ground, entries, words, modules=()):
    """A start info and all that it points to; ({field: offset}, bytes)."""
    table = pack_map(entries)
    map_pa = ground.put(table, 8) if table else 0
    list_pa = 0
    if modules:
        list_pa = ground.put(b"".join(struct.pack("<4Q", pa, length, 0, 0) for pa, length in modules), 8)
    words_pa = ground.put(words)
    return struct.pack("<4I4Q2I", PVH_MAGIC, 1, 0, len(modules), list_pa, words_pa, 0, map_pa, len(entries), 0)


def pvh_case(draw, kernel, name=""):
    """A lying map and honest pointers: the kernel must do exactly as the model."""
    entries, used = draw_map(draw)
    ground = Ground(draw, kernel)
    modules = [(ground.put(b"module " * draw.randrange(1, 4000)), 7)] if draw.random() < 0.5 else []
    modules = [(pa, len(ground.place[pa])) for pa, _ in modules]
    info = pvh_info(ground, entries, COMMANDS.encode() + b"\0", modules)
    start = ground.put(info, 4)
    decision = decide(entries, kernel, [(low, low + len(data)) for low, data in ground.place.items()])
    return Case(f"pvh {used}{name}", "x86_64", ground.place, draw.randrange(1 << 32), start, decision=decision, ends=ends(decision))


BAD_POINTERS = (0, 1, 0xFFF, 0xA0000, 0xB0000000, 0xFFFFFFFF, 1 << 39, 1 << 52, (1 << 64) - 1, (1 << 64) - 4096)


def broken_pvh_case(draw, kernel):
    """Any field of the start info may be nonsense; only the end is judged."""
    entries, used = draw_map(draw)
    ground = Ground(draw, kernel)
    # Without its zero byte the command line runs on into whatever lies behind it.
    words = COMMANDS.encode() + draw.choice((b"\0", b" x" * 3000, bytes(range(1, 256)) * 10))
    info = bytearray(pvh_info(ground, entries, words, [(somewhere(draw), draw.choice((0, 100, (1 << 64) - 1)))]))
    names = []
    for _ in range(draw.randrange(1, 4)):
        name, offset, form, values = draw.choice((
            ("magic", 0, "<I", (0, 0x336EC579)),
            ("version", 4, "<I", (0, 2, 0xFFFFFFFF)),
            ("nr_modules", 12, "<I", (2, 64, 65, 0xFFFFFFFF)),
            ("modules", 16, "<Q", BAD_POINTERS),
            ("command line", 24, "<Q", BAD_POINTERS),
            ("rsdp", 32, "<Q", (*BAD_POINTERS, 0x100000, 0x400000)),
            ("map", 40, "<Q", BAD_POINTERS),
            ("nr_map", 48, "<I", (0, 1, 1000, 131072, 131073, 0xFFFFFFFF)),
        ))
        struct.pack_into(form, info, offset, draw.choice(values))
        names.append(name)
    start = ground.put(bytes(info), 4)
    right = (BAD_BOOT,) if "magic" in names else ANY_END
    return Case(f"pvh {used}, broken {', '.join(names)}", "x86_64", ground.place, 0, start, ends=right)


# --- multiboot2 --------------------------------------------------------------------------------


def tag(kind, payload):
    data = struct.pack("<II", kind, 8 + len(payload)) + payload
    return data + b"\0" * (-len(data) % 8)


def multiboot2_block(entries, words, modules=()):
    tags = [tag(1, words), tag(2, b"liar\0"), tag(6, struct.pack("<II", 24, 0) + pack_map(entries))]
    tags += [tag(3, struct.pack("<II", low, high) + b"\0") for low, high in modules]
    return tags


def finish_block(tags):
    body = b"".join(tags) + struct.pack("<II", 0, 8)
    return struct.pack("<II", 8 + len(body), 0) + body


def multiboot2_case(draw, kernel):
    entries, used = draw_map(draw)
    ground = Ground(draw, kernel)
    modules = [(pa, pa + 100) for pa in (ground.put(b"m" * 100, 4096) for _ in range(draw.randrange(4)))]
    tags = multiboot2_block(entries, COMMANDS.encode() + b"\0", modules)
    draw.shuffle(tags)
    start = ground.put(finish_block(tags), 8)
    decision = decide(entries, kernel, [(low, low + len(data)) for low, data in ground.place.items()])
    return Case(f"multiboot2 {used}", "x86_64", ground.place, MULTIBOOT2_MAGIC, start, decision=decision, ends=ends(decision))


def break_tags(draw, block):
    """Nonsense in the block's size and in the heads of some tags; never in the map's entries, which must not claim RAM that is not there."""
    heads, at = [(0, 4)], 8
    while at < len(block):
        kind, length = struct.unpack_from("<II", block, at)
        heads += [(at, 8), (at + 8, 8)] if kind == 6 else [(at, 8)]
        at += -(-length // 8) * 8
    for _ in range(draw.randrange(1, 4)):
        start, length = draw.choice(heads)
        is_stride = (start - 8, 8) in heads
        value = draw.choice((0, 1, 7, 8, 9, 20, 23, 0xFFFFFFFF, 0x7FFFFFFF))
        struct.pack_into("<I", block, start + draw.randrange(0, length, 4), 25 if is_stride and value > 23 else value)


def broken_multiboot2_case(draw, kernel):
    """Sizes, types and the alignment may be anything; only the end is judged."""
    entries, used = draw_map(draw)
    ground = Ground(draw, kernel)
    tags = multiboot2_block(entries, COMMANDS.encode() + b"\0", [(5, 3), (somewhere(draw), 0xFFFFFFFF)])
    tags += [tag(draw.choice((*range(1, 6), *range(7, 40))), draw.randbytes(draw.randrange(64))) for _ in range(draw.randrange(8))]
    draw.shuffle(tags)
    block = bytearray(finish_block(tags))
    break_tags(draw, block)
    start = ground.put(bytes(block), 8)
    return Case(f"multiboot2 {used}, broken", "x86_64", ground.place, MULTIBOOT2_MAGIC, start + draw.choice((0, 0, 0, 4)), ends=ANY_END)


def any_case(draw, kernel):
    # Honest pointers more often: there the model judges every frame.
    return draw.choice((pvh_case, pvh_case, multiboot2_case, broken_pvh_case, broken_multiboot2_case))(draw, kernel)
