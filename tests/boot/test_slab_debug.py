# SPDX-License-Identifier: MIT
"""The words that watch objects, and the limits that are set at the prompt."""
import re

from conftest import boot
from qemu import OK


def test_with_every_cache_watched_everything_else_works(arch):
    result = boot(arch, append="slab_debug", commands="verify; selftest slab; verify; cat /proc/meminfo")
    assert result.status == OK, result
    assert result.output.count("every invariant holds") == 2
    assert "loam: BUG" not in re.sub(r"(?s)TAP version.*# \d+ passed", "", result.output)


def test_watched_caches_park_nothing_and_others_do(arch):
    result = boot(arch, append="quiet slab_debug=FZ,kmalloc-6*", commands="cat /proc/slabinfo")
    assert result.status == OK, result
    limits = {name: int(limit) for name, limit in re.findall(r"^(\S+) .*: tunables +(\d+)", result.output, re.M)}
    assert limits["kmalloc-64"] == 0
    assert limits["kmalloc-32"] > 0


def test_a_wrong_letter_is_told(arch):
    result = boot(arch, append="slab_debug=FQ", commands="verify")
    assert result.status == OK, result
    assert "Q is none of F (checks), Z (red zones), P (poison), U (users)" in result.output


def test_limits_are_set_at_the_prompt_and_wrong_text_is_answered(arch):
    result = boot(arch, append="quiet", commands="echo kmalloc-64 30 15 2 > /proc/slabinfo; cat /proc/slabinfo; verify; reap")
    assert result.status == OK, result
    assert re.search(r"^kmalloc-64 .*: tunables +30 +15 +2 ", result.output, re.M)
    assert re.search(r"\d+ pages went back", result.output)
    wrong = boot(arch, commands="echo kmalloc-64 30 31 2 > /proc/slabinfo")
    assert "NAME LIMIT BATCHCOUNT SHARED" in wrong.output
