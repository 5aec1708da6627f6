# SPDX-License-Identifier: MIT
"""Hostile device trees for virt, written byte by byte and drawn from a seed.

As with firmware_maps.py, memory nodes claim no more than QEMU's RAM; what is reserved, how it is said and
where the tree and the Image lie is at will.
"""
import struct

from firmware_boot import COMMANDS, Case
from model import Decision, init_parts, intersect, size
from qemu import BAD_BOOT, COMMAND_FAILED, NO_MEMORY, OK

MIB = 1 << 20
RAM = (0x40000000, 0x4C000000)
USED = (0x40200000, 0x4B000000)  # above QEMU's own tree, below the stub
PHYS_END = 1 << 48
ENOUGH = 16 * MIB // 4096
UART = 0x9000000

BEGIN, END, PROPERTY, NOP, LAST = 1, 2, 3, 4, 9


class Image:
    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            self.size = struct.unpack_from("<Q", file.read(32), 16)[0]


# --- writing a tree ----------------------------------------------------------------------------


class Tree:
    def __init__(self):
        self.structure, self.strings, self.reserve = b"", b"", []

    def node(self, name):
        text = name.encode() + b"\0"
        self.structure += struct.pack(">I", BEGIN) + text + b"\0" * (-len(text) % 4)

    def end(self):
        self.structure += struct.pack(">I", END)

    def property(self, name, value=b""):
        if isinstance(value, str):
            value = value.encode() + b"\0"
        at = self.strings.find(name.encode() + b"\0")
        if at < 0:
            at, self.strings = len(self.strings), self.strings + name.encode() + b"\0"
        self.structure += struct.pack(">3I", PROPERTY, len(value), at) + value + b"\0" * (-len(value) % 4)

    def cells(self, name, *values):
        self.property(name, b"".join(struct.pack(">I", value & 0xFFFFFFFF) for value in values))

    def blob(self):
        reserve = b"".join(struct.pack(">QQ", *entry) for entry in [*self.reserve, (0, 0)])
        structure = self.structure + struct.pack(">I", LAST)
        at_reserve, at_structure = 40, 40 + len(reserve)
        at_strings = at_structure + len(structure)
        total = at_strings + len(self.strings)
        header = struct.pack(">10I", 0xD00DFEED, total, at_structure, at_strings, at_reserve, 17, 16, 0, len(self.strings), len(structure))
        return header + reserve + structure + self.strings


def reg(cells, *ranges):
    out = b""
    for start, length in ranges:
        for value, count in ((start, cells[0]), (length, cells[1])):
            out += struct.pack(">Q", value & (1 << 64) - 1) if count == 2 else struct.pack(">I", value & 0xFFFFFFFF)
    return out


# --- what a drawn tree says ----------------------------------------------------------------------


class Draft:
    """What the tree will say, in plain numbers."""

    def __init__(self, draw):
        self.memory = [(RAM[0], RAM[1] - RAM[0])]  # (start, size)
        self.memreserve = []
        self.regions = []  # (start, size, no-map?)
        self.cells = draw.choice([(2, 2), (2, 1), (1, 1), (1, 2)])
        self.noise = 0  # nodes that say nothing
        self.disabled = []  # ranges that a disabled memory node claims
        self.initrd = None  # (start, end)
        self.memory_end = 0  # how far from their start the tokens tell of memory


def somewhere(draw):
    return draw.randrange(*RAM)


def two_banks(draw, draft):
    cut = somewhere(draw)
    draft.memory = [(cut, RAM[1] - cut), (RAM[0], cut - RAM[0])]


def banks_with_holes(draw, draft):
    cuts = sorted(draw.sample(range(*RAM, 4096), 2 * draw.randrange(1, 12)))
    draft.memory = [(low, high - low) for low, high in zip(cuts[::2], cuts[1::2])] + [(0x40000000, 0x800000)]
    draw.shuffle(draft.memory)


def overlapping_banks(draw, draft):
    draft.memory += [(RAM[0] + draw.randrange(16 * MIB), draw.randrange(1, 64 * MIB)) for _ in range(draw.randrange(1, 5))]


def placeholders(draw, draft):
    draft.memory += [(0, 0), (somewhere(draw), 0)]


def unaligned_banks(draw, draft):
    draft.memory = [(start + draw.randrange(4096), max(1, length - draw.randrange(4096, 9000))) for start, length in draft.memory]


def spin_table(draw, draft):
    draft.memreserve += [(0, 0x1000), (RAM[0], 0x1000)]


def memreserve(draw, draft):
    draft.memreserve += [(somewhere(draw), draw.randrange(1, 2 * MIB)) for _ in range(draw.randrange(1, 10))]


def regions(draw, draft):
    draft.regions += [(somewhere(draw), draw.randrange(1, 4 * MIB), draw.random() < 0.4) for _ in range(draw.randrange(1, 12))]


def region_twice(draw, draft):
    start, length = somewhere(draw), draw.randrange(1, MIB)
    draft.memreserve.append((start, length))
    draft.regions += [(start, length, True), (start + length // 2, length, False)]


def region_outside(draw, draft):
    draft.regions += [(0x80000000, MIB, True), (0, 0x1000, False)]


def region_over_all(draw, draft):
    draft.regions.append((RAM[0] + 40 * MIB, RAM[1] - RAM[0], False))


def islands(draw, draft):
    start = RAM[0] + 64 * MIB
    draft.memory = [(start + i * 8192, 4096) for i in range(draw.randrange(2, 90))] + [(RAM[0], draw.randrange(8, 48) * MIB)]


def noisy(draw, draft):
    draft.noise = draw.randrange(1, 400)


def disabled_bank(draw, draft):
    draft.disabled.append((0x100000000, 0x100000000))


LIES = [two_banks, banks_with_holes, overlapping_banks, placeholders, unaligned_banks, spin_table, memreserve, regions, region_twice, region_outside, region_over_all, islands, noisy, disabled_bank]


def draw_draft(draw):
    draft = Draft(draw)
    used = draw.sample(LIES, draw.randrange(0, 5))
    for lie in used:
        lie(draw, draft)
    if draft.disabled:
        draft.cells = (2, 2)
    return draft, "+".join(lie.__name__ for lie in used) or "sane"


def write_tree(draw, draft, words):
    tree = Tree()
    tree.reserve = draft.memreserve
    tree.node("")
    tree.cells("#address-cells", draft.cells[0])
    tree.cells("#size-cells", draft.cells[1])
    tree.property("compatible", "linux,dummy-virt")
    for start, length in draft.memory:
        tree.node(f"memory@{start:x}")
        tree.property("device_type", "memory")
        tree.property("reg", reg(draft.cells, (start, length)))
        tree.end()
    for start, length in draft.disabled:
        tree.node(f"memory@{start:x}")
        tree.property("device_type", "memory")
        tree.property("status", "disabled")
        tree.property("reg", reg(draft.cells, (start, length)))
        tree.end()
    draft.memory_end = len(tree.structure)
    if draft.regions:
        tree.node("reserved-memory")
        tree.cells("#address-cells", draft.cells[0])
        tree.cells("#size-cells", draft.cells[1])
        if draw.random() < 0.8:
            tree.property("ranges")
        for start, length, no_map in draft.regions:
            tree.node(f"region@{start:x}")
            tree.property("reg", reg(draft.cells, (start, length)))
            if no_map:
                tree.property("no-map")
            tree.end()
        tree.end()
    for number in range(draft.noise):
        tree.node(f"noise{number}")
        tree.property("reg", b"\xff" * draw.randrange(9))
        tree.end()
    tree.node("chosen")
    tree.property("bootargs", words)
    tree.property("stdout-path", f"/pl011@{UART:x}")
    if draft.initrd:
        tree.cells("linux,initrd-start", draft.initrd[0])
        tree.cells("linux,initrd-end", draft.initrd[1])
    tree.end()
    tree.node(f"pl011@{UART:x}")
    tree.property("compatible", b"arm,pl011\0arm,primecell\0")
    tree.property("reg", reg(draft.cells, (UART, 0x1000)))
    tree.end()
    tree.end()
    return tree.blob()


# --- cases ----------------------------------------------------------------------------------------


def lay_down(draw, blob, image):
    """Where the Image and the tree go: (image, tree)."""
    at = draw.randrange(USED[0], USED[1] - image.size - 2 * MIB, 2 * MIB)
    while True:
        tree = draw.randrange(*USED, 8)
        if tree + len(blob) < USED[1] and not intersect([(at, at + image.size)], [(tree, tree + len(blob))]):
            return at, tree


def tree_case(draw, image):
    draft, used = draw_draft(draw)
    blob = write_tree(draw, draft, COMMANDS)
    at, tree = lay_down(draw, blob, image)
    regions = [(start, start + length, no_map) for start, length, no_map in draft.regions]
    data = [(tree, tree + len(blob))] + [(start, start + length) for start, length in draft.memreserve] + [(low, high) for low, high, no_map in regions if not no_map]
    no_map = [(low, high) for low, high, hidden in regions if hidden]
    entries = [(start, length, True) for start, length in draft.memory]
    decision = Decision(entries, (at, at + image.size), data, PHYS_END, pc=False, no_map=no_map, given_back=init_parts(image.path, at))
    free = size(decision.free)
    ends = (OK,) if free >= ENOUGH and decision.exact else (OK, NO_MEMORY) if free >= 200 else (NO_MEMORY,)
    return Case(f"tree {used}", "aarch64", {tree: blob}, ebx=tree, image=at, decision=decision, ends=ends)


HEADER_LIES = [0, 1, 4, 16, 17, 18, 39, 40, 41, 0xFFFF0000, 0xFFFFFFFF, 0x7FFFFFFF]


def broken_tree_case(draw, image):
    """The header, any word but memory's own, or the address may be nonsense; only the end is judged, and the command line may be spoilt."""
    draft, used = draw_draft(draw)
    draft.disabled = []  # with its status spoilt it would be RAM that no machine has
    blob = bytearray(write_tree(draw, draft, COMMANDS))
    at, tree = lay_down(draw, blob, image)
    address = tree
    what = draw.choice(("header", "words", "cut", "address", "deep"))
    if what == "header":
        for _ in range(draw.randrange(1, 3)):
            struct.pack_into(">I", blob, 4 * draw.randrange(10), draw.choice([*HEADER_LIES, draw.randrange(len(blob))]))
    elif what == "words":
        for _ in range(draw.randrange(1, 8)):
            value = draw.choice([0, 1, 2, 3, 4, 9, 0xFFFFFFFF, 0x80000000, draw.randrange(1 << 32)])
            place = 40 + 4 * draw.randrange((len(blob) - 40) // 4)
            if not 0 <= place - struct.unpack_from(">I", blob, 8)[0] < draft.memory_end:
                struct.pack_into(">I", blob, place, value)
    elif what == "cut":
        del blob[draw.randrange(1, len(blob)) :]
    elif what == "address":
        address = tree + draw.choice((1, 4, 8, 4096))
    else:
        deep = Tree()
        for _ in range(10000):
            deep.node("")
        blob = bytearray(deep.blob())
    return Case(f"tree {used}, broken {what}", "aarch64", {tree: bytes(blob)}, ebx=address, image=at, ends=(OK, NO_MEMORY, BAD_BOOT, COMMAND_FAILED))


def any_case(draw, image):
    return draw.choice((tree_case, tree_case, tree_case, broken_tree_case))(draw, image)
