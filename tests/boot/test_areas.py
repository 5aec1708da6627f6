# SPDX-License-Identifier: MIT
"""Kernel addresses at the prompt: the drawing, areas and windows to play with, and what wrong words are told."""
import re

import pytest
from conftest import boot
from qemu import COMMAND_FAILED, OK


def drawing(output):
    """The two rows of each `map`: letters of regions, and where something is mapped."""
    return re.findall(r"regions  (\S+)\n  mapped   (\S+)\n", output)


def test_map_draws_each_region_to_scale_and_what_is_mapped_of_it(arch):
    result = boot(arch, append="quiet", commands="map; vmalloc 100; map; verify")
    assert result.status == OK, result
    (regions, before), (_, after) = drawing(result.output)
    assert len(regions) == len(before) == 64
    direct, vmalloc = regions.count("D"), regions.count("V")
    assert abs(direct - 2 * vmalloc) <= 2, "the direct map's region is twice as large; columns at the ends are shared"
    first = regions.index("V")
    assert before[first] == "." and after[first] == "#"
    assert before[regions.index("D")] == before[regions.index("S")] == "#"


def test_an_area_is_taken_told_and_given_back(arch):
    result = boot(arch, append="quiet", commands="vmalloc 5000; vmalloc; verify")
    assert result.status == OK, result
    start = int(re.search(r"5000 bytes at (0x\w+); `vfree", result.output).group(1), 16)
    line = rf"^0x{start:016x}-0x{start + 3 * 4096:016x}   12288 command_vmalloc\S* pages=2 vmalloc N0=2$"
    assert re.search(line, result.output, re.M), result.output
    again = boot(arch, append="quiet", commands=f"vmalloc 5000; vfree {start:#x}; vmalloc; vfree {start:#x}; verify")
    assert again.status == COMMAND_FAILED, "a second free is a failure"
    assert "unpurged vm_area" in again.output
    assert "vfree: freed twice" in again.output and "every invariant holds" in again.output


def test_a_page_of_high_memory_is_shown_counted_and_let_go(arch):
    memory = boot(arch, append="quiet highmem=64M", commands="cat /proc/zoneinfo").output
    pfn = int(re.search(r"zone  HighMem.*?start_pfn:\s+(\d+)", memory, re.S).group(1)) + 77
    commands = f"kmap {pfn}; kmap {pfn}; kmap; kunmap {pfn}; kunmap {pfn}; kmap; verify"
    result = boot(arch, append="quiet highmem=64M", commands=commands)
    assert result.status == OK, result
    shown = re.findall(rf"frame {pfn:#x} is shown at (0x\w+)", result.output)
    assert len(shown) == 2 and shown[0] == shown[1]
    assert f"still shown at {shown[0]}" in result.output
    assert "512 windows: 1 show a page, 0 wait" in result.output
    assert "512 windows: 0 show a page, 1 wait" in result.output


@pytest.mark.parametrize(
    "line,answer",
    [
        ("vmalloc x", "x is no number; say it in decimal or with 0x"),
        ("vmalloc 0", "vmalloc: 0 bytes are nothing"),
        ("vmalloc 99999999999999", "more than all memory"),
        ("vfree", "usage: vfree ADDRESS"),
        ("vfree 0x1234", "`vmalloc` alone lists what there is to give back"),
        ("iounmap 0x1234", "not an address of the vmalloc region"),
        ("ioremap 0 0", "`cat /proc/iomem` says what lies where"),
        ("ioremap 1", "usage: ioremap PHYSICAL SIZE"),
        ("kmap 0xfffffffffffff", "there is no page frame"),
        ("kmap x", "x is no number"),
        ("kunmap 0xffffffffffffffff", "no window shows that; `kmap PFN` opens one"),
    ],
)
def test_wrong_words_are_told_what_to_do_and_nothing_stops(arch, line, answer):
    result = boot(arch, append="quiet", commands=f"{line}; verify")
    assert answer in result.output, result
    assert "every invariant holds" in result.output
