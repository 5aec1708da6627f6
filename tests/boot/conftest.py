# SPDX-License-Identifier: MIT
"""What the boot tests share: which kernels there are, and how one is booted.

tests/run builds every kernel first; a test names one by (arch, profile, with tests or without).
"""
import os
import re
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tools"))
import qemu  # noqa: E402

ARCHES = ["x86_64", "aarch64"]
EVERY_MACHINE = [(arch, machine) for arch in ARCHES for machine in qemu.MACHINES[arch] if machine not in qemu.BOARDS]


def kernel(arch, profile="debug", tests=True, slab="slab"):
    folder = f"out/{arch}-{slab}-{profile}{'' if tests else '-notests'}"
    return os.path.join(TOP, folder, {"x86_64": "loam.elf", "aarch64": "Image"}[arch])


def boot(arch, append="", profile="debug", tests=True, timeout=90, slab="slab", **more):
    """Boot and return the Result; `commands` are typed for the kernel through run=."""
    commands = more.pop("commands", None)
    if commands:
        append = f'{append} run="{commands}"'.strip()
    machine = qemu.Boot(arch=arch, kernel=kernel(arch, profile, tests, slab), append=append, **more)
    return qemu.boot(machine, timeout=timeout)


def section(output, title):
    """The indented lines under the first line that starts with `title`."""
    lines = output.split("\n")
    start = next((i for i, line in enumerate(lines) if line.startswith(title)), None)
    assert start is not None, f"no '{title}' in:\n{output}"
    found = []
    for line in lines[start + 1 :]:
        if not line.startswith("  "):
            break
        found.append(line)
    return found


def panic_tests(arch):
    """Names of the tests that must panic, as the kernel lists them."""
    listing = boot(arch, commands="selftest -l", append="quiet")
    return re.findall(r"^(\S+)  \(panics", listing.output, re.M)


@pytest.fixture(params=ARCHES)
def arch(request):
    return request.param
