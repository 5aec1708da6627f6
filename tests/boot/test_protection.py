# SPDX-License-Identifier: MIT
"""The page tables as they stand after the boot, on every machine; five levels; a direct map in which every page can change."""
import re

import pytest
from conftest import ARCHES, EVERY_MACHINE, boot
from qemu import OK
from test_selftest import check_ktap


def check_tables(output):
    assert "0 ranges are writable and executable at once" in output
    assert "0 ranges have a frame that is mapped with another memory type elsewhere" in output
    assert "every invariant holds" in output


@pytest.mark.parametrize("arch,machine", EVERY_MACHINE)
def test_nothing_is_writable_and_executable_and_no_frame_has_two_types(arch, machine):
    result = boot(arch, machine=machine, mem="128M", commands="ptdump; verify")
    assert result.status == OK, result
    check_tables(result.output)
    code = re.findall(r"^  0x\S+ +\d+ KiB  r.x. .*$", result.output, re.M)
    assert len(code) == 1, "one range is executable, the text: " + "\n".join(code)
    types = {"x86_64": "PAT 0x0004010600040106: RAM write-back; WC write-combining", "aarch64": "MAIR_EL1 0x4bb44ff: RAM Normal write-back; WC Normal non-cacheable"}
    assert len(re.findall(re.escape(types[arch]), result.output)) == 2, "at boot and in ptdump"


@pytest.mark.parametrize("arch,machine", EVERY_MACHINE)
def test_the_boots_memory_is_given_back_and_what_only_it_wrote_is_read_only(arch, machine):
    result = boot(arch, machine=machine, mem="128M", commands="memmap; ptdump")
    assert result.status == OK, result
    freed = int(re.search(r"freed init memory: (\d+) KiB", result.output)[1])
    kept = int(re.search(r"read-only from now on: (\d+) KiB", result.output)[1])
    assert freed >= 20 and kept >= 4
    assert "free      code that only the boot runs" in result.output and "kernel image, code that only the boot runs" not in result.output, "given back, and mapped nowhere"
    assert re.search(r"^kernel image, data that only the boot writes\n  0x\S+ +%d KiB  r--- " % kept, result.output, re.M)


@pytest.mark.parametrize("profile", ["debug", "release"])
@pytest.mark.parametrize("arch", ARCHES)
def test_every_page_of_the_direct_map_can_change_with_rodata_full(arch, profile):
    result = boot(arch, profile=profile, mem="128M", append="rodata=full selftest=set_memory", timeout=120)
    check = re.findall(r"^(?:not )?ok \d+ - (\S+)(.*)", result.output, re.M)
    assert result.status == OK and len(check) >= 11, result
    skipped = [name for name, more in check if "SKIP" in more]
    assert skipped == ["set_memory.without_memory_nothing_has_changed"], "pages need no table to change"


def test_a_cpu_that_splits_leaves_in_use_needs_no_small_ones():
    result = boot("x86_64", mem="128M", append="selftest=set_memory")
    assert result.status == OK and "SKIP" not in result.output, result


def test_all_self_tests_pass_with_five_levels():
    result = boot("x86_64", cpu="max", mem="128M", append="selftest", timeout=240)
    check_ktap(result)
    assert "LA57" in result.output


@pytest.mark.parametrize("machine,how", [("q35", "pvh"), ("q35", "bios"), ("microvm", "pvh")])
def test_five_levels_are_shown(machine, how):
    result = boot("x86_64", machine=machine, boot=how, cpu="max", mem="128M", commands="pt kmain; ptdump; verify")
    assert result.status == OK, result
    check_tables(result.output)
    assert "\n5 levels; " in result.output
    levels = [int(level) for level in re.findall(r"^level (\d): entry", result.output, re.M)]
    assert levels == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("arch", ARCHES)
def test_pt_tells_the_walk_to_a_symbol_a_leaf_and_a_hole(arch):
    result = boot(arch, mem="128M", commands="pt kmain; pt 0xffffffffffdff000; pt 5; pt nobody")
    output = result.output
    assert [int(level) for level in re.findall(r"^level (\d): entry", output, re.M)][:4] == [3, 2, 1, 0]
    address = int(re.search(r"^the address 0x([0-9a-f]+), cut", output, re.M)[1], 16)
    index = [int(n) for n in re.findall(r"index +(\d+) of the table of level", output)[:4]]
    assert index == [address >> 12 + 9 * level & 511 for level in (3, 2, 1, 0)]
    assert [int(n) for n in re.findall(r"^level \d: entry (\d+) ", output, re.M)][:4] == index
    tables = re.findall(r"^  -> the table of level \d, at physical (0x[0-9a-f]+)", output, re.M)[:3]
    assert re.findall(r"^level [012]: entry \d+ of the table at physical (0x[0-9a-f]+)", output, re.M)[:3] == tables
    words = {"x86_64": ["read-only, for the kernel too (CR0.WP)", "may be executed", "write-back"], "aarch64": ["read-only in EL1, nothing for EL0", "may be executed in EL1", "Normal write-back"]}
    assert all(word in output for word in words[arch])
    assert "-> a leaf of 4 KiB: the walk ends" in output and "-> nothing: the walk ends here" in output
    assert "touching it would be a page fault" in output
    assert "it lies in: the null page" in output and "pt: nobody is neither a number nor a symbol" in output
