# SPDX-License-Identifier: MIT
"""What the kernel said before a warm reset is printed by the boot after it, and nothing else is."""
import json
import os
import selectors
import socket
import subprocess
import time

import pytest
from conftest import kernel
from qemu import Boot

TITLE = "last words of the previous boot:"


class Machine:
    """QEMU that comes back after a reset; its serial line, and QMP."""

    def __init__(self, arch, folder, commands):
        line = Boot(arch=arch, kernel=kernel(arch), append=f'quiet run="{commands}"').command("stdio")
        line = [word for word in line if word not in ("-no-reboot", "-semihosting", "isa-debug-exit,iobase=0xf4,iosize=1")]
        # Without the debug exit a -device is left over.
        line = [word for i, word in enumerate(line) if not (word == "-device" and (i + 1 == len(line) or line[i + 1].startswith("-")))]
        path = os.path.join(folder, "qmp")
        self.process = subprocess.Popen([*line, "-no-shutdown", "-qmp", f"unix:{path},server=on,wait=off"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.text, self.path, self.qmp = "", path, None

    def expect(self, words, count=1, timeout=40):
        """Read until `words` were said that often; everything that was said."""
        end = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while self.text.count(words) < count:
                left = end - time.monotonic()
                assert left > 0 and selector.select(left), f"no {words!r} in:\n{self.text[-4000:]}"
                piece = os.read(self.process.stdout.fileno(), 65536)
                assert piece, f"QEMU ended:\n{self.text[-4000:]}"
                self.text += piece.decode("utf-8", "replace").replace("\r\n", "\n")
        return self.text

    def command(self, name, **arguments):
        if not self.qmp:
            self.qmp = socket.socket(socket.AF_UNIX)
            self.qmp.connect(self.path)
            self.file = self.qmp.makefile("rw")
            self.file.readline()
            self.command("qmp_capabilities")
        self.file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.file.flush()
        while "event" in (answer := json.loads(self.file.readline())):
            pass
        assert "return" in answer, answer

    def reset(self):
        self.command("system_reset")
        self.command("cont")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        if self.qmp:
            self.file.close()
            self.qmp.close()


@pytest.fixture
def start(arch, tmp_path):
    machines = []

    def make(commands):
        machines.append(Machine(arch, str(tmp_path), commands))
        return machines[-1]

    yield make
    for machine in machines:
        machine.close()


def test_a_panic_is_told_by_the_next_boot(start):
    machine = start("crash null")
    first = machine.expect("kmain+0x")
    assert TITLE not in first, "memory of a cold boot says nothing"
    time.sleep(0.3)
    machine.reset()
    text = machine.expect(TITLE)
    text = machine.expect("  | loam: PANIC")
    assert "  | " in text and "null pointer" in text.split(TITLE)[1]


def test_a_reboot_leaves_its_log(start):
    machine = start("reboot")
    text = machine.expect(TITLE)
    machine.expect("  | command line: quiet run=\"reboot\"")
    assert text.count(TITLE) >= 1
    # The third boot tells what the second said, not what the first did.
    text = machine.expect(TITLE, count=2)
    assert "  |   | " not in text


def test_damaged_memory_says_nothing(start):
    """The command damages one byte of the ring before the machine resets."""
    machine = start("damage; crash null")
    machine.expect("kmain+0x")
    time.sleep(0.3)
    machine.reset()
    text = machine.expect("kmain+0x", count=2)
    assert TITLE not in text
