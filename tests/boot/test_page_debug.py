# SPDX-License-Identifier: MIT
"""Features that watch pages, switched on from the command line."""
import re

import pytest
from conftest import boot
from qemu import COMMAND_FAILED, OK, PANIC


def test_a_touch_of_a_freed_page_faults_and_names_who_freed_it(arch):
    result = boot(arch, append="debug_pagealloc=on page_owner=on", commands="crash page-read")
    assert result.status == PANIC, result
    assert re.search(r"read of 0x[0-9a-f]+: freed page, freed by .*crash_page_read\+0x", result.output), result
    without = boot(arch, append="debug_pagealloc=on", commands="crash page-write")
    assert without.status == PANIC
    assert "freed page, freed by somebody: page_owner=on remembers whom" in without.output


def test_with_pages_unmapped_everything_else_works(arch):
    result = boot(arch, append="debug_pagealloc=on page_poisoning=1 page_owner=on init_on_alloc=1", commands="pagedebug; selftest page; selftest buddy; verify; cat /proc/meminfo")
    assert result.status == OK, result
    assert re.search(r"debug_pagealloc +on ", result.output)
    assert re.search(r"DirectMap2M: +0 kB", result.output)
    assert "every invariant holds" in result.output


def test_a_write_into_a_freed_page_is_told_with_offset_and_culprit(arch):
    result = boot(arch, append="page_poisoning=1 page_owner=on corrupt=repair", commands="crash page-write; pagedebug; verify")
    assert result.status == OK, result
    assert len(re.findall("loam: BUG page_poison", result.output)) == 1
    assert re.search(r"damage  offset 0x64 to 0x64 of the page; wrong bytes in the block: 1", result.output)
    assert re.search(r"bytes   from there: 78 aa aa", result.output)
    assert re.search(r"freed   by .*crash_page_write\+0x", result.output)
    assert "blocks that are set aside as damaged: 1" in result.output
    assert "every invariant holds" in result.output


def test_page_owner_sorts_by_caller(arch):
    result = boot(arch, append="quiet page_owner=on", commands="alloc 9; alloc 9; page_owner 5; free; free")
    assert result.status == OK, result
    rows = re.findall(r"^ +(\d+) +(\d+) +(\d+)  (.*)$", result.output, re.M)
    assert len(rows) <= 7
    shown = [int(pages) for _, pages, _, by in rows if not by.startswith(("others", "all"))]
    assert shown == sorted(shown, reverse=True)
    assert any("command_alloc+0x" in by and blocks == "2" and pages == "1024" and kib == "4096" for blocks, pages, kib, by in rows), result.output
    total = [row for row in rows if row[3] == "all together"][0]
    assert sum(int(row[1]) for row in rows) == 2 * int(total[1])


def test_features_are_switched_at_the_prompt(arch):
    result = boot(arch, append="quiet", commands="pagedebug page_owner on; page_owner 1; pagedebug page_owner off; pagedebug page_poisoning on; alloc 3; free; pagedebug; pagedebug page_poisoning off; pagedebug fail_page_alloc nth=1; alloc 0; alloc 0; free; verify")
    assert result.status == COMMAND_FAILED, result
    assert "all together" in result.output
    assert re.search(r"page_poisoning +on ", result.output)
    assert len(re.findall("no free block of order 0", result.output)) == 1
    assert "every invariant holds" in result.output


@pytest.mark.parametrize("line,answer", [("page_owner", "boot with page_owner=on"), ("page 0xfffffffff", "`memmap` shows"), ("pagedebug nothing on", "usage: pagedebug"), ("pagedebug fail_page_alloc often", "usage: pagedebug"), ("pagedebug debug_pagealloc on", "boot with debug_pagealloc=on")])
def test_what_cannot_be_is_answered(arch, line, answer):
    result = boot(arch, append="quiet", commands=line)
    assert result.status == COMMAND_FAILED, result
    assert answer in result.output


@pytest.mark.parametrize("word,answer", [("page_poisoning=2", "1 or 0, on or off is wanted"), ("fail_page_alloc=x", "pairs such as nth=7"), ("debug_pagealloc=maybe", "1 or 0, on or off is wanted")])
def test_a_wrong_value_is_told_and_ignored(arch, word, answer):
    result = boot(arch, append=word, commands="verify")
    assert result.status == OK, result
    assert answer in result.output


def test_page_tells_all_about_a_frame(arch):
    result = boot(arch, append="quiet page_owner=on", commands="alloc 1")
    pfn = re.search(r"pfn (0x[0-9a-f]+), order 1", result.output).group(1)
    result = boot(arch, append="quiet page_owner=on", commands=f"alloc 1; page {pfn}; free; page {pfn}")
    assert "owner     order 1" in result.output and re.search(r"allocated by .*command_alloc", result.output)
    assert re.search(r"freed     by .*command_free", result.output)


def test_shuffled_boots_differ(arch):
    first = {boot(arch, append="quiet shuffle=1", commands="alloc 10; verify").output.split("pfn ")[1].split(",")[0] for _ in range(4)}
    plain = {boot(arch, append="quiet", commands="alloc 10").output.split("pfn ")[1].split(",")[0] for _ in range(2)}
    assert len(plain) == 1 and len(first) > 1
