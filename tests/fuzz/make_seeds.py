#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Write the first inputs of every fuzz target: tests/fuzz/make_seeds.py DIRECTORY

Each is a case of firmware that has gone wrong somewhere (fault-B1 to fault-B32), or a sane
one to start from. They are made here so that each can be read; the fuzzer goes on from them.
"""
import os
import struct
import sys

U64 = (1 << 64) - 1


# --- map: { window 1 } { type 1 (0x40: another source, 0x80: a huge length), start in KiB 2, length in KiB 2 } ... -----------------------
def memory_map(*entries, top=0):
    return bytes([top]) + b"".join(struct.pack("<BHH", kind, start, length) for kind, start, length in entries)


def map_seeds():
    usable, reserved, acpi, nvs, broken, unknown, huge = 1, 2, 3, 4, 5, 12, 0x80
    sane = [(usable, 4, 636), (reserved, 640, 384), (usable, 1024, 2048), (acpi, 3072, 64), (nvs, 3136, 64)]
    yield "b1-nothing", memory_map()
    yield "b1-zero-sized", memory_map((usable, 0, 0), (usable, 64, 0))
    yield "b2-one", memory_map((usable, 0, 4096))
    yield "b3-sane", memory_map(*sane)
    yield "b3-backwards", memory_map(*reversed(sane))
    yield "b4-twice-and-shifted", memory_map((usable, 64, 64), (usable, 64, 64), (usable, 65, 64))
    yield "b5-inside", memory_map((usable, 0, 1024), (reserved, 100, 30))
    yield "b6-around", memory_map((usable, 100, 100), (reserved, 90, 20), (reserved, 190, 20), (usable, 300, 50), (reserved, 280, 100))
    yield "b7-three-types", memory_map((usable, 0, 64), (reserved, 60, 64), (nvs, 60, 5), (acpi, 60, 4), (broken, 64, 1))
    yield "b8-empty-first-middle-last", memory_map((usable, 1, 0), *sane, (reserved, 5, 0))
    yield "b9-wraps", memory_map((usable | huge, 8, 0), (reserved | huge, 4000, 1), (usable, 0, 4096))
    yield "b9-at-the-top", memory_map((usable, 0, 4092), (reserved, 4000, 96), (reserved | huge, 3000, 4), (usable, 100, 4096), top=1)
    yield "b9-wraps-150-times", memory_map(*((usable | huge, 8, i % 5) for i in range(150)))
    yield "b3-two-sources", memory_map((reserved, 8, 8), (reserved | 0x40, 8, 8), (unknown, 8, 8), (unknown | 0x40, 10, 8), (usable | 0x40, 0, 64))
    yield "b11-types", memory_map(*((kind, 16 * kind, 16) for kind in range(16)))
    yield "b12-unaligned", memory_map((usable, 0, 639), (usable, 1025, 3), (usable, 1030, 2), (reserved, 1041, 1))
    for count in (129, 312, 520):
        yield f"b14-{count}-alternating", memory_map(*((usable if i % 2 else reserved, i * 4 % 4096, 4) for i in range(count)))
    yield "b14-reservations-alone", memory_map(*((reserved, i * 7 % 4096, 1 + i % 3) for i in range(520)))
    yield "b14-holes-in-one", memory_map((usable, 0, 4096), *((reserved, i * 8, 4) for i in range(511)))
    yield "unknown-around", memory_map((unknown, 0, 4096), (usable, 0, 4096))


# --- memblock: { operation 1, first page 1, pages 1, more 1 } ... -----------------------------
ADD, REMOVE, RESERVE, FREE, MARK, CLEAR, SET_NODE, FIND, ALLOC, LIMIT, RANGES, TURN = range(12)


def memblock_seeds():
    grow = 0x80
    everything = bytes([ADD, 0, 255, grow])
    yield "machine", everything + bytes([RESERVE, 16, 2, 0, MARK, 64, 3, 0, ALLOC, 0, 5, 3, FIND, 1, 9, 0x61, RANGES, 10, 20, 0])
    yield "many-holes", everything + b"".join(bytes([RESERVE, 2 * i, 1, grow]) for i in range(60))
    yield "reserved-is-full-when-memory-grows", b"".join(bytes([ADD, 8 * i, 6, grow + i % 3, RESERVE, 8 * i + 2, 1, grow]) for i in range(30))
    # The highest free memory is what is being reserved: the new array must not lie there.
    yield "reserve-where-the-array-would-go", everything + b"".join(bytes([RESERVE, 2 * i, 1, grow]) for i in range(1, 9)) + bytes([RESERVE, 250, 5, grow])
    yield "free-in-the-middle", everything + bytes([RESERVE, 0, 200, grow]) + b"".join(bytes([FREE, 3 * i, 1, grow]) for i in range(50))
    yield "nodes", b"".join(bytes([SET_NODE, 5 * i, 3, grow + i % 3, ADD, 4 * i, 4, i % 3]) for i in range(40))
    yield "limit-from-the-bottom", everything + bytes([TURN, 0, 0, 1, ALLOC, 0, 7, 4, LIMIT, 0, 100, 0, ALLOC, 0, 19, 3, REMOVE, 90, 255, grow])
    yield "no-map-and-back", everything + bytes([MARK, 10, 100, grow, CLEAR, 50, 10, grow, ALLOC, 0, 12, 3, REMOVE, 0, 255, 0])


# --- command line -----------------------------------------------------------------------------
def cmdline_seeds():
    yield "sane", b'mem=256M highmem=64M quiet run="cat /proc/meminfo; poweroff"'
    yield "b32-garbage", b"mem= mem=x mem=-1 mem=99999999999999999999E highmem=0x10G k=\"1 \" k"
    yield "b32-words", b"memmap=1M@2M memmap=4K$640K memmap=16K#1G memmap=exactmap memmap=1M!2M reserve=64K@32M cma=16M swiotlb=4096"
    yield "b32-odd", b"memmap= memmap=@ memmap=$ memmap=1M memmap=0@0 reserve=1@18446744073709551615 cma=-1 swiotlb=99E mem=0"
    yield "quotes", b'"run=a b" k="" "" "=" = =x k= "k=\'x\' open=x y'
    yield "b21-too-long", b"k=" + b"x" * 2100
    yield "unprintable", bytes(range(1, 256))


# --- PVH: { which 1 } bytes -------------------------------------------------------------------
def start_info(magic=0x336EC578, version=1, modules=1, nr_map=3):
    return b"\0" + struct.pack("<IIIIQQQQII", magic, version, 0, modules, 0x7000, 0x8000, 0xE0000, 0x9000, nr_map, 0)


def pvh_seeds():
    yield "sane", start_info()
    yield "b23-magic", start_info(magic=0)
    yield "b23-version-0", start_info(version=0)
    yield "b23-count", start_info(nr_map=0xFFFFFFFF, modules=0xFFFFFFFF)
    yield "short", start_info()[:40]
    entries = [(0, 0x9FC00, 1), (0x9FC00, 0x400, 2), (0x100000, 0xFF00000, 1), (0xFD00000000, 0x300000000, 2), (U64 - 1, 9, 2), (0x1000, U64, 1), (0, 0, 0)]
    yield "map", b"\1" + b"".join(struct.pack("<QQII", *entry, 0) for entry in entries)
    yield "b14-map-of-600", b"\1" + b"".join(struct.pack("<QQII", i << 20, 1 << 19, i % 7, 0) for i in range(600))
    yield "module", b"\2" + struct.pack("<QQQQ", 0x1000000, 0x10000, 0, 0)
    yield "b21-module-wraps", b"\2" + struct.pack("<QQQQ", U64 - 10, 11, 0, 0)


# --- ACPI: { which 1 } bytes; the highest bit has the sum put right --------------------------
def table(signature, body, length=None):
    return signature + struct.pack("<IBB6s8sI4sI", length or 36 + len(body), 1, 0, b"LOAM  ", b"SEED    ", 1, b"SEED", 1) + body


def acpi_seeds():
    local = lambda cpu, flags: struct.pack("<BBBBI", 0, 8, cpu, cpu, flags)
    x2apic = lambda cpu, flags: struct.pack("<BBHIII", 9, 16, 0, cpu, flags, cpu)
    madt = struct.pack("<II", 0xFEE00000, 1)
    yield "madt", b"\x80" + table(b"APIC", madt + local(0, 1) + local(1, 1) + local(255, 1) + x2apic(300, 1) + x2apic(0xFFFFFFFF, 1) + struct.pack("<BBHQ", 5, 12, 0, 0xFEE00000))
    yield "madt-of-100", b"\x80" + table(b"APIC", madt + b"".join(x2apic(i, 3) for i in range(100)))
    yield "madt-length-0", b"\x80" + table(b"APIC", madt + local(0, 1) + b"\0\0" + local(1, 1))
    yield "madt-entry-too-long", b"\x80" + table(b"APIC", madt + b"\0\xff\1\1")
    yield "madt-table-too-long", b"\x80" + table(b"APIC", madt, length=0xFFFFFFFF)
    yield "madt-wrong-sum", b"\0" + table(b"APIC", madt)
    yield "spcr", b"\x81" + table(b"SPCR", struct.pack("<B3xBBBBQ", 0, 1, 8, 0, 1, 0x3F8) + bytes(28))
    yield "spcr-pl011", b"\x81" + table(b"SPCR", struct.pack("<B3xBBBBQ", 3, 0, 32, 0, 3, 0x9000000) + bytes(28))
    yield "xsdt", b"\x82" + table(b"XSDT", struct.pack("<QQQ", 0x1000, 0, U64))
    yield "rsdt-odd", b"\x82" + table(b"RSDT", b"\1\2\3\4\5\6\7")
    rsdp = b"RSD PTR \0LOAM  \2" + struct.pack("<IIQI", 0x1000, 36, 0x2000, 0)
    yield "rsdp", b"\x83" + rsdp
    yield "rsdp-revision-0", b"\x83" + rsdp[:15] + b"\0" + rsdp[16:20]
    yield "rsdp-too-long", b"\x83" + rsdp[:20] + struct.pack("<I", 0xFFFFFFFF) + rsdp[24:]
    yield "rsdp-behind-false-ones", b"\3" + b"RSD PTR ........" * 20


# --- device tree ------------------------------------------------------------------------------
class Tree:
    """Tokens as they are asked for, also wrong ones."""

    def __init__(self):
        self.structure, self.strings, self.reserve = b"", b"", b""

    def word(self, *values):
        self.structure += b"".join(struct.pack(">I", value) for value in values)
        return self

    def begin(self, name):
        name = name.encode() + b"\0"
        self.word(1)
        self.structure += name + bytes(-len(name) % 4)
        return self

    def end(self):
        return self.word(2)

    def prop(self, name, value=b"", length=None):
        if isinstance(value, str):
            value = value.encode() + b"\0"
        if isinstance(value, (list, tuple)):
            value = b"".join(struct.pack(">I", cell) for cell in value)
        name = name.encode() + b"\0"
        at = self.strings.find(name)
        if at < 0:
            at, self.strings = len(self.strings), self.strings + name
        self.word(3, len(value) if length is None else length, at)
        self.structure += value + bytes(-len(value) % 4)
        return self

    def keep(self, start, size):
        self.reserve += struct.pack(">QQ", start, size)
        return self

    def blob(self, end=True, terminator=True, **header):
        if end:
            self.word(9)
        reserve = self.reserve + (bytes(16) if terminator else b"")
        at_structure = 40 + len(reserve)
        at_strings = at_structure + len(self.structure)
        fields = {
            "magic": 0xD00DFEED, "total": at_strings + len(self.strings), "structure": at_structure, "strings": at_strings, "reserve": 40,
            "version": 17, "last": 16, "cpu": 0, "strings_size": len(self.strings), "structure_size": len(self.structure),
        }
        fields.update(header)
        return struct.pack(">10I", *fields.values()) + reserve + self.structure + self.strings


def board(cells=(2, 2), reserved_cells=(2, 2), ranges=True):
    tree = Tree().keep(0, 0x1000).begin("").prop("#address-cells", [cells[0]]).prop("#size-cells", [cells[1]])
    tree.begin("memory@0").prop("device_type", "memory").prop("reg", [0] * (cells[0] - 1) + [0x40000000] + [0] * (cells[1] - 1) + [0x10000000]).end()
    tree.begin("reserved-memory").prop("#address-cells", [reserved_cells[0]]).prop("#size-cells", [reserved_cells[1]])
    if ranges:
        tree.prop("ranges")
    tree.begin("secure@48000000").prop("reg", [0, 0x48000000, 0, 0x100000]).prop("no-map").end()
    tree.begin("pool").prop("size", [0, 0x400000]).prop("alloc-ranges", [0, 0x40000000, 0, 0x8000000]).prop("reusable").end()
    tree.begin("off@49000000").prop("reg", [0, 0x49000000, 0, 0x1000]).prop("status", "disabled").end().end()
    tree.begin("chosen").prop("bootargs", "quiet mem=64M").prop("stdout-path", "serial0:115200").prop("linux,initrd-start", [0x44000000]).prop("linux,initrd-end", [0x44100000]).end()
    tree.begin("aliases").prop("serial0", "/soc/uart@9000000").end()
    tree.begin("soc").prop("#address-cells", [1]).prop("#size-cells", [1]).prop("ranges", [0x7E000000, 0, 0xFE000000, 0x1800000])
    tree.begin("uart@9000000").prop("compatible", "arm,pl011").prop("reg", [0x7E201000, 0x200]).end().end()
    tree.begin("cpus").prop("#address-cells", [1]).prop("#size-cells", [0])
    for cpu in range(3):
        tree.begin(f"cpu@{cpu}").prop("device_type", "cpu").prop("reg", [cpu]).prop("enable-method", "psci").end()
    tree.end().begin("psci").prop("compatible", "arm,psci-1.0").prop("method", "hvc").end()
    return tree.end()


def fdt_seeds():
    yield "board", board().blob()
    yield "b24-magic", board().blob(magic=0)
    for total in (0, 39, 0xFFFF0000):
        yield f"b24-total-{total}", board().blob(total=total)
    # Up to 15 names were paths: a root without a slash is more than libfdt 1.6.1 survives.
    for version in (1, 4, 15, 16, 18):
        yield f"b24-version-{version}", board().blob(version=version, last=version)
    yield "b24-structure-unaligned", board().blob(structure=58)
    yield "b24-overlap", board().blob(strings=100)
    yield "b24-structure-outside", board().blob(structure_size=0xFFFFFFFF)
    yield "b25-length", Tree().begin("").prop("p", [1], length=0xFFFFFFFF).end().blob()
    # libfdt 1.6.1 steps over -1 as if it were nothing, and over -12 never.
    for length in (0xFFFFFFFF, 0xFFFFFFF4):
        yield f"b25-length-{length:x}-in-a-board", board().prop("x", b"", length=length).end().blob()
    yield "b25-name-outside", Tree().begin("").word(3, 0, 0x7FFFFFFF).end().blob()
    yield "b25-string-without-end", Tree().begin("").prop("p", [1]).end().blob(strings_size=1)
    yield "b25-name-without-end", Tree().word(1, 0x61616161).blob(end=False)
    yield "b25-reserve-without-end", board().keep(1, 1).blob(terminator=False)
    deep = Tree()
    for _ in range(1000):
        deep.begin("a")
    for _ in range(1000):
        deep.end()
    yield "b25-deep", deep.blob()
    # The structure is the last block and ends behind a property's token: its length and name lie outside.
    cut = Tree().begin("").word(3)
    yield "b25-cut-in-a-property", cut.blob(end=False, structure=56, strings=56, strings_size=0)
    yield "b25-no-end", board().blob(end=False)
    yield "b25-token", Tree().begin("").word(5).end().blob()
    yield "b25-two-roots", Tree().begin("").end().begin("").end().blob()
    yield "nop", Tree().word(4, 4).begin("").word(4).prop("p", "x").word(4).end().blob()
    for cells in ((0, 1), (3, 1), (0xFFFFFFFF, 1), (1, 0), (1, 3)):
        tree = Tree().begin("").prop("#address-cells", [cells[0]]).prop("#size-cells", [cells[1]])
        yield f"b26-{cells[0]}-{cells[1]}", tree.begin("memory").prop("reg", [0, 0, 1, 0, 0, 1]).end().end().blob()
    yield "b26-missing", Tree().begin("").begin("memory").prop("reg", [0, 0, 0x8000000]).end().end().blob()
    memory = Tree().begin("").prop("#address-cells", [2]).prop("#size-cells", [1])
    memory.begin("memory@0").prop("device_type", "memory").end()
    memory.begin("memory@1").prop("device_type", "memory").prop("reg", [0, 0, 0x1000, 0]).end()
    memory.begin("ram").prop("device_type", "memory").prop("reg", [0, 0, 0x10000, 0, 0x8000, 0x10000]).end()
    memory.begin("memory@3").prop("status", "disabled").prop("reg", [0, 0x100000, 0x100000]).end()
    memory.begin("memory@4").prop("reg", [0, 0x200000, 0x100000]).prop("linux,usable-memory", [0, 0x240000, 0x1000]).end()
    yield "b27", memory.end().blob()
    pi = Tree().keep(0, 0x1000).begin("").prop("#address-cells", [2]).prop("#size-cells", [1])
    yield "b28-two-and-one", pi.begin("memory@0").prop("device_type", "memory").prop("reg", [0, 0, 0x3B400000, 0, 0x40000000, 0xBC000000]).end().end().blob()
    yield "b30-wrong-cells", board(reserved_cells=(1, 1)).blob()
    yield "b30-impossible-cells", board(reserved_cells=(0, 7)).blob()
    yield "b30-no-ranges", board(ranges=False).blob()
    # What is looked up for each child must not be searched for each time: thousands of properties before it.
    wide = Tree().begin("")
    for i in range(2500):
        wide.prop("p", [])
    wide.begin("reserved-memory").prop("#address-cells", [2]).prop("#size-cells", [2]).prop("ranges")
    for i in range(500):
        wide.begin("r").prop("reg", [1, i << 16, 0x1000]).end()
    wide.end().begin("cpus").prop("#address-cells", [1])
    for i in range(900):
        wide.prop("p", [])
    for i in range(500):
        wide.begin("cpu").prop("reg", [i]).end()
    yield "wide", wide.end().end().blob()
    many = Tree()
    for i in range(300):
        many.keep(i << 16, 0x1000)
    yield "b29-300-reservations", many.begin("").end().blob()


# --- multiboot2 -------------------------------------------------------------------------------
def tag(kind, body, size=None):
    return struct.pack("<II", kind, 8 + len(body) if size is None else size) + body + bytes(-len(body) % 8)


def block(*tags, end=True):
    body = b"".join(tags) + (tag(0, b"") if end else b"")
    return struct.pack("<II", 8 + len(body), 0) + body


def mmap(*entries, step=24, version=0):
    return tag(6, struct.pack("<II", step, version) + b"".join(struct.pack("<QQII", *entry, 0) + bytes(max(0, step - 24)) for entry in entries))


def efi_map(*descriptors, step=48, version=1):
    return tag(17, struct.pack("<II", step, version) + b"".join(struct.pack("<IIQQQQ", kind, 0, start, 0, pages, attributes) + bytes(step - 40) for kind, start, pages, attributes in descriptors))


def multiboot2_seeds():
    text, loader = tag(1, b"quiet mem=64M\0"), tag(2, b"GRUB 2.06\0")
    entries = ((0, 0x9FC00, 1), (0xF0000, 0x10000, 2), (0x100000, 0xFF00000, 1), (0x10000000, 0x1000, 3))
    module = tag(3, struct.pack("<II", 0x1000000, 0x1010000) + b"initrd\0")
    efi = ((7, 0, 0x9F, 8), (2, 0x100000, 0x8000, 8), (10, 0x8100000, 16, 8), (7, 0x9000000, 0x1000, 8), (5, 0xA000000, 16, 1 << 63 | 8), (11, 0xE0000000, 256, 1 << 63))
    picture = tag(8, struct.pack("<QIIIBBHBBBBBB", 0xFD000000, 4096, 1024, 768, 32, 1, 0, 16, 8, 8, 8, 0, 8))
    yield "sane", block(text, loader, module, mmap(*entries), picture)
    yield "efi", block(text, mmap(*entries), efi_map(*efi))
    yield "b18-total", struct.pack("<II", 7, 0) + text
    yield "b18-total-odd", struct.pack("<II", 0xFFFFFFFF, 0) + text
    for size in (0, 1, 7, 0xFFFFFFFF):
        yield f"b19-size-{size}", block(text, tag(6, b"", size=size), mmap(*entries))
    yield "b19-no-end", block(text, end=False)
    yield "b19-unknown", block(tag(99, b"x" * 30), mmap(*entries), tag(0x80000000, b""))
    yield "b19-500-tags", block(*(tag(99, b"") for _ in range(500)))
    for step in (0, 8, 20, 40):
        yield f"b20-step-{step}", block(mmap(*entries, step=step))
    yield "b20-version-1-twice", block(mmap(*entries, version=1), mmap((0x20000000, 0x1000000, 1)))
    yield "b20-length", block(mmap(*entries)[:-9])
    yield "b21-no-nul", block(tag(1, b"x" * 3000), tag(2, b"y" * 64))
    reversed_module = tag(3, struct.pack("<II", 0x2000, 0x1000) + b"m")
    yield "b21-modules", block(reversed_module, *(tag(3, struct.pack("<II", 0x1000000 + i * 0x800, 0x1001000 + i * 0x800) + b"m\0") for i in range(70)))
    yield "b22-disagree", block(mmap((0, 1 << 30, 1)), efi_map((7, 0, 16, 8), (0, 0x20000, 16, 8), (7, 0x100000, 0x100, 8)))
    yield "b22-efi-nonsense", block(mmap(*entries), efi_map(*efi, step=40), tag(17, struct.pack("<II", 0, 1)))
    many = [(7, i << 13, 1, 8) for i in range(400)]
    yield "b22-many", block(mmap(*((0, 1 << 32, 1) for _ in range(400))), efi_map(*many, step=40))
    touching = [(7, i << 12, 1, 8) for i in range(400)]
    yield "b22-many-touching", block(mmap(*((0, 400 << 12, 1) for _ in range(400))), efi_map(*touching, step=40))


# --- pgtable: { operation 1, first page 2, pages 2, what 1, failing allocation 1 } ... ----------
MAP, UNMAP, PROTECT, CHANGE, SPLIT, MERGE, WHOLE = 0, 1, 2, 3, 4, 5, 128


def pgtable_seeds():
    def calls(*rows):
        return b"".join(struct.pack("<BHHBB", *row) for row in rows)

    yield "split-and-merge", calls((MAP | WHOLE, 0, 2047, 0, 0), (CHANGE, 700, 3, 0, 0), (CHANGE, 700, 3, 1, 0), (MERGE, 700, 0, 2, 0))
    yield "ends", calls((MAP, 500, 600, 0, 0), (PROTECT, 600, 500, 1, 0), (UNMAP, 1023, 1, 0, 0), (MERGE | WHOLE, 0, 2047, 2, 0))
    yield "out-of-tables", calls(*[(MAP, 500, 600, 0, n) for n in range(1, 9)], *[(PROTECT, 1000, 40, 1, n) for n in range(1, 5)], (UNMAP, 0, 2047, 0, 0))
    yield "small-leaves", calls((MAP | WHOLE, 0, 1023, 64, 0), (MERGE | WHOLE, 0, 2047, 1, 0), (SPLIT, 3, 5, 0, 1), (SPLIT, 3, 5, 0, 0), (UNMAP, 3, 5, 0, 0))
    yield "types", calls((MAP, 0, 200, 3, 0), (CHANGE, 0, 150, 3, 0), (CHANGE, 50, 150, 4, 0), (PROTECT, 0, 201, 2, 0))


# --- page: { operation 1, what 1, more 1 } ... ------------------------------------------------
TAKE, GIVE, RETYPE, DRAIN, LARGE = 0, 3, 6, 7, 64


def page_seeds():
    yield "take-and-give", bytes([TAKE, 0, 1]) * 40 + bytes([GIVE, 7, 0]) * 40
    yield "all-orders", b"".join(bytes([TAKE | LARGE, order, order % 3]) for order in range(11)) + bytes([GIVE, 3, 1]) * 11
    yield "types-until-mixed", b"".join(bytes([TAKE, i % 4, i % 3]) for i in range(200)) + b"".join(bytes([GIVE, 5 * i % 251, i % 2]) for i in range(150))
    yield "cma-and-isolated", bytes([RETYPE, 3, 3, RETYPE, 9, 4]) + b"".join(bytes([TAKE, 0, i % 3, GIVE, i % 251, 0]) for i in range(60)) + bytes([RETYPE, 9, 1])
    yield "limits", b"".join(bytes([DRAIN, 3 * i % 256, 7 * i % 256, TAKE, i % 4, 1, TAKE, 0, 64, GIVE | LARGE, i, 0]) for i in range(40))
    yield "pieces-of-a-large-block", bytes([TAKE | LARGE, 10, 1, RETYPE, 5, 4, GIVE, 0, 0, RETYPE, 5, 1])


# --- slab, slub: { shared 1 } { operation 1, what 1, more 2 } ..., as slab_fuzz.c has them -------------------------------------------------
def slab_seeds():
    def calls(*row):
        return b"".join(struct.pack("<BBH", operation, what, more) for operation, what, more in row)

    take, free, many, back, resize, create, destroy, tend, misuse, overrun, refuse = 0, 5, 9, 10, 11, 12, 14, 15, 16, 18, 19
    small, watched, built = (create, 2, 0x403f), (create, 3 + 6 * 32, 0x4063), (create, 16, 0x40bf)
    for shared in 0, 1:
        yield f"full-and-empty-{shared}", bytes([shared]) + calls(small, *[(many, 2, 24)] * 7, *[(back, 2, 24)] * 7, (tend, 0x62, 0), (destroy, 2, 0))
    yield "watched", bytes(1) + calls(watched, (many, 3, 20), (overrun, 0, 3), (misuse, 3, 4), (tend, 0x2b, 0))
    yield "constructed", bytes(1) + calls(built, (many, 0, 20), (free, 0, 4), (take, 0x20, 0), (destroy, 0, 0))
    yield "each-misuse", bytes(1) + calls(small, (take, 0x80, 99), (take, 2, 0), *[(misuse, kind << 5 | 2, 1) for kind in range(8)])
    yield "no-pages", bytes(1) + calls((refuse, 0, 0), (take, 0x80, 0xff00), (refuse, 1, 0), small, (resize, 0, 9), *[(take, 0x80, 9999)] * 9)


# --- virt: { operation 1, what 1, more 2 } ..., as virt_fuzz.c has them --------------------------------------------
def virt_seeds():
    def calls(*row):
        return b"".join(struct.pack("<BBH", operation, what, more) for operation, what, more in row)

    take, view, device, free, misuse, purge, refuse, window, local, claim, release = 0, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12
    small, large = (take, 1, 9000), (take, 0xfa, 60000)
    yield "make-and-free", calls(*[small] * 20, large, *[(free, i & 1, 3 * i) for i in range(21)], (purge, 0, 0))
    yield "views", calls(*[(view, 5 * i % 256, 77 * i) for i in range(20)], *[(free, 0, i) for i in range(20)])
    yield "one-frame-two-types", calls((device, 0x40, 2), (device, 0x42, 6), (free, 1, 0), (device, 0x42, 6), (device, 0x40, 2))
    yield "ram-in-the-last-page", calls(*[(device, 4 * i, 4095 - 128 * i | 1) for i in range(30)])
    yield "each-misuse", calls(small, large, (view, 3, 3), (device, 0, 0), *[(misuse, i, i // 4) for i in range(16)])
    yield "page-k-is-not-there", calls(*[call for k in range(1, 40) for call in ((refuse, k, 0), (take, 0, 900 * k), (purge, 1, 0))])
    yield "windows", calls(*[(window, i % 3, i) for i in range(80)], *[(local, i % 3, i) for i in range(40)])
    yield "claims", calls(*[(claim, i, 700 * i) for i in range(30)], *[(release, i % 4 == 0, i) for i in range(30)])


SEEDS = {"virt": virt_seeds, "slab": slab_seeds, "slub": slab_seeds, "page": page_seeds, "pgtable": pgtable_seeds, "map": map_seeds, "memblock": memblock_seeds, "cmdline": cmdline_seeds, "pvh": pvh_seeds, "acpi": acpi_seeds, "fdt": fdt_seeds, "multiboot2": multiboot2_seeds}


def main():
    for target, seeds in SEEDS.items():
        folder = os.path.join(sys.argv[1], target)
        os.makedirs(folder, exist_ok=True)
        for name, data in seeds():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)


if __name__ == "__main__":
    main()
