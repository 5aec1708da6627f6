# SPDX-License-Identifier: MIT
"""The prompt as a person meets it: typed at over the serial line, and files in Linux's formats."""
import re

import pexpect
import pytest
from conftest import boot
from prompt import PROMPT, at_prompt, run
from qemu import OK, kernel_status


@pytest.fixture
def prompt(arch):
    with at_prompt(arch, "highmem=64M") as child:
        yield child


def test_editing_history_and_poweroff(prompt):
    assert "ORDER" in run(prompt, "help alloc")
    assert "Node 0" in run(prompt, "cat /proc/buddyinfo")
    assert "Node 0" in run(prompt, "\x1b[A")  # up: the same again
    assert "hello" in run(prompt, "echo hlo\x1b[D\x1b[Del")  # two to the left
    assert "one two" in run(prompt, "echo one two three\x17\x7f")
    assert "no such command" in run(prompt, "frobnicate")
    prompt.send("half a line\x03")
    prompt.expect(re.escape(PROMPT))
    prompt.send("poweroff\r")
    prompt.expect(pexpect.EOF)
    prompt.close()
    assert kernel_status(prompt.arch, prompt.exitstatus) == OK


@pytest.mark.parametrize("line", ["alloc", "alloc 11", "alloc -v x", "whatis", "buddy Nowhere", "dmesg 0", "poweroff now", "slab a b", "cat", "ptdump x", "memmap x", "bench nothing"])
def test_a_bad_argument_is_answered_with_the_usage(prompt, line):
    assert f"usage: {line.split()[0]}" in run(prompt, line)


def test_splits_and_merges_are_drawn(prompt):
    taken = run(prompt, "alloc -v 0")
    assert "taken" in taken and "pfn 0x" in taken
    given = run(prompt, "free -v")
    assert given.count("merge") == taken.count("split")
    assert "given" in given


def test_a_file_is_written(prompt):
    run(prompt, "echo 4 > /proc/sys/kernel/printk")
    assert re.match(r"[^\n]*\n?4\t", run(prompt, "cat /proc/sys/kernel/printk").replace("cat /proc/sys/kernel/printk", "").lstrip())
    assert "can only be read" in run(prompt, "echo 1 > /proc/meminfo")
    assert "no file" in run(prompt, "echo 1 > /proc/nothing")


def test_whatis_follows_an_address_down_to_the_object(arch):
    listing = boot(arch, append="quiet", commands="slab kmalloc-64; whatis kmain; whatis 0; whatis 0xdead000000000000; whatis jiffies")
    assert "kernel image, text" in listing.output
    assert "kmain+0x0" in listing.output
    assert "never mapped" in listing.output
    assert "neither a number nor a symbol" in listing.output


def read_file(arch, path, **more):
    result = boot(arch, append="quiet", commands=f"cat {path}", **more)
    assert result.status == OK, result
    return result.output


def test_meminfo_reads_as_linux_writes_it(arch):
    output = read_file(arch, "/proc/meminfo")
    fields = {}
    for line in output.splitlines():
        if line.startswith("HugePages_"):
            assert re.fullmatch(r"HugePages_\w+:\s+\d+", line)
            continue
        assert re.fullmatch(r"[A-Z]\w*(\(\w+\))?:\s+\d+ kB", line), line
        assert len(line) == 27 or len(line.split()[1]) > 8 or line.startswith("HardwareCorrupted"), f"width of {line!r}"
        name, value, _ = line.split()
        fields[name.rstrip(":")] = int(value)
    order = list(fields)
    assert order[:4] == ["MemTotal", "MemFree", "MemAvailable", "Buffers"]
    assert order.index("SwapTotal") < order.index("Slab") < order.index("VmallocTotal") < order.index("DirectMap4k")
    assert 0 < fields["MemAvailable"] <= fields["MemFree"] < fields["MemTotal"] < 256 * 1024
    assert fields["Slab"] == fields["SReclaimable"] + fields["SUnreclaim"] > 0
    assert fields["LowTotal"] + fields["HighTotal"] == fields["MemTotal"]


def test_buddyinfo_sums_to_memfree(arch):
    result = boot(arch, append="quiet highmem=64M", commands="cat /proc/buddyinfo /proc/meminfo /proc/zoneinfo")
    pages = 0
    for line in re.findall(r"^Node \d+, zone +\w+ +[\d ]+$", result.output, re.M):
        match = re.fullmatch(r"Node \d+, zone +(\w+) ((?: *\d+ ){11})", line)
        assert match, repr(line)
        pages += sum(int(count) << order for order, count in enumerate(match.group(2).split()))
    assert pages * 4 == int(re.search(r"MemFree:\s+(\d+)", result.output).group(1))
    assert pages == sum(int(n) for n in re.findall(r"pages free +(\d+)", result.output))


def test_zoneinfo_reads_as_linux_writes_it(arch):
    output = read_file(arch, "/proc/zoneinfo")
    zones = re.findall(r"^Node (\d+), zone +(\w+)$", output, re.M)
    assert len(zones) == 4
    for name in ("min", "low", "high", "spanned", "present", "managed", "cma"):
        assert re.search(rf"^        {name:8} \d+$", output, re.M), name
    for figures in re.findall(r"spanned +(\d+)\s+present +(\d+)\s+managed +(\d+)", output):
        spanned, present, managed = map(int, figures)
        assert spanned >= present >= managed
    assert "nr_free_pages" in output and "pagesets" in output and "start_pfn:" in output


def test_slabinfo_reads_as_slabtop_wants_it(arch):
    lines = read_file(arch, "/proc/slabinfo").splitlines()
    assert lines[0] == "slabinfo - version: 2.1"
    assert lines[1].startswith("# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables")
    row = re.compile(r"(\S+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) : tunables +(\d+) +(\d+) +(\d+) : slabdata +(\d+) +(\d+) +(\d+)")
    names = []
    for line in lines[2:]:
        match = row.fullmatch(line)
        assert match, line
        name, active, total, size, per_slab, pages, *_, active_slabs, slabs, _ = match.groups()
        names.append(name)
        assert int(active) <= int(total) == int(slabs) * int(per_slab)
        assert int(size) * int(per_slab) <= int(pages) * 4096
    for wanted in ("kmem_cache", "kmalloc-8", "kmalloc-96", "kmalloc-192", "kmalloc-8k"):
        assert wanted in names


def test_iomem_is_nested_and_sorted(arch):
    output = read_file(arch, "/proc/iomem")
    rows = re.findall(r"^( *)([0-9a-f]{8,})-([0-9a-f]{8,}) : (.+)$", output, re.M)
    assert {"System RAM", "Kernel code", "Kernel data"} <= {name for *_, name in rows}
    top_end, child_end = -1, -1
    for indent, start, end, _ in rows:
        start, end = int(start, 16), int(end, 16)
        assert start <= end
        if not indent:
            assert start > top_end
            top_end, child_end = end, start - 1
        else:
            assert start > child_end and end <= top_end
            child_end = end


def test_kallsyms_is_sorted_and_names_kmain(arch):
    rows = re.findall(r"^([0-9a-f]{16}) ([A-Za-z]) (\w\S*)$", read_file(arch, "/proc/kallsyms"), re.M)
    addresses = [int(address, 16) for address, _, _ in rows]
    assert addresses == sorted(addresses) and len(rows) > 500
    assert [kind for _, kind, name in rows if name == "kmain"] == ["T"]
