# SPDX-License-Identifier: MIT
"""Ticks on every machine: the clock goes, interrupts are counted as Linux counts them, and who waits does not burn the host's CPU."""
import os
import re
import time

import pexpect
import pytest
from conftest import EVERY_MACHINE, boot, kernel
from qemu import BOARDS, OK, Boot

MACHINES = EVERY_MACHINE + [("aarch64", board) for board in BOARDS]
TIMERS = {"x86_64": "lapic-timer", "aarch64": "arch_timer"}


def counts(output, handler):
    """What /proc/interrupts says of a handler, each time that it was read."""
    return [int(n) for n in re.findall(rf"^ *\d+: +(\d+) +\S+ +\d+ Level +{handler}$", output, re.M)]


@pytest.mark.parametrize("arch,machine", MACHINES)
def test_ticks_arrive_and_are_counted(arch, machine):
    try:
        Boot(arch=arch, kernel=kernel(arch), machine=machine).command("stdio")
    except Exception as refused:  # a board that this QEMU does not have
        pytest.skip(str(refused))
    result = boot(arch, machine=machine, append="quiet", commands="cat /proc/interrupts; sleep 200; cat /proc/interrupts; cat /proc/uptime; verify")
    if "does not exist" in result.output or "unsupported machine" in result.output:
        pytest.skip(f"this QEMU has no {machine}")
    assert result.status == OK, result
    before, after = counts(result.output, TIMERS[arch])
    assert 5 <= after - before <= 200, "20 ticks in 200 ms, fewer where the host is busy"
    assert "CPU0" in result.output and "does not arrive" not in result.output
    assert re.search(r"^SPU: +0 ", result.output, re.M) and re.search(r"^ERR: +0$", result.output, re.M)
    up, idle = map(float, re.search(r"^(\d+\.\d\d) (\d+\.\d\d)$", result.output, re.M).groups())
    assert up >= 0.19 and 0 < idle <= up


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_a_prompt_at_which_nobody_types_leaves_the_host_alone(arch):
    machine = Boot(arch=arch, kernel=kernel(arch))
    command = machine.command("mon:stdio")
    child = pexpect.spawn(command[0], command[1:], timeout=30, encoding="utf-8", echo=False)
    try:
        child.expect("loam> ")
        before, start = seconds_of(child.pid), time.monotonic()
        time.sleep(2)
        used, passed = seconds_of(child.pid) - before, time.monotonic() - start
        assert used < 0.35 * passed, f"{used:.2f} s of CPU in {passed:.2f} s"
        child.send("echo still here\r")
        child.expect("still here")
    finally:
        child.close(force=True)


def seconds_of(pid):
    """What a process and its threads have run, in seconds."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_counting_instructions_is_not_disturbed_by_the_tick():
    runs = [boot("x86_64", icount=True, append="quiet", commands="bench page-order0-pair") for _ in range(2)]
    figures = [re.search(r"bench page-order0-pair +(\d+)", run.output).group(1) for run in runs]
    assert figures[0] == figures[1]


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_a_switch_keeps_the_registers(arch):
    result = boot(arch, append="quiet", commands="selftest sched.a_switch; selftest sched.tasks_are_switched")
    assert result.status == OK and result.output.count("# 1 passed, 0 failed") == 2, result
