# SPDX-License-Identifier: MIT
"""Machines of terabytes: what their boot costs in instructions and in memory that is really touched."""
import re
import subprocess
import threading
import time

import pytest
import qemu
from conftest import boot, kernel

MOST_INSTRUCTIONS = 20_000_000
MOST_RESIDENT_KIB = 256 << 10
# QEMU itself keeps bitmaps of 96 bytes for each MiB of guest memory, all of them touched: 384 MiB for 4 TiB, before the
# first instruction. So there the kernel's share is measured: what comes to that by booting.
MOST_TOUCHED_KIB = 64 << 10


def high_water(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1))
    except (OSError, AttributeError):
        return 0


def resident_unstarted(machine):
    """QEMU's memory with the machine standing still at its first instruction."""
    process = subprocess.Popen([*machine.command("null"), "-S", "-monitor", "none"], stdin=subprocess.DEVNULL)
    try:
        last, steady = 0, 0
        for _ in range(200):
            time.sleep(0.05)
            now = high_water(process.pid)
            steady = steady + 1 if now and now == last else 0
            if steady == 10:
                return now
            last = now
        pytest.fail("QEMU does not come to rest")
    finally:
        process.kill()
        process.wait()


def run(machine):
    """Output, and QEMU's high-water mark in KiB; the machine switches itself off."""
    most = 0
    process = subprocess.Popen(machine.command("stdio"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def watch():
        nonlocal most
        while process.poll() is None:
            most = max(most, high_water(process.pid))
            time.sleep(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        output = process.communicate(timeout=90)[0].decode(errors="replace")
    finally:
        process.kill()
        watcher.join()
    assert qemu.kernel_status(machine.arch, process.returncode) == qemu.OK, output
    return output, most


def huge(arch, mem, nodes, commands):
    return qemu.Boot(arch=arch, kernel=kernel(arch, "release", tests=False), mem=mem, nodes=nodes, icount=True, append=f'quiet run="{commands}"')


def figure(output, name):
    return int(re.search(rf"^bench {name} +(\d+)", output, re.M).group(1))


def free_pages(output):
    """By /proc/buddyinfo, and by its lines of the largest order alone."""
    rows = [[int(word) for word in line.split()[-11:]] for line in output.split("\n") if re.match(r"Node\s+\d+, zone", line)]
    return sum(blocks << order for row in rows for order, blocks in enumerate(row)), sum(row[10] for row in rows)


@pytest.mark.parametrize("arch,mem,nodes", [("x86_64", "4T", "8"), ("x86_64", "1T", "1"), ("aarch64", "1T", "1")])
def test_terabytes_boot_in_few_instructions_and_little_memory(arch, mem, nodes):
    machine = huge(arch, mem, nodes, "bench boot; cat /proc/buddyinfo; cat /proc/meminfo")
    idle = resident_unstarted(machine)
    output, most = run(machine)
    instructions = figure(output, "boot-to-prompt")
    print(f"{arch} {mem} {nodes} nodes: {instructions} instructions, QEMU {most} KiB, {idle} KiB of them before the start")
    assert instructions <= MOST_INSTRUCTIONS
    assert most - idle <= MOST_TOUCHED_KIB
    if mem == "1T":
        assert most <= MOST_RESIDENT_KIB
    # What is deferred is free in every figure: all but what struct pages and the kernel take.
    total = qemu.mebibytes(mem) * 256
    free, largest = free_pages(output)
    assert free >= total * 0.99
    assert largest * 1024 >= free * 0.99
    assert abs(int(re.search(r"MemFree: +(\d+) kB", output).group(1)) // 4 - free) < 2048
    assert len(set(re.findall(r"Node\s+(\d+), zone", output))) == int(nodes)


def test_four_gib_boot_within_a_tenth_of_512_mib():
    small, large = (figure(run(huge("x86_64", mem, "1", "bench boot"))[0], "boot-to-prompt") for mem in ("512M", "4G"))
    assert large <= small * 1.1, f"{large} and {small} instructions"


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_every_invariant_holds_on_a_machine_of_128_gib(arch):
    result = boot(arch, mem="128G", nodes="2", append="quiet", commands="verify; cat /proc/pagetypeinfo; buddy Normal; verify")
    assert result.status == qemu.OK, result
    assert result.output.count("every invariant holds") == 2


def test_deferred_off_writes_every_struct_page_and_nonsense_is_told():
    result = boot("x86_64", append="quiet deferred=off", commands="verify; page 0x8000")
    assert result.status == qemu.OK, result
    assert "not written yet" not in result.output
    result = boot("x86_64", append="deferred=perhaps", commands="verify")
    assert "deferred=perhaps is neither on nor off" in result.output
