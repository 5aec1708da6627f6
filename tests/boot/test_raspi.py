# SPDX-License-Identifier: MIT
"""The boards: one Image boots the Raspberry Pi 3 and 4 with trees of our own in the shape of the real ones.

QEMU has the Pi 4 from its version 9 on; without it those boots are skipped. It models no caches, so that
what must be written back for the graphics processor is tried, but not proved, here.
"""
import functools
import os
import re
import select
import struct
import subprocess
import time
import tty

import pytest
import qemu
from conftest import TOP, boot, kernel, section
from qemu import BOARDS, OK, Boot
from test_accounts import check_accounts, firmware_map, handover
from test_selftest import check_ktap

ARM_MEMORY = 960 << 20  # what the graphics processor leaves of the first GiB under QEMU
CPU = {"raspi3b": "Cortex-A53", "raspi4b": "Cortex-A72"}


@functools.cache
def machines():
    found = subprocess.run(["qemu-system-aarch64", "-M", "help"], capture_output=True, text=True, timeout=60)
    return set(re.findall(r"^(\S+)", found.stdout, re.M))


@pytest.fixture(params=list(BOARDS))
def board(request):
    if request.param not in machines():
        pytest.skip(f"this QEMU has no {request.param}; version 9 has (tools/setup --backports)")
    return request.param


def run(board, commands, append="quiet", **more):
    result = boot("aarch64", machine=board, append=append, commands=commands, **more)
    assert result.status == OK, result
    return result.output


def test_memory_is_what_the_graphics_processor_leaves(board):
    output = run(board, "memmap; verify")
    assert [(low, high) for low, high, _ in firmware_map(output)] == [(0, ARM_MEMORY)]
    table = check_accounts(output)
    assert table["all"][0] == ARM_MEMORY // 4096
    assert set(handover(output)) == {"DMA", "all"}, "every device reaches the first GiB, and there is no more"
    assert "every invariant holds" in output


def test_fault_b29_the_page_where_other_cpus_wait_is_never_given_away(board):
    assert re.search(r"0x0000000000-0x0000000fff\s+4 KiB\s+reserved\s+memreserve", run(board, "memmap"))


def test_four_cpus_are_listed_and_parked(board):
    output = run(board, "dmesg")
    assert "smp: 4 cpus found, 3 parked by the firmware, 1 running" in output
    assert len(set(re.findall(r"smp:   cpu (\d)", output))) == 4
    assert f"cpu: {CPU[board]}" in output


@pytest.mark.parametrize("append,port,name", [
    ("", 1, "mini-UART"),  # the tree's stdout-path
    ("console=serial1,115200", 1, "mini-UART"),
    ("console=ttyS0", 1, "mini-UART"),
    ("console=ttyAMA0,115200n8", 0, "ttyAMA"),
    ("console=serial0", 0, "ttyAMA"),
    ("console=tty1", 1, "mini-UART"),  # what no port is called leaves the tree's choice
])  # fmt: skip
def test_both_serial_ports_are_consoles(board, append, port, name):
    output = run(board, "verify", append=append, port=port)
    address = {"raspi3b": 0x3F200000, "raspi4b": 0xFE200000}[board] + {"ttyAMA": 0x1000, "mini-UART": 0x15040}[name]
    assert f"console: {name} at {address:#x}, from device tree" in output
    assert ("the firmware's choice is used" in output) == ("tty1" in append)


@pytest.mark.parametrize("profile,append", [("debug", "mem=128M"), ("release", "mem=128M highmem=32M")])
def test_every_self_test_passes_on_a_board(board, profile, append):
    result = boot("aarch64", machine=board, profile=profile, append=f"quiet {append} selftest", timeout=300)
    check_ktap(result)


def test_the_image_runs_where_older_firmware_loads_it(tmp_path):
    """At 0x80000, no multiple of 2 MiB; newer firmware and QEMU take 0x200000."""
    image = bytearray(open(kernel("aarch64"), "rb").read())
    assert struct.unpack_from("<Q", image, 8)[0] == 0
    struct.pack_into("<Q", image, 8, 0x80000)
    moved = tmp_path / "Image"
    moved.write_bytes(image)
    result = qemu.boot(Boot(arch="aarch64", kernel=str(moved), machine="raspi3b", append='quiet run="memmap; verify"'))
    assert result.status == OK, result
    assert re.search(r"0x0000080000-0x[0-9a-f]+\s+\d+ KiB\s+reserved\s+kernel image", result.output)
    assert section(result.output, "What became")


@pytest.fixture(scope="module")
def chainloader():
    made = subprocess.run([os.path.join(TOP, "tools", "pi"), "chain"], capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, made.stdout + made.stderr
    return os.path.join(TOP, "out", "pi-chain", "kernel8.img")


class Waiting:
    """A board that runs the chainloader, its serial line a terminal of the host.

    Its four CPUs take turns: three of them only wait, and would keep QEMU from fetching bytes.
    """

    def __init__(self, image, port, append=""):
        machine = Boot(arch="aarch64", kernel=image, machine="raspi3b", port=port, append=append)
        line = [{"tcg": "tcg,thread=single"}.get(word, word) for word in machine.command("pty")]
        line = ["timeout", "200", *line, "-monitor", "none"]
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.path = ""
        while not self.path:
            said = self.process.stdout.readline()
            assert said, "QEMU ended"
            found = re.search(r"/dev/pts/\d+", said)
            self.path = found.group(0) if found else ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def hear(file, words, seconds=60):
    heard, end = b"", time.monotonic() + seconds
    while words not in heard:
        assert time.monotonic() < end, f"{words} not in {heard}"
        if select.select([file], [], [], 1)[0]:
            heard += os.read(file, 4096)


@pytest.mark.parametrize("port", [0, 1])
def test_the_chainloader_starts_what_it_was_sent(chainloader, port):
    """It is sent itself, the smallest kernel that there is: the second one must say that it is ready, and be sent again."""
    with Waiting(chainloader, port) as board:
        for _ in range(2):
            sent = subprocess.run([os.path.join(TOP, "tools", "pi-send"), "--no-terminal", "--wait", "60", board.path, chainloader], capture_output=True, text=True, timeout=110, stdin=subprocess.DEVNULL)
            assert sent.returncode == 0, sent.stdout + sent.stderr
            assert "sent, started" in sent.stdout


@pytest.mark.skipif("LOAM_LONG" not in os.environ, reason="up to two minutes on a busy host: LOAM_LONG=1 runs it")
def test_a_kernel_boots_through_the_chainloader(chainloader):
    image = kernel("aarch64", profile="release", tests=False)
    with Waiting(chainloader, 0, append='quiet console=serial0 run="verify; board; memmap"') as board:
        sent = subprocess.run([os.path.join(TOP, "tools", "pi-send"), "--wait", "60", board.path, image], capture_output=True, text=True, timeout=190, stdin=subprocess.DEVNULL)
        assert sent.returncode == 0, sent.stdout + sent.stderr
        assert "Raspberry Pi 3B" in sent.stdout  # the last line is lost with the terminal; the status is not
        assert board.process.wait(timeout=10) == OK


def test_the_chainloader_refuses_a_wrong_checksum_and_waits_on(chainloader):
    with Waiting(chainloader, 0) as board:
        file = os.open(board.path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(file)
        hear(file, b"loam-chain: ready")
        os.write(file, b"LOAMLOAMCHN1" + struct.pack("<II", 100, 12345))
        hear(file, b"loam-chain: send")
        os.write(file, bytes(100))
        hear(file, b"the checksum is wrong")
        hear(file, b"loam-chain: ready")
        os.write(file, b"LOAMCHN1" + struct.pack("<II", 1 << 30, 0))
        hear(file, b"refused")
        os.close(file)


def test_the_firmware_tells_board_memory_and_clocks(board):
    output = run(board, "board", append="")
    name, revision, fitted = {"raspi3b": ("3B", "a02082", 1024), "raspi4b": ("4B", "b03115", 2048)}[board]
    assert f"board: Raspberry Pi {name}, revision {revision}, {fitted} MiB fitted" in output
    assert "board: 960 MiB for the ARM, 64 MiB at 0x3c000000 for graphics" in output
    assert re.search(r"^temperature  \d+\.\d C$", output, re.M)
    assert "console: screen of 127 columns" in output


def test_the_watchdog_restarts_and_halts_where_no_debugger_listens(board):
    """Without semihosting QEMU ends by the watchdog's reset or halt alone; without it this would hang."""
    for command in ("reboot", "poweroff"):
        machine = Boot(arch="aarch64", kernel=kernel("aarch64"), machine=board, append=f'quiet run="{command}"')
        line = [word for word in machine.command("stdio") if word != "-semihosting"]
        assert subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, timeout=60).returncode == 0
