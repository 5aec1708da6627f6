# SPDX-License-Identifier: MIT
"""The kernel's own tests, on every machine; tests that must panic get a boot each."""
import re

import pytest
from conftest import ARCHES, EVERY_MACHINE, boot, panic_tests
from qemu import OK, TEST_FAILED

# Every machine, profiles and high memory combined pairwise with them.
RUNS = [
    (arch, machine, ("debug", "release")[(i + j) % 2], ("", "highmem=32M")[j])
    for i, (arch, machine) in enumerate(EVERY_MACHINE)
    for j in range(2)
]


def check_ktap(result):
    """The plan is kept and every line is ok; a test that is not comes first, with what it said."""
    output = result.output
    plan = re.search(r"^1\.\.(\d+)$", output, re.M)
    assert plan, output[-3000:]
    results = re.findall(r"^(ok|not ok) (\d+) - (\S+)", output, re.M)
    failed = re.findall(r"^not ok .*", output, re.M)
    assert not failed, "\n".join(failed + re.findall(r"^  # .*", output, re.M))
    assert result.status == OK, result
    assert [int(number) for _, number, _ in results] == list(range(1, int(plan.group(1)) + 1))
    assert len(results) > 50


@pytest.mark.parametrize("arch,machine,profile,append", RUNS)
def test_every_self_test_passes(arch, machine, profile, append):
    result = boot(arch, machine=machine, profile=profile, mem="128M", append=f"{append} selftest", timeout=240)
    check_ktap(result)


@pytest.mark.parametrize("profile", ["debug", "release"])
def test_every_self_test_passes_with_slub(arch, profile):
    result = boot(arch, slab="slub", profile=profile, mem="128M", append="selftest", timeout=240)
    check_ktap(result)


@pytest.mark.parametrize("arch", ARCHES)
def test_each_panic_case_panics_with_its_message(arch):
    names = [name for name in panic_tests(arch) if not name.startswith("broken_tests.")]
    assert len(names) > 5
    wrong = {}
    for name in names:
        result = boot(arch, append=f"panictest={name}", mem="64M")
        if result.status != OK or "panic expected" not in result.output:
            wrong[name] = str(result)[-800:]
    assert not wrong


def test_a_filter_that_matches_nothing_fails(arch):
    assert boot(arch, append="selftest=there_is_no_such_test", mem="64M").status == TEST_FAILED


def test_a_panic_case_that_does_not_panic_fails(arch):
    assert boot(arch, append="panictest=broken_tests.never_panics", mem="64M").status == TEST_FAILED
