# SPDX-License-Identifier: MIT
"""A machine at its prompt, typed at over the serial line as a person would."""
import contextlib
import re

import pexpect
from conftest import kernel
from qemu import Boot

PROMPT = "loam> "


@contextlib.contextmanager
def at_prompt(arch, append):
    """A booted machine at its prompt; killed afterwards if the test did not power it off."""
    command = Boot(arch=arch, kernel=kernel(arch), append=append).command("mon:stdio")
    child = pexpect.spawn(command[0], command[1:], timeout=30, encoding="utf-8", echo=False)
    child.arch = arch
    try:
        child.expect(PROMPT)
        yield child
    finally:
        child.close(force=True)


def run(child, line):
    """Type a line; returns what stands between it and the next prompt."""
    child.send(line + "\r")
    child.expect(re.escape(PROMPT))
    return child.before
