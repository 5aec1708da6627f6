# SPDX-License-Identifier: MIT
"""fault-B15, fault-B19 to fault-B32 end to end: what the loader leaves in memory, tag by tag and node by node.

The liar and raw trees of test_firmware.py; a case with a decision is judged frame by frame after every page was handed out.
"""
import os
import random
import re
import struct

import firmware_boot
import firmware_maps as maps
import firmware_trees as trees
import pytest
from conftest import TOP, boot, kernel
from firmware_boot import COMMANDS, MULTIBOOT2_MAGIC, Case, Kernel
from model import Decision, init_parts
from qemu import BAD_BOOT, NO_MEMORY, OK
from test_firmware import MIB, RAM, check, pvh, tree

# --- multiboot2 ----------------------------------------------------------------------------------


def mmap(entries, step=24, version=0, cut=0):
    body = b"".join(struct.pack("<QQII", *entry, 0)[:step] + bytes(max(0, step - 24)) for entry in entries)
    return maps.tag(6, struct.pack("<II", step, version) + body[: len(body) - cut])


def text(words=COMMANDS.encode() + b"\0"):
    return maps.tag(1, words)


def block(name, tags, entries=RAM, finish=maps.finish_block, **more):
    """A boot with these tags; `entries` is what they mean, `more` may say how it ends."""
    loaded, data, exact = Kernel(kernel("x86_64")), more.pop("data", {}), more.pop("exact", True)
    ground = maps.Ground(random.Random(name), loaded)
    ground.taken += [(low, low + len(content)) for low, content in data.items()]
    start = ground.put(finish(tags), 8)
    ground.place.update(data)
    decision = maps.decide(entries, loaded, [(low, low + len(content)) for low, content in ground.place.items()])
    # More than 64 reservations: the rest is taken out of the map, and is no RAM any more.
    decision.exact &= exact
    check(Case(name, "x86_64", ground.place, MULTIBOOT2_MAGIC, start, decision=decision, **{"ends": (OK,), **more}))


def test_fault_B15_multiboot2_data_is_never_handed_out():
    data = {0x2000000 + i * 0x100000: b"module %d " % i * 1000 for i in range(5)}
    modules = [maps.tag(3, struct.pack("<II", low, low + len(content)) + b"m\0") for low, content in data.items()]
    block("boot data", [text(), mmap(RAM), *modules], data=data)


def test_fault_B15_pvh_data_is_never_handed_out():
    check(pvh("boot data", RAM, ends=(OK,)))


def test_fault_B15_a_device_trees_data_is_never_handed_out():
    draw = random.Random(15)
    draft = trees.Draft(draw)
    draft.initrd = (0x46000000, 0x46012345)
    blob = trees.write_tree(draw, draft, COMMANDS)
    judge_tree(draft, blob, [draft.initrd], place={0x46000000: b"initrd" * 1000})


@pytest.mark.parametrize("size", [0, 1, 7, 0x7FFFFFFF])
def test_fault_B19_a_tag_of_impossible_size_ends_the_walk(size):
    bad = struct.pack("<II", 99, size)
    block("tag size", [text(), mmap(RAM), bad, mmap([(0, MIB, 1)])], says="the rest is ignored")


def test_fault_B19_a_block_without_end_and_one_of_ten_thousand_tags():
    def without_end(tags):
        body = b"".join(tags)
        return struct.pack("<II", 8 + len(body), 0) + body

    block("no end", [text(), mmap(RAM)], finish=without_end, says="has no end tag")
    block("many", [maps.tag(77, b"")] * 10000 + [text(), mmap(RAM)])


@pytest.mark.parametrize("step", [0, 8, 20, 25])
def test_fault_B20_entries_of_impossible_size_are_no_map(step):
    block("stride", [text(), mmap(RAM, step=step or 8).replace(struct.pack("<II", 8, 0), struct.pack("<II", step, 0))], ends=(NO_MEMORY,), says="the firmware lists no memory")


def test_fault_B20_longer_entries_a_newer_version_two_maps_and_a_cut_entry():
    more = [(0x3000000, 0x10000, 2)]
    block("stride of 40", [text(), mmap(RAM, step=40)])
    block("version 1, twice", [text(), mmap(RAM, version=1), mmap(more)], entries=RAM + more)
    block("cut", [text(), mmap(RAM + more, cut=5)])


def test_fault_B21_texts_without_end_and_modules_that_cannot_be():
    data = {0x2000000: b"x" * 0x10C00}
    modules = [maps.tag(3, struct.pack("<II", 0x2000000 + i * 0x400, 0x2001000 + i * 0x400) + b"no end") for i in range(64)]
    backwards = maps.tag(3, struct.pack("<II", 0x5000000, 0x4000000) + b"m\0")
    block("modules", [text(COMMANDS.encode()), mmap(RAM), backwards, *modules], data=data, exact=False, says="ends before it starts")
    block("too long", [text(COMMANDS.encode() + b" x" * 2000), mmap(RAM)], says="is cut at")


def test_fault_B22_a_byte_is_usable_only_if_both_maps_say_so():
    free, runtime, end = 7, 6, maps.RAM_END // 4096
    rows = [(free, 0, 0x9F), (free, 0x100, 0x1F00), (runtime, 0x2000, 0x100), (free, 0x2100, 0xF00), (free, 0x4000, end - 0x4000)]
    efi = maps.tag(17, struct.pack("<II", 48, 1) + b"".join(struct.pack("<IIQQQQQ", kind, 0, first << 12, 0, pages, 8, 0) for kind, first, pages in rows))
    taken = [(0x2000000, 0x100000, 2), (0x3000000, 0x1000000, 2), (0x9F000, 0x1000, 2)]
    says = r"disagree about \[0x3000000, 0x4000000\): usable to the loader, unknown to EFI[\s\S]*disagree about \[0x2000000, 0x2100000\): usable to the loader, reserved to EFI"
    block("efi", [text(), efi, mmap(RAM)], entries=RAM + taken, says=says)


# --- device trees --------------------------------------------------------------------------------


def judge_tree(draft, blob, data=(), address=0x48000000, place=None, **more):
    image = trees.Image(kernel("aarch64"))
    no_map = [(start, start + length) for start, length, hidden in draft.regions if hidden]
    taken = [(start, start + length) for start, length, hidden in draft.regions if not hidden]
    taken += [(start, start + length) for start, length in draft.memreserve]
    decision = Decision([(*bank, True) for bank in draft.memory], (0x40200000, 0x40200000 + image.size), [(address, address + len(blob)), *taken, *data], 1 << 48, pc=False, no_map=no_map, given_back=init_parts(image.path, 0x40200000))
    case = tree(blob, address, decision=decision, **{"ends": (OK,), **more})
    case.place.update(place or {})
    check(case)


def root(cells=(2, 2)):
    """A tree with its console and command line; memory is for the caller to add before finish()."""
    made = trees.Tree()
    made.node("")
    if cells:
        made.cells("#address-cells", cells[0])
        made.cells("#size-cells", cells[1])
    made.node("chosen")
    made.property("bootargs", COMMANDS)
    made.property("stdout-path", f"/pl011@{trees.UART:x}")
    made.end()
    made.node(f"pl011@{trees.UART:x}")
    made.property("compatible", b"arm,pl011\0arm,primecell\0")
    made.property("reg", trees.reg(cells or (2, 1), (trees.UART, 0x1000)))
    made.end()
    return made


BANK = (trees.RAM[0], trees.RAM[1] - trees.RAM[0])


def memory(made, name="memory@40000000", ranges=(BANK,), cells=(2, 2), **properties):
    made.node(name)
    made.property("reg", trees.reg(cells, *ranges))
    for key, value in properties.items():
        made.property(key, value)
    made.end()
    return made


def finish(made):
    made.end()
    return made.blob()


def plain(banks=(BANK,)):
    draft = trees.Draft(random.Random(1))
    draft.memory = list(banks)
    return draft


@pytest.mark.parametrize("what", ["length", "name outside", "name without end", "reservations without end", "no end", "unknown token", "two roots"])
def test_fault_B25_tokens_that_make_no_tree_are_refused(what):
    made = memory(root())
    if what == "length":
        made.structure += struct.pack(">3I", trees.PROPERTY, 0xFFFFFFFF, 0)
    elif what == "name outside":
        made.structure += struct.pack(">3I", trees.PROPERTY, 0, 0x7FFFFFFF)
    elif what == "unknown token":
        made.structure += struct.pack(">I", 77)
    made.end()
    if what == "two roots":
        made.node("")
        made.end()
    blob = bytearray(made.blob())
    if what == "no end":
        struct.pack_into(">I", blob, 36, struct.unpack_from(">I", blob, 36)[0] - 4)
    elif what == "reservations without end":
        struct.pack_into(">QQ", blob, 40, 0x41000000, 0x1000)
    elif what == "name without end":
        at = struct.unpack_from(">I", blob, 8)[0]
        struct.pack_into(">I", blob, 36, 8)
        struct.pack_into(">II", blob, at, trees.BEGIN, 0x61616161)
    check(tree(bytes(blob), 0x48000000, ends=(BAD_BOOT,)))


def test_fault_B25_ten_thousand_levels_are_walked():
    made = memory(root())
    for _ in range(10000):
        made.node("deep")
    for _ in range(10000):
        made.end()
    judge_tree(plain(), finish(made))


@pytest.mark.parametrize("cells", [(0, 1), (3, 2), (2, 0), (2, 3), (0xFFFFFFFF, 1)])
def test_fault_B26_cells_that_nobody_can_read_are_no_memory(cells):
    made = memory(root((2, 2)))
    blob = finish(made).replace(struct.pack(">I", 2) + struct.pack(">3I", trees.PROPERTY, 4, made.strings.find(b"#size-cells")) + struct.pack(">I", 2), struct.pack(">I", cells[0]) + struct.pack(">3I", trees.PROPERTY, 4, made.strings.find(b"#size-cells")) + struct.pack(">I", cells[1]), 1)
    check(tree(blob, 0x48000000, ends=(NO_MEMORY,)))


def test_fault_B26_without_cells_they_are_2_and_1():
    judge_tree(plain(), finish(memory(root(None), cells=(2, 1))))


def test_fault_B27_memory_nodes_of_every_kind():
    made = root()
    memory(made, ranges=((0x40000000, 16 * MIB), (0x42000000, 16 * MIB)))  # by its name alone
    memory(made, "ram@44000000", ((0x44000000, 32 * MIB),), device_type="memory")
    memory(made, "memory@45000000", ((0x45000000, 32 * MIB),))  # overlaps
    memory(made, "memory@100000000", ((0x100000000, 1 << 32),), status="disabled")
    memory(made, "memory@48000000", ((0x48000000, 48 * MIB),), **{"linux,usable-memory": trees.reg((2, 2), (0x48000000, 16 * MIB))})
    made.node("memory@7")
    made.property("device_type", "memory")
    made.end()
    made.node("memory@4a000000")
    made.property("reg", trees.reg((2, 2), (0x4A000000, MIB)) + b"crumbs")
    made.end()
    banks = [(0x40000000, 16 * MIB), (0x42000000, 16 * MIB), (0x44000000, 48 * MIB), (0x48000000, 16 * MIB), (0x4A000000, MIB)]
    judge_tree(plain(banks), finish(made))


def test_fault_B28_a_pis_memory_is_the_same_in_both_ways_to_write_it():
    """The two banks of a Raspberry Pi 4 with 4 GiB, a GiB higher: where virt has RAM."""
    banks, seen = ((0x40000000, 0x3B400000), (0x80000000, 0xBC000000)), []
    for cells in ((2, 1), (2, 2)):
        words = b'quiet run="memmap"'
        blob = finish(memory(root(cells), "memory@0", banks, cells)).replace(COMMANDS.encode(), words.ljust(len(COMMANDS)))
        outcome = firmware_boot.boot(tree(blob, 0x48000000, mem="4G"), kernel("aarch64"))
        assert outcome.status == OK, outcome
        assert re.search(r"0x0040000000-0x007b3fffff +970752 KiB  usable .*\n +0x0080000000-0x013bffffff +3080192 KiB  usable", outcome.output), outcome
        seen.append(outcome.output.split("What became")[0])
    assert seen[0] == seen[1]


def test_fault_B29_memreserve_is_kept_and_reserve_adds_what_it_forgot():
    made = root()
    made.reserve += [(0x40000000, 0x1000), (0x47000800, 0x100)]
    words = 'quiet run="exhaust; verify" reserve=4K@0x47001000'
    memory(made)
    made.structure = made.structure.replace(padded(COMMANDS), padded(words))
    made.structure = made.structure.replace(struct.pack(">3I", trees.PROPERTY, len(COMMANDS) + 1, made.strings.find(b"bootargs")), struct.pack(">3I", trees.PROPERTY, len(words) + 1, made.strings.find(b"bootargs")))
    draft = plain()
    draft.memreserve = made.reserve
    judge_tree(draft, finish(made), [(0x47001000, 0x47002000)])


def padded(words):
    data = words.encode() + b"\0"
    return data + b"\0" * (-len(data) % 4)


def test_fault_B30_where_sources_disagree_the_strict_one_wins_and_it_is_said():
    draw = random.Random(30)
    draft = trees.Draft(draw)
    draft.cells = (2, 2)
    draft.memreserve = [(0x45000000, 0x100000)]
    draft.regions = [(0x45080000, 0x100000, True)]
    blob = trees.write_tree(draw, draft, COMMANDS)
    judge_tree(draft, blob, says=r"disagree about \[0x45080000, 0x45100000\): region@45080000 no-map, memreserve: not mapped")


@pytest.mark.parametrize("cells", [(1, 1), (0, 7)])
def test_fault_B30_wrong_cells_reserve_all_the_same(cells):
    made = memory(root())
    made.node("reserved-memory")
    made.cells("#address-cells", cells[0])
    made.cells("#size-cells", cells[1])
    made.property("ranges")
    made.node("buffer@45000000")
    # One and a half entries of the parent's cells would be three of (1, 1).
    made.property("reg", trees.reg((2, 2), (0x45000000, 0x123000)) + (b"" if cells[0] == 0 else b"\0" * 4))
    made.end()
    made.end()
    draft = plain()
    draft.regions = [(0x45000000, 0x123000, False)]
    judge_tree(draft, finish(made), says="wrong cells, reserved by the root's")


def test_fault_B31_a_tree_on_the_kernel_or_too_large_is_refused():
    """fault-B31"""
    image = trees.Image(kernel("aarch64"))
    blob = finish(memory(root()))
    check(tree(blob, 0x40200000 + image.size - 0x1000 & ~7, ends=(BAD_BOOT,)))
    # A sound one, which the self-tests bring along.
    with open(kernel("aarch64"), "rb") as file, open(os.path.join(TOP, "tests/lib/firmware/virt.dtb"), "rb") as recorded:
        at = file.read().find(recorded.read())
    assert at > 0
    check(Case("tree", "aarch64", {}, ebx=0x40200000 + at, ends=(BAD_BOOT,)))
    large = memory(root())
    for number in range(300):
        large.property(f"p{number}", b"x" * 8192)
    check(tree(finish(large), 0x48000000, ends=(BAD_BOOT,)))


# --- the command line ------------------------------------------------------------------------------

WORDS = [  # what stands on the line, what is said
    ("mem=", "mem= is not a size"),
    ("mem=-1", "mem=-1 is not a size"),
    ("mem=99999999999999999999E", "changes nothing"),
    ("mem=1", "mem=0K is too little"),
    ("memmap=nonsense", "memmap=nonsense: not SIZE"),
    ("memmap=1M@-1", "not SIZE"),
    ("memmap=99999999999T@1M", "is more than the CPU can reach: ignored"),
    ("reserve=1M@99999999999999999", "holds no RAM: ignored|not SIZE"),
    ("cma=99E swiotlb=99999999999999999999", "cma= asks for[\\s\\S]*swiotlb= asks for"),
    ("cma=-5 swiotlb=x", "cma=-5 is not a size[\\s\\S]*swiotlb=x is not a number"),
]


@pytest.mark.parametrize("words,says", WORDS, ids=[row[0] for row in WORDS])
def test_fault_B32_words_that_ask_for_too_much_or_for_nonsense(arch, words, says):
    result = boot(arch, mem="64M", append=f"{words}", commands="exhaust; verify")
    assert result.status == OK, result
    assert re.search(says, result.output), result


def test_fault_B32_memmap_shows_what_became_of_cma_and_swiotlb(arch):
    result = boot(arch, mem="64M", append="quiet cma=999G swiotlb=1024", commands="memmap")
    assert re.search(r"  cma +\d+ KiB  cma= on the command line, cut from 1047527424 KiB", result.output), result
    assert re.search(r"  swiotlb +2048 KiB  swiotlb= on the command line\n", result.output), result
