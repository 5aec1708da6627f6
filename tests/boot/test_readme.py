# SPDX-License-Identifier: MIT
"""The boot that README.md shows is what a boot prints today, figures aside."""
import os
import re

from conftest import TOP, boot
from qemu import OK


def shape(line):
    """Numbers differ from build to build."""
    return re.sub(r"\s+", " ", re.sub(r"0x[0-9a-f]+|\d+", "N", line)).strip()


def test_the_readmes_boot_is_real():
    with open(os.path.join(TOP, "README.md")) as file:
        shown = re.search(r"<!-- make run CMD=\"([^\"]*)\" -->\n+```text\n(.*?)```", file.read(), re.S)
    assert shown, "README.md has no boot to compare with"
    result = boot("x86_64", append="highmem=64M", commands=shown.group(1))
    assert result.status == OK
    printed, shown_lines = ([shape(line) for line in text.splitlines() if line.strip()] for text in (result.output, shown.group(2)))
    assert shown_lines == printed, "put what `make run` prints today into README.md"
