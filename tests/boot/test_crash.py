# SPDX-License-Identifier: MIT
"""Broken on purpose: each end has a message that names what broke, and the exact status."""
import os
import re
import subprocess

import pytest
from conftest import TOP, boot
from qemu import COMMAND_FAILED, NO_MEMORY, OK, PANIC

KINDS = [  # kind, what the report must say
    ("null", r"write to 0x0+: null pointer"),
    ("stack-overflow", r"the kernel stack overflowed into its guard page"),
    ("stack-overrun", r"stack overrun: overrun\S* wrote beyond its own frame"),
    ("write-rodata", r"write to 0x[0-9a-f]+: the mapping forbids it"),
    ("write-text", r"kernel image, text"),
    ("exec-data", r"execution of 0x[0-9a-f]+: the mapping forbids it"),
    ("write-ro-after-init", r"kernel image, data that only the boot writes"),
    ("exec-init", r"execution of 0x[0-9a-f]+ at run_at_boot\+0x0/0x[0-9a-f]+: only the boot used it, and its memory was given back"),
    ("double-free", r"loam: BUG kfree.*twice"),
    ("wild-free", r"loam: BUG kfree"),
    ("devmem-wrong-free", r"loam: BUG dev_kfree: no device memory starts here"),
    ("devmem-double-free", r"loam: BUG kfree: device memory freed twice"),
    ("devmem-header", r"loam: BUG dev_kfree: the header of device memory was written over"),
    ("deadlock", r"deadlock: task main waits for ever for: try_wait_for_completion"),
    ("sleep-in-interrupt", r"schedule\(\) in an interrupt"),
]


@pytest.mark.parametrize("kind,says", KINDS)
def test_a_crash_is_explained_and_ends_with_the_panics_status(arch, kind, says):
    result = boot(arch, commands=f"crash {kind}")
    assert result.status == PANIC, result
    assert re.search(says, result.output), result
    assert len(re.findall("loam: PANIC", result.output)) == 1
    stack = result.output.split("call stack")[1]
    if kind == "sleep-in-interrupt":
        assert "clock_interrupt+0x" in stack and "shell_execute+0x" in stack, "the walk goes through the interrupt to what it interrupted"
        return
    if kind == "stack-overrun":
        return  # what was run over is the way back
    assert re.search(r"crash\w*\+0x|recurse[\w.]*\+0x", stack), "the call stack names who did it"
    if kind == "stack-overflow":
        assert "the same" in stack, "endless recursion is one line"
    assert "shell_execute+0x" in stack and "kmain+0x" in stack


@pytest.mark.parametrize("kind,says", [("locked", "with the lock of zone"), ("in-console", "a console died while it wrote"), ("in-panic", "a console died while it wrote")])
def test_a_panic_needs_no_lock_and_no_memory_and_is_told_once(arch, kind, says):
    result = boot(arch, commands=f"crash {kind}", timeout=30)
    assert result.status == PANIC, result
    assert len(re.findall(f"loam: PANIC on cpu 0: {says}", result.output)) == 1, result
    # A second one within it ends the machine at once, but not before the first is out.
    assert ("call stack" in result.output) == (kind != "in-panic"), result


@pytest.mark.parametrize("kind", ["double-free", "wild-free", "devmem-wrong-free", "devmem-double-free"])
def test_misuse_is_survived_with_repair(arch, kind):
    result = boot(arch, append="corrupt=repair", commands=f"crash {kind}; verify; cat /proc/slabinfo")
    assert result.status == OK, result
    assert len(re.findall("loam: BUG", result.output)) == 1
    assert "nothing was changed" in result.output
    assert "every invariant holds" in result.output


@pytest.mark.parametrize("kind", ["double-free", "wild-free"])
def test_the_release_profile_refuses_it_too(arch, kind):
    result = boot(arch, profile="release", tests=False, commands=f"crash {kind}; verify")
    assert result.status == OK, result
    assert len(re.findall("loam: BUG", result.output)) == 1


def test_a_quiet_boot_still_shows_the_log_when_it_dies(arch):
    result = boot(arch, append="quiet", commands="crash null")
    assert result.status == PANIC
    assert "the last lines of the log" in result.output and "kmalloc() works" in result.output


def test_a_failed_command_fails_the_run(arch):
    assert boot(arch, commands="nonsense").status == COMMAND_FAILED
    assert boot(arch, commands="nonsense; poweroff").status == COMMAND_FAILED
    assert boot(arch, commands="help; poweroff").status == OK


def test_a_reboot_is_no_success(arch):
    assert boot(arch, commands="reboot").status is None


def test_8_mib_boot_on_both_architectures(arch):
    """fault-B33"""
    for machine in {"x86_64": ("q35", "pc"), "aarch64": ("virt",)}[arch]:
        result = boot(arch, machine=machine, profile="release", tests=False, mem="8M", commands="cat /proc/meminfo; verify")
        assert result.status == OK, result


def test_too_little_memory_is_said_with_the_minimum():
    """fault-B33; QEMU's aarch64 machine cannot be made so small that the kernel starts."""
    result = boot("x86_64", profile="release", tests=False, mem="2560K", commands="verify")
    assert result.status == NO_MEMORY, result
    assert re.search(r"no usable memory: \d+ KiB .*, \d+ KiB are needed", result.output)


def test_mem_below_the_minimum_is_raised_with_a_message(arch):
    result = boot(arch, mem="64M", append="mem=1M", commands="verify")
    assert result.status == OK, result
    assert "mem=1024K is too little" in result.output


@pytest.mark.parametrize(
    "words,message",
    [
        ("ARCH=mips", "ARCH is one of: x86_64 aarch64 hosted"),
        ("PROFILE=fast", "PROFILE is one of: release debug paranoid"),
        ("SLAB=slob", "SLAB is one of: slab"),
        ("MACHINE=vax", "MACHINE is one of: q35 pc microvm"),
        ("ARCH=aarch64 MACHINE=q35", "MACHINE is one of: virt virt-el2"),
        ("BOOT=floppy", "BOOT is one of: pvh"),
        ("MEM=lots", "MEM=lots is not a size"),
        ("SMP=0", "SMP=0 is not a number of CPUs"),
    ],
)
def test_make_refuses_a_wrong_value_with_the_right_ones(words, message):
    result = subprocess.run(["make", "-C", TOP, "run", *words.split()], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert result.returncode != 0
    assert message in result.stdout + result.stderr


def test_make_run_with_cmd_gives_the_commands_verdict():
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    for commands, good in (("cat /proc/meminfo; poweroff", True), ("cat /proc/nothing", False)):
        result = subprocess.run(["make", "-C", TOP, "run", f"CMD={commands}"], capture_output=True, text=True, timeout=120, env=environment, stdin=subprocess.DEVNULL)
        assert (result.returncode == 0) == good, result.stdout[-2000:]
        assert "highmem" in result.stdout or not good
