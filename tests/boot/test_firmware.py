# SPDX-License-Identifier: MIT
"""Firmware that lies, end to end: the liar and raw device trees against the model of model.py.

`make test-firmware` runs hundreds of drawn cases; here is a sample with a fixed seed, and cases with names.
"""
import random
import struct

import firmware_boot
import firmware_maps as maps
import firmware_trees as trees
import pytest
from conftest import boot, kernel
from firmware_boot import COMMANDS, Case, Kernel
from model import Decision, init_parts
from qemu import BAD_BOOT, NO_MEMORY, OK

SEED = 4
SAMPLE = 12  # of each architecture

MIB, GIB = 1 << 20, 1 << 30
RAM = [(0, maps.LOW_END, 1), (MIB, maps.RAM_END - MIB, 1)]


def check(case):
    problems, outcome = firmware_boot.run(case, kernel(case.arch))
    assert not problems, f"{case.name}: {'; '.join(problems)}\n{outcome.output[-4000:]}"


@pytest.mark.parametrize("number", range(SAMPLE))
def test_drawn_firmware_is_decided_as_the_model_does(arch, number):
    draw = random.Random(f"{SEED}/{arch}/{number}")
    if arch == "x86_64":
        check(maps.any_case(draw, Kernel(kernel(arch))))
    else:
        check(trees.any_case(draw, trees.Image(kernel(arch))))


def pvh(name, entries, words=COMMANDS, **more):
    """A PVH boot with that map; `change` may spoil the start info."""
    change = more.pop("change", None)
    loaded = Kernel(kernel("x86_64"))
    ground = maps.Ground(random.Random(name), loaded)
    info = bytearray(maps.pvh_info(ground, entries, words.encode() + b"\0"))
    if change:
        struct.pack_into(*change[:1], info, *change[1:])
    start = ground.put(bytes(info), 4)
    decision = maps.decide(entries, loaded, [(low, low + len(data)) for low, data in ground.place.items()])
    return Case(name, "x86_64", ground.place, 0, start, decision=decision, **more)


MAPS = [  # name, entries, how it ends, what it says
    ("fault-B1 no entries", [], NO_MEMORY, "no usable memory: the firmware lists no memory"),
    ("fault-B1 every entry empty", [(0, 0, 1), (MIB, 0, 1)], NO_MEMORY, "no usable memory: "),
    ("fault-B1 nothing usable", [(0, maps.RAM_END, 2)], NO_MEMORY, "no usable memory: no whole page"),
    ("fault-B2 one sane entry", [(MIB, maps.RAM_END - MIB, 1)], OK, ""),
    ("fault-B3 upside down", RAM[::-1], OK, ""),
    ("fault-B4 the same twice, and a byte further", RAM + RAM + [(start + 1, size, kind) for start, size, kind in RAM], OK, ""),
    ("fault-B5 reserved inside usable", RAM + [(0x2000123, 1, 2)], OK, ""),
    ("fault-B6 reserved over both ends", RAM + [(0x3FFFFFF, 2, 2), (maps.RAM_END - 1, 5000, 2)], OK, ""),
    ("fault-B7 three types at one byte", RAM + [(0x3000000, 8192, 3), (0x3001000, 8192, 4), (0x3001000, 4096, 5)], OK, ""),
    ("fault-B8 empty ones first, in the middle and last", [(0, 0, 1), RAM[0], (0x5000000, 0, 2), RAM[1], (1 << 63, 0, 1)], OK, ""),
    ("fault-B9 wraps", RAM + [(0x4000000, 2**64 - 1, 1), (2**64 - 4096, 4096, 2)], OK, "passes the end of the address space"),
    ("fault-B10 beyond what the CPU reaches", RAM + [(maps.PHYS_END, 1 << 40, 1)], OK, "cannot be reached and are lost"),
    ("fault-B11 types nobody knows", RAM + [(0x3000000 + i * 65536, 4096, kind) for i, kind in enumerate((0, 5, 6, 7, 12, 16, 0xFFFFFFFF))], OK, ""),
    ("fault-B12 nothing on a page", [(MIB + 1, 0xFFF, 1), (0x1800001, 0x6000000, 1), (0x9000FFF, 2, 1)], OK, ""),
    ("fault-B13 the adapters are RAM", RAM + [(0, MIB, 1)], OK, ""),
    ("fault-B14 312 entries", RAM + [(32 * MIB + i * 8192, 4096, 2) for i in range(310)], OK, ""),
    ("fault-B14 reservations alone are too many", RAM + [(32 * MIB + i * 8192, 4096, 2) for i in range(5000)], OK, "more than 496 reservations"),
    ("fault-B14 and RAM is named last", [(32 * MIB + i * 8192, 4096, 2 + i % 2) for i in range(5000)] + RAM, OK, "more than 496 reservations"),
    ("fault-B14 more usable ones than fit", RAM[1:] + [(i * 8192, 4096, 1) for i in range(5000)], OK, "more than 512 entries"),
    ("fault-B16 the kernel in a reserved range", RAM + [(MIB, 8 * MIB, 2)], OK, "lies outside usable memory"),
    ("fault-B17 islands of one page", [(64 * MIB + i * 16384, 4096, 1) for i in range(90)] + [(128 * MIB, 32 * MIB, 1)], OK, ""),
]


@pytest.mark.parametrize("name,entries,end,says", MAPS, ids=[row[0] for row in MAPS])
def test_map(name, entries, end, says):
    check(pvh(name, entries, ends=(end,), says=says))


def test_fault_B17_memory_only_above_4_gib():
    check(pvh("RAM above 4 GiB alone", [(4 * GIB, 3 * GIB, 1)], ends=(OK,), says="lies outside usable memory", mem="6G"))


@pytest.mark.parametrize(
    "name,change,says",
    [
        ("version 0", ("<I", 4, 0), "version 0 has no memory map"),
        ("2^32-1 entries", ("<I", 48, 0xFFFFFFFF), "cannot be true"),
        ("no magic", ("<I", 0, 0), "neither PVH nor multiboot2"),
    ],
)
def test_fault_B23_a_start_info_that_cannot_be_used(name, change, says):
    check(pvh(name, RAM, change=change, ends=(BAD_BOOT,), says=says))


@pytest.mark.parametrize("shift,size,says", [(4, None, "multiboot2"), (0, 7, "multiboot2"), (0, 1 << 30, "multiboot2")])
def test_fault_B18_a_block_that_cannot_be_used(shift, size, says):
    ground = maps.Ground(random.Random(1), Kernel(kernel("x86_64")))
    block = bytearray(maps.finish_block(maps.multiboot2_block(RAM, COMMANDS.encode() + b"\0")))
    if size is not None:
        struct.pack_into("<I", block, 0, size)
    start = ground.put(b"\0" * shift + bytes(block), 8) + shift
    check(Case("multiboot2", "x86_64", ground.place, firmware_boot.MULTIBOOT2_MAGIC, start, ends=(BAD_BOOT,), says=says))


def tree(blob, address, **more):
    return Case("tree", "aarch64", {address & ~4095: b"\0" * (address % 4096) + blob}, ebx=address, **more)


def good_blob():
    draw = random.Random(1)
    return trees.write_tree(draw, trees.Draft(draw), COMMANDS)


@pytest.mark.parametrize("word,value", [(0, 0), (1, 0), (1, 39), (1, 0xFFFF0000), (2, 41), (3, 0xFFFFFFF0), (4, 4), (5, 1), (5, 16), (6, 18)])
def test_fault_B24_a_tree_whose_header_lies_is_refused(word, value):
    blob = bytearray(good_blob())
    struct.pack_into(">I", blob, 4 * word, value)
    check(tree(bytes(blob), 0x48000000, ends=(BAD_BOOT,)))


def test_fault_B31_a_tree_that_is_not_aligned_is_refused():
    check(tree(good_blob(), 0x48000004, ends=(BAD_BOOT,)))


IMAGE_AT, TREE_AT = 0x40200000, 0x48000000


def check_hidden(hidden, words):
    """A tree that hides a range by no-map, and reserves another."""
    draft = trees.Draft(random.Random(2))
    draft.cells = (2, 2)
    draft.regions = [(hidden[0], hidden[1] - hidden[0], True), (0x46000800, 0x100, False)]
    blob = trees.write_tree(random.Random(2), draft, f'quiet run="{words}"')
    image = trees.Image(kernel("aarch64"))
    reserved = [(TREE_AT, TREE_AT + len(blob)), (0x46000800, 0x46000900)]
    decision = Decision([(*draft.memory[0], True)], (IMAGE_AT, IMAGE_AT + image.size), reserved, 1 << 48, pc=False, no_map=[hidden], given_back=init_parts(image.path, IMAGE_AT))
    check(tree(blob, TREE_AT, image=IMAGE_AT, decision=decision, ends=(OK,)))


def test_fault_B30_what_is_marked_no_map_is_never_handed_out_nor_mapped():
    check_hidden((0x45000000, 0x45123456), "exhaust; verify; whatis 0xffff000045000000")


def test_fault_B30_an_image_where_nothing_shall_be_mapped_keeps_its_init_memory():
    check_hidden((IMAGE_AT, IMAGE_AT + trees.Image(kernel("aarch64")).size), "exhaust; verify")


# --- large machines, and five levels of page tables ------------------------------------------------


def nodes(count, size):
    words = []
    for i in range(count):
        words += ["-object", f"memory-backend-ram,id=m{i},size={size},reserve=off", "-numa", f"node,nodeid={i},memdev=m{i}"]
    return tuple(words)


def test_64_gib_in_4_nodes():
    result = boot("x86_64", mem="64G", append="quiet", extra=nodes(4, "16G"), commands="cat /proc/meminfo", timeout=120)
    assert result.status == OK, result
    total = int(result.output.split("MemTotal:")[1].split()[0])
    assert 62 * MIB < total < 64 * MIB, "in KiB"


@pytest.mark.parametrize("la57", ["on", "off"])
def test_a_cpu_walks_as_many_levels_as_it_has(la57):
    result = boot("x86_64", cpu=f"max,la57={la57}", append="quiet", commands="exhaust; verify; ptdump")
    assert result.status == OK, result
    assert f"\n{5 if la57 == 'on' else 4} levels; " in result.output
