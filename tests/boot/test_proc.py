# SPDX-License-Identifier: MIT
"""The /proc files of memory: Linux 6.1's bytes but for the figures, and programs written for Linux read them."""
import os
import re
import shutil
import subprocess

import pytest
from conftest import TOP, boot
from qemu import OK

GOLDEN = os.path.join(TOP, "tests", "boot", "golden")


def golden(name):
    with open(os.path.join(GOLDEN, name)) as file:
        return file.read().splitlines()


def pattern(line):
    """A golden line as a regular expression: each run of # is a figure of that width, or longer."""
    parts = re.split(r"(#+)", line)
    text = ""
    for part in parts:
        if not part.startswith("#"):
            text += re.escape(part)
        elif len(part) == 1:
            text += r"\d+"
        else:
            text += "(?:" + "|".join(rf" {{{len(part) - digits}}}\d{{{digits}}}" for digits in range(1, len(part) + 1)) + rf"|\d{{{len(part) + 1},}})"
    return re.compile(text + r"\Z")


def agree(lines, wanted):
    for number, (line, want) in enumerate(zip(lines, wanted)):
        assert line == want or pattern(want).match(line), f"line {number + 1}:\n{line!r}\nis not\n{want!r}"
    assert len(lines) == len(wanted), (lines[len(wanted) :], wanted[len(lines) :])


def files(arch, *names, **more):
    """The text of each file, in one boot."""
    commands = "; ".join(f"echo file {name}; cat /proc/{name}" for name in names)
    result = boot(arch, append="quiet highmem=64M", commands=commands + "; echo file end", **more)
    assert result.status == OK, result
    output = result.output.replace("\r", "")
    texts = re.findall(r"^file (\S+)\n(.*?)(?=^file )", output, re.M | re.S)
    return {name: text for name, text in texts}


def renamed(line, zone):
    return re.sub(r"zone {1,8}\w+", f"zone {zone:>8}", line, count=1)


def test_every_file_has_linuxs_fields_in_linuxs_columns(arch):
    text = files(arch, "meminfo", "vmstat", "buddyinfo", "pagetypeinfo", "zoneinfo", "slabinfo")
    agree(text["meminfo"].splitlines(), golden("meminfo"))
    agree(text["vmstat"].splitlines(), golden("vmstat"))
    buddy = text["buddyinfo"].splitlines()
    zones = [re.search(r"zone +(\w+)", line).group(1) for line in buddy]
    agree(buddy, [renamed(golden("buddyinfo")[0], zone) for zone in zones])

    types = golden("pagetypeinfo")
    lists, counts = types[4:10], types[12]
    wanted = types[:4] + [renamed(line, zone) for zone in zones for line in lists]
    agree(text["pagetypeinfo"].splitlines(), wanted + types[10:12] + [renamed(counts, zone) for zone in zones])

    slabs = text["slabinfo"].splitlines()
    row = golden("slabinfo")[2]
    agree(slabs, golden("slabinfo")[:2] + [f"{line.split()[0]:<17} " + row[18:] for line in slabs[2:]])


def zone_kinds():
    """The golden blocks: the first zone of a node, another one, one without memory."""
    text = "\n".join(golden("zoneinfo"))
    blocks = ["Node" + block for block in text.split("Node")[1:]]
    return [block.strip("\n").split("\n") for block in blocks]


def test_zoneinfo_block_by_block(arch):
    text = files(arch, "zoneinfo")["zoneinfo"]
    first, other, empty = zone_kinds()
    seen = False
    for block in ["Node" + part for part in text.split("Node")[1:]]:
        lines = block.rstrip("\n").split("\n")
        zone = re.search(r"zone +(\w+)", lines[0]).group(1)
        if "start_pfn" not in block:
            kind = empty
        else:
            kind, seen = (other if seen else first), True
        agree(lines, [renamed(kind[0], zone)] + kind[1:])


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


def test_free_of_linux_reads_our_meminfo(arch, tmp_path):
    text = files(arch, "meminfo")["meminfo"]
    fields = {name: int(kib) for name, kib in re.findall(r"^(\S+): +(\d+)", text, re.M)}
    mem = [int(word) for word in re.search(r"^Mem: +(.*)$", show_to(["free", "-k"], tmp_path, text, "meminfo"), re.M).group(1).split()]
    assert mem[0] == fields["MemTotal"] and mem[2] == fields["MemFree"] and mem[5] == fields["MemAvailable"]


def test_vmstat_of_linux_reads_our_vmstat(arch, tmp_path):
    text = files(arch, "vmstat")["vmstat"]
    said = show_to(["vmstat", "-s"], tmp_path, text, "vmstat")
    assert re.search(r"^ +0 K paged in$", said, re.M) and re.search(r"^ +0 pages swapped in$", said, re.M), said


def test_slabtop_of_linux_reads_our_slabinfo(arch, tmp_path):
    text = files(arch, "slabinfo")["slabinfo"]
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
