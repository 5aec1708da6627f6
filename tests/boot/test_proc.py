# SPDX-License-Identifier: MIT
"""The /proc files of memory: but for the figures they are what a Linux 6.1 wrote, and programs written for Linux read them."""
import re
import shutil
import subprocess

import pytest
from conftest import boot
from qemu import OK
from records import assert_columns, assert_fields, record, same_columns, shape

EXTFRAG = "/sys/kernel/debug/extfrag/"


def files(arch, *paths, before="", **more):
    """The lines of each file, in one boot, after some commands."""
    commands = before + "; ".join(f"echo file {path}; cat {path}" for path in paths)
    result = boot(arch, append="quiet highmem=64M", commands=commands + "; echo file end", **more)
    assert result.status == OK, result
    output = result.output.replace("\r", "")
    texts = re.findall(r"^file (\S+)\n(.*?)(?=^file )", output, re.M | re.S)
    return {path: text.splitlines() for path, text in texts}


def zone_of(line):
    return re.search(r"zone +(\w+)", line).group(1)


def renamed(line, node, zone):
    """A recorded line, of this node and zone."""
    line = re.sub(r"(?<=^Node)( *)\d", rf"\g<1>{node}", line)
    return re.sub(r"zone {1,8}\w+", f"zone {zone:>8}", line, count=1)


def same_shape(line, other):
    return shape(line) == shape(other)


def test_meminfo_has_linuxs_fields_in_linuxs_columns(arch):
    assert_fields(files(arch, "/proc/meminfo")["/proc/meminfo"], "/proc/meminfo", same_columns)


def test_vmstat_has_linuxs_counters_in_linuxs_order(arch):
    assert_fields(files(arch, "/proc/vmstat")["/proc/vmstat"], "/proc/vmstat", same_shape)


def test_buddyinfo_and_extfrag_have_a_row_for_each_zone(arch):
    paths = ["/proc/buddyinfo", EXTFRAG + "extfrag_index", EXTFRAG + "unusable_index"]
    text = files(arch, *paths, nodes="2", smp="2")
    zones = [re.match(r"Node (\d), zone +(\w+)", line).groups() for line in text[paths[0]]]
    assert len(zones) >= 3 and len({node for node, _ in zones}) == 2
    for path in paths:
        row = record("x86_64-nodes", path)[0]
        wanted = [renamed(row, node, zone) for node, zone in zones]
        if path == paths[0]:
            assert_columns(text[path], wanted)
        else:
            assert [re.sub(r"-?\d\.\d{3}", "#", line) for line in text[path]] == [re.sub(r"-?\d\.\d{3}", "#", line) for line in wanted]


def pagetypeinfo_of(node, zones):
    """What Linux writes for a node with such zones: each node has the whole table anew."""
    lines = record("aarch64-nodes", "/proc/pagetypeinfo")
    lines = lines[: lines.index(lines[0], 1)]
    blank = lines.index("", 4)
    rows, counts = lines[4:blank], lines[blank + 2]
    return lines[:4] + [renamed(row, node, zone) for zone in zones for row in rows] + lines[blank : blank + 2] + [renamed(counts, node, zone) for zone in zones]


def test_pagetypeinfo_has_linuxs_tables_for_each_node(arch):
    text = files(arch, "/proc/buddyinfo", "/proc/pagetypeinfo", nodes="2", smp="2")
    wanted = []
    for node in "01":
        wanted += pagetypeinfo_of(node, [zone_of(line) for line in text["/proc/buddyinfo"] if line.startswith(f"Node {node}")])
    assert_columns(text["/proc/pagetypeinfo"], wanted)


def blocks_of(lines):
    """One for each zone, by what it has: the node's own figures and its own, its own only, no memory."""
    blocks = []
    for line in lines:
        if line.startswith("Node"):
            blocks.append([])
        blocks[-1].append(re.sub(r"\((#, )*#\)", "(#)", shape(line)))  # as many protections as there are zones
    return blocks


def kind_of(block):
    return "per-node" in block[1], "start_pfn" in block[-1]


@pytest.mark.parametrize("nodes", [1, 2])
def test_zoneinfo_block_by_block(arch, nodes):
    recorded = blocks_of(record("x86_64-nodes" if nodes == 2 else "x86_64", "/proc/zoneinfo"))
    kinds = {kind_of(block): block for block in recorded}
    ours = blocks_of(files(arch, "/proc/zoneinfo", nodes=str(nodes), smp=str(nodes))["/proc/zoneinfo"])
    assert len(ours) == nodes * 4 and sum(kind_of(block)[0] for block in ours) == nodes
    for block in ours:
        want = kinds[kind_of(block)]
        assert block == [renamed(want[0], "#", zone_of(block[0]))] + want[1:]


def test_slabinfo_is_version_2_1(arch):
    lines = files(arch, "/proc/slabinfo")["/proc/slabinfo"]
    recorded = record("x86_64", "/proc/slabinfo")
    assert lines[:2] == recorded[:2]
    row = next(line for line in recorded if line.startswith("kmem_cache "))
    for line in lines[2:]:
        assert line.startswith(f"{line.split()[0]:<17} ")
        assert same_columns(line[len(f"{line.split()[0]:<17}") :], row[17:]), line
    kmalloc = {line.split()[0] for line in recorded if "kmalloc" in line}
    assert kmalloc and kmalloc <= {line.split()[0] for line in lines}


def area_form(line):
    """A row of vmallocinfo without what is the area's own."""
    line = re.sub(r"^0x[0-9a-f]{16}-0x[0-9a-f]{16} (?= *\d)( {0,6}\d{1,7}|\d{8,}) ", "RANGE ", line)
    line = re.sub(r"\S+\+0x[0-9a-f]+/0x[0-9a-f]+(?= )", "CALLER", line)
    line = re.sub(r"phys=0x[0-9a-f]{16}(?= )", "phys=PHYS", line)
    return re.sub(r" vpages(?= )", "", re.sub(r"(pages|N\d)=\d+", r"\1=#", line))


def test_vmallocinfo_tells_areas_as_linux_does(arch):
    lines = files(arch, "/proc/vmallocinfo", before="vmalloc 5000; ioremap 0xfe000000 8192; ")["/proc/vmallocinfo"]
    recorded = {area_form(line) for line in record("x86_64", "/proc/vmallocinfo")}
    ours = {area_form(line) for line in lines}
    assert ours == {"RANGE CALLER pages=# vmalloc N0=#", "RANGE CALLER phys=PHYS ioremap"} <= recorded, (lines, recorded)


def test_iomem_is_a_tree_of_ranges(arch):
    lines = files(arch, "/proc/iomem")["/proc/iomem"]
    form = re.compile(r"(?:  ){0,4}(?:[0-9a-f]{8}-[0-9a-f]{8}|[0-9a-f]{8,}-[0-9a-f]{9,}) : \S.*")
    recorded = record("x86_64", "/proc/iomem") + record(arch, "/proc/iomem")
    assert all(form.fullmatch(line) for line in recorded + lines), lines
    names = {line.split(" : ")[1] for line in recorded}
    assert {line.split(" : ")[1] for line in lines} <= names
    assert any(line.startswith("  ") and line.endswith("Kernel code") for line in lines)


def test_interrupts_stand_in_linuxs_columns(arch):
    lines = files(arch, "/proc/interrupts")["/proc/interrupts"]
    recorded = record("x86_64", "/proc/interrupts")
    assert lines[0] == recorded[0]
    row = re.match(r"(?P<number> *\d+:)(?P<count> +\d+) (?P<chip> +\S+)(?P<source> +\d+)", recorded[1])
    level = re.search(r"(?<=\d)( Level +)\S", next(line for line in record("aarch64", "/proc/interrupts") if " Level " in line)).group(1)
    numbered = [line for line in lines[1:] if re.match(r" *\d+:", line)]
    assert numbered
    for line in numbered:
        ours = re.match(r"(?P<number>[ \d]{3}:)(?P<count> [ \d]{10}) (?P<chip> [ \w-]{8})(?P<source> [ \d]{3})", line)
        assert ours and [ours.end(part) for part in ours.groupdict()] == [row.end(part) for part in row.groupdict()], line
        assert line[ours.end() :].startswith(level)
    for line in lines[1 + len(numbered) :]:
        assert any(same_columns(line, other) for other in recorded), line


def test_vmstat_counts_what_happens(arch):
    commands = "cat /proc/vmstat; alloc 9; alloc 0; free; free; compact; cat /proc/vmstat; pagedebug fail_page_alloc off; verify"
    result = boot(arch, append="quiet", commands=commands)
    assert result.status == OK, result
    rows = re.findall(r"^(\w+) (\d+)\r?$", result.output, re.M)
    half = len(rows) // 2
    before, after = ({name: int(value) for name, value in part} for part in (rows[:half], rows[half:]))
    taken = sum(after[name] - before[name] for name in after if name.startswith("pgalloc_"))
    assert taken >= 512
    assert after["pgfree"] - before["pgfree"] >= 512
    assert after["compact_migrate_scanned"] >= before["compact_migrate_scanned"]
    assert after["oom_kill"] == 0
    assert after["numa_hit"] - before["numa_hit"] == after["numa_local"] - before["numa_local"] == taken, "one node: all is its own"
    assert after["numa_miss"] == after["numa_foreign"] == after["numa_other"] == 0


def show_to(tool, tmp_path, text, name):
    """What a program of procps says with our file in the place of /proc/NAME; in a namespace of its own."""
    if not shutil.which(tool[0]):
        pytest.skip(f"{tool[0]} is not installed")
    copy = tmp_path / name
    copy.write_text(text)
    script = f"mount --bind {copy} /proc/{name} && exec " + " ".join(tool)
    run = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, timeout=60)
    if run.returncode and "unshare" in run.stderr or "mount:" in run.stderr or "permitted" in run.stderr:
        pytest.skip(f"this machine allows no namespaces: {run.stderr.strip()}")
    assert run.returncode == 0, run.stderr
    return run.stdout


def text_of(arch, path):
    return "\n".join(files(arch, path)[path]) + "\n"


def test_free_of_linux_reads_our_meminfo(arch, tmp_path):
    text = text_of(arch, "/proc/meminfo")
    fields = {name: int(kib) for name, kib in re.findall(r"^(\S+): +(\d+)", text, re.M)}
    mem = [int(word) for word in re.search(r"^Mem: +(.*)$", show_to(["free", "-k"], tmp_path, text, "meminfo"), re.M).group(1).split()]
    assert mem[0] == fields["MemTotal"] and mem[2] == fields["MemFree"] and mem[5] == fields["MemAvailable"]


def test_vmstat_of_linux_reads_our_vmstat(arch, tmp_path):
    text = text_of(arch, "/proc/vmstat")
    said = show_to(["vmstat", "-s"], tmp_path, text, "vmstat")
    assert re.search(r"^ +0 K paged in$", said, re.M) and re.search(r"^ +0 pages swapped in$", said, re.M), said


def test_slabtop_of_linux_reads_our_slabinfo(arch, tmp_path):
    text = text_of(arch, "/proc/slabinfo")
    said = show_to(["slabtop", "-o"], tmp_path, text, "slabinfo")
    ours = {line.split()[0]: line.split()[2] for line in text.splitlines()[2:]}
    shown = {line.split()[-1]: line.split()[0] for line in said.splitlines()[7:] if line.strip()}
    assert shown and all(ours[name] == objects for name, objects in shown.items()), said


@pytest.mark.parametrize("line,answer", [("echo 2 > /proc/sys/vm/compact_memory", 'refused "2" (error 22); it takes 1'), ("echo lots > /proc/sys/vm/min_free_kbytes", "it takes KiB to keep free"), ("frag now", "usage: frag"), ("compact all", "usage: compact"), ("page", "usage: page PFN")])
def test_a_wrong_word_is_answered_with_what_is_wanted(arch, line, answer):
    assert answer in boot(arch, append="quiet", commands=line).output


def test_frag_and_compact_explain_themselves(arch):
    output = boot(arch, append="quiet highmem=64M", commands="frag; compact; echo 1 > /proc/sys/vm/compact_memory; buddy HighMem; verify").output
    assert re.search(r"block KiB +4 +8 +16 +32 +64 +128 +256 +512 +1024 +2048 +4096", output)
    assert "unusable: the share of free memory" in output and "why it fails: towards 0 for want of memory" in output
    assert re.search(r"\d+ pages moved, \d+ could not", output) and "free blocks of 2 MiB and more:" in output
    assert "every invariant holds" in output


def test_pcp_and_buddy_show_a_page_on_its_way(arch):
    output = boot(arch, append="quiet", commands="alloc 0; free; pcp; buddy").output.replace("\r", "")
    lists = re.findall(r"^node 0, zone (\w+), cpu 0: (\d+) pages in lists, at most (\d+), (\d+) moved at once; blocks in each list:$", output, re.M)
    assert lists and any(int(pages) for _, pages, _, _ in lists)
    assert all(int(pages) <= int(most) for _, pages, most, _ in lists)
    assert re.search(r"^  Movable +order 0 +\d+  order 1 +\d+  order 2 +\d+  order 3 +\d+$", output, re.M)
    for zone, free in re.findall(r"^node 0, zone (\w+): pfn 0x[0-9a-f]+\.\.0x[0-9a-f]+, (\d+) of \d+ managed pages free", output, re.M):
        block = output.split(f"zone {zone}: pfn")[1].split("pageblocks of")[0]
        assert sum(int(pages) for pages in re.findall(r"= +(\d+) pages", block)) == int(free), zone
    assert "Unmovable Movable Reclaimable HighAtomic CMA Isolate" in output
