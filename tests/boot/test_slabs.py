# SPDX-License-Identifier: MIT
"""Caches and the memory of devices at the prompt, and /proc/slabinfo as Linux's tools read it."""
import os
import re
import shutil
import subprocess

import pytest
from conftest import boot
from prompt import PROMPT, at_prompt, run
from qemu import COMMAND_FAILED, OK


@pytest.fixture
def prompt(arch):
    with at_prompt(arch, "corrupt=repair") as child:
        yield child


@pytest.mark.parametrize(
    "line",
    ["slab a b", "slab shrink", "slab validate", "slab a b c", "slabtop -s x", "slabtop -n", "slabtop -n 0", "slabtop -d 0", "slabtop now",
     "kmalloc", "kmalloc lots", "kfree", "kfree x", "device add", "device alloc net0", "device frobnicate net0", "device free x"],
)
def test_a_bad_argument_is_answered_with_the_usage(prompt, line):
    assert f"usage: {line.split()[0]}" in run(prompt, line)


def test_a_wrong_name_is_answered(prompt):
    assert "there is no cache nothing" in run(prompt, "slab nothing")
    assert "there is no cache nothing" in run(prompt, "slab shrink nothing")
    assert "there is no device eth9" in run(prompt, "device unbind eth9")
    assert "there is no device eth9" in run(prompt, "device alloc eth9 8")
    assert "the most is" in run(prompt, "kmalloc 99999999999")


def test_kmalloc_and_kfree_can_be_played_with(prompt):
    before = int(re.search(r"kmalloc-192 +(\d+)", run(prompt, "slab") + "kmalloc-192 0").group(1))
    given = run(prompt, "kmalloc 150")
    address = re.search(r"192 usable bytes at (0x[0-9a-f]+) in kmalloc-192", given).group(1)
    drawn = run(prompt, "slab kmalloc-192")
    assert "#" in drawn and re.search(r"^cpu +0 +(\d+ of +\d+ parked|slab 0x|no slab)", drawn, re.M)
    assert "allocated" in run(prompt, f"whatis {address}")
    assert "kmalloc-192" in run(prompt, "slab leaks kmalloc-192")
    assert f"freed {address}" in run(prompt, f"kfree {address}")
    assert "object freed twice" in run(prompt, f"kfree {address}")
    assert "invalid object pointer" in run(prompt, "kfree 12345")
    assert "given back" in run(prompt, "slab shrink kmalloc-192")
    assert int(re.search(r"kmalloc-192 +(\d+)", run(prompt, "slab")).group(1)) <= before
    assert "0 errors" in run(prompt, "slab validate kmalloc-192")
    assert "every invariant holds" in run(prompt, "verify")


def test_slabtop_goes_on_until_a_key_is_pressed(prompt):
    prompt.send("slabtop -d 1 -s c\r")
    for _ in range(2):
        prompt.expect("CACHE SIZE NAME")
        prompt.expect("any key ends this")
    prompt.send("q")
    prompt.expect(re.escape(PROMPT), timeout=10)
    rounds = run(prompt, "slabtop -n 3 -d 1")
    assert rounds.count("Active / Total Objects") == 3


@pytest.mark.parametrize("key,column", [("o", 0), ("a", 1), ("s", 3), ("l", 4), ("b", 5), ("c", 6)])
def test_slabtop_sorts_by_each_key(arch, key, column):
    result = boot(arch, append="quiet", commands=f"slabtop -o -s {key}")
    assert result.status == OK, result
    lines = result.output.split("CACHE SIZE NAME")[1].strip().split("\n")
    values = [int(re.match(r"\d+", line.split()[column]).group()) for line in lines if re.match(r"\s*\d+\s+\d+\s+\d+%", line)]
    assert len(values) > 20 and values == sorted(values, reverse=True)


def test_a_devices_memory_from_the_first_byte_to_the_leak(prompt):
    assert "bound to the driver shell" in run(prompt, "device add net0")
    assert "there already" in run(prompt, "device add net0")
    first = re.search(r"100 bytes at (0x[0-9a-f]+)", run(prompt, "device alloc net0 100")).group(1)
    second = re.search(r"70000 bytes at (0x[0-9a-f]+)", run(prompt, "device alloc net0 70000")).group(1)
    shown = run(prompt, "cat /proc/devmem")
    assert re.search(r"net0\s+shell\s+2\s+70100\s+70100\s+0\s+2\s+0\s+0", shown)
    assert first in shown and second in shown and "command_device" in shown
    assert f"freed {first}" in run(prompt, f"device free {first}")
    again = run(prompt, f"device free {first}")
    assert "device memory freed twice" in again and "device net0" in again
    assert f"freed {second}" in run(prompt, f"kfree {second}")
    run(prompt, "device limit net0 1000")
    assert "gets no 1001 bytes" in run(prompt, "device alloc net0 1001")
    assert "is no failure rate" in run(prompt, "device fail net0 often")
    run(prompt, "device fail net0 nth=1")
    assert "gets no 10 bytes" in run(prompt, "device alloc net0 10")
    run(prompt, "device alloc net0 10")
    unbound = run(prompt, "device unbind net0")
    assert "net0 was unbound and 10 bytes were not freed" in unbound and "1 allocations had been left" in unbound
    assert "net0" not in run(prompt, "cat /proc/devmem")
    assert "every invariant holds" in run(prompt, "verify")


def test_a_failed_command_of_these_fails_the_run(arch):
    assert boot(arch, append="quiet", commands="slab nothing").status == COMMAND_FAILED
    assert boot(arch, append="quiet", commands="device unbind nothing").status == COMMAND_FAILED


def test_leaks_are_listed_by_caller_where_users_are_tracked(arch):
    result = boot(arch, append="quiet slab_debug=U", commands="kmalloc 1500; kmalloc 1500; slab leaks kmalloc-2k")
    assert result.status == OK, result
    assert re.search(r"kmalloc-2k +2 objects of +2048 bytes", result.output)
    assert re.search(r"2 objects, +3000 bytes, oldest \d+ ms ago, by .*command_kmalloc\+0x.* <- ", result.output), result
    plain = boot(arch, append="quiet", commands="kmalloc 3000; slab leaks kmalloc-4k")
    assert "1 objects of" in plain.output and " by " not in plain.output.split("slab leaks")[-1]


def slabinfo(arch, commands="cat /proc/slabinfo"):
    result = boot(arch, append="quiet", commands=commands)
    assert result.status == OK, result
    start = result.output.index("slabinfo - version: 2.1")
    return result.output[start:].replace("\r", "")


LINE = re.compile(
    r"(\S+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) : tunables +(\d+) +(\d+) +(\d+) : slabdata +(\d+) +(\d+) +(\d+)$"
)


def test_slabinfo_is_version_2_1_to_the_letter(arch):
    lines = slabinfo(arch).split("\n")
    assert lines[0] == "slabinfo - version: 2.1"
    assert lines[1] == (
        "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
        " : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>"
    )
    caches = [LINE.match(line) for line in lines[2:] if " : tunables " in line]
    assert len(caches) > 20 and all(caches)
    for match in caches:
        active, objects, size, per_slab, pages = map(int, match.groups()[1:6])
        active_slabs, slabs = int(match.group(10)), int(match.group(11))
        assert active <= objects == slabs * per_slab, match.group()
        assert active_slabs <= slabs and size * per_slab <= pages * 4096


@pytest.mark.skipif(not shutil.which("slabtop") or not shutil.which("unshare"), reason="procps and unshare are wanted")
def test_slabtop_of_procps_reads_a_copy(arch, tmp_path):
    """The tool reads /proc/slabinfo and nothing else: in a namespace of its own, that is our file."""
    copy = tmp_path / "slabinfo"
    text = slabinfo(arch)
    copy.write_text("\n".join(line for line in text.split("\n") if line.startswith(("slabinfo", "#")) or " : tunables " in line) + "\n")
    script = f"mount --bind {copy} /proc/slabinfo && TERM=dumb slabtop -o -s c"
    user = [] if os.geteuid() == 0 else ["-r"]
    result = subprocess.run(["unshare", *user, "-m", "sh", "-c", script], capture_output=True, text=True, timeout=30)
    if result.returncode and ("not permitted" in result.stderr or "denied" in result.stderr):
        pytest.skip("this machine allows no mount namespaces: " + result.stderr.strip())
    assert result.returncode == 0, result.stderr
    assert re.search(r"kmem_cache\s*$", result.stdout, re.M), result.stdout
    total = int(re.search(r"Active / Total Caches \(% used\)\s*: \d+ / (\d+)", result.stdout).group(1))
    assert total == sum(bool(LINE.match(line)) for line in text.split("\n"))
