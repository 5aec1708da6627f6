# SPDX-License-Identifier: MIT
"""What is on the screen, read off its picture by the letters' own pictures in drivers/console/font.c."""
import json
import os
import re
import shutil
import socket
import subprocess
import time

import pytest
from conftest import TOP, kernel
from qemu import OK, Boot

PROMPT = b"loam> "
WIDTH, HEIGHT, ABOVE = 8, 16, 2  # of a letter's cell; empty lines above its picture
PAPER, TEXT, WARNING, ERROR = (0x16, 0x18, 0x1D), (0xD0, 0xD0, 0xC8), (0xF0, 0xC8, 0x50), (0xFF, 0x6E, 0x5E)


def read_font():
    """Each letter by its dots, HEIGHT lines of WIDTH."""
    with open(os.path.join(TOP, "drivers", "console", "font.c"), encoding="utf-8") as source:
        lines = [line.split() for line in re.findall(r'^\t"([.# ]+)",$', source.read(), re.M)]
    assert len(lines) == 12 * 13
    font = {}
    for code in range(0x20, 0x80):
        band, place = divmod(code - 0x20, 8)
        picture = ["." * WIDTH] * ABOVE + [line[place] for line in lines[band * 13 : band * 13 + 13]]
        picture += ["." * WIDTH] * (HEIGHT - len(picture))
        font["".join(picture)] = chr(code)
    assert len(font) == 96
    return font


FONT = read_font()


class Picture:
    """A PPM file as QEMU writes it."""

    def __init__(self, path):
        with open(path, "rb") as file:
            magic, size, depth, self.pixels = file.read().split(b"\n", 3)
        assert magic == b"P6" and depth == b"255"
        self.width, self.height = map(int, size.split())
        assert len(self.pixels) == 3 * self.width * self.height
        self.columns = self.width // WIDTH - (self.width // WIDTH > 80)
        self.rows = self.height // HEIGHT - (self.height // HEIGHT > 30)
        self.left = (self.width - self.columns * WIDTH) // 2
        self.top = (self.height - self.rows * HEIGHT) // 2

    def pixel(self, x, y):
        at = 3 * (y * self.width + x)
        return tuple(self.pixels[at : at + 3])

    def cell(self, column, row):
        """A letter and its colour; the cursor is exchanged colours."""
        x, y = self.left + column * WIDTH, self.top + row * HEIGHT
        dots = [self.pixel(x + i, y + j) for j in range(HEIGHT) for i in range(WIDTH)]
        colours = set(dots) - {PAPER}
        assert len(colours) <= 1, f"{len(colours)} colours in column {column}, row {row}"
        ink = colours.pop() if colours else TEXT
        shape = "".join(".#"[dot == ink] for dot in dots)
        if shape in FONT:
            return FONT[shape], ink
        shape = shape.translate(str.maketrans(".#", "#."))
        assert shape in FONT, f"no letter in column {column}, row {row}"
        return FONT[shape], "cursor"

    def read(self):
        """Rows of text without blanks at their ends, and {(row, column): colour} of what is not plain text."""
        rows, colours = [], {}
        for row in range(self.rows):
            cells = [self.cell(column, row) for column in range(self.columns)]
            rows.append("".join(letter for letter, _ in cells).rstrip())
            colours.update({(row, column): colour for column, (_, colour) in enumerate(cells) if colour != TEXT})
        return rows, colours


class Machine:
    """A machine at work: its serial line is read here, its screen and its keys are reached through QMP."""

    def __init__(self, command, folder):
        address = os.path.join(folder, "qmp")
        self.serial = b""
        self.picture = os.path.join(folder, "screen.ppm")
        self.process = subprocess.Popen(
            [*command, "-qmp", f"unix:{address},server=on,wait=off"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        os.set_blocking(self.process.stdout.fileno(), False)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.connect(address)

    def connect(self, address):
        for _ in range(100):
            try:
                self.socket.connect(address)
                break
            except OSError:
                time.sleep(0.1)
        self.lines = self.socket.makefile("rw")
        self.lines.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.lines.flush()
        while True:
            answer = json.loads(self.lines.readline())
            assert "error" not in answer, answer
            if "return" in answer:
                return answer["return"]

    def wait_for(self, text, seconds=60, quiet=0.5):
        """Until the serial line ends with `text` and has been quiet since; the screen, which is written to second, shows it then."""
        limit = time.monotonic() + seconds
        last = time.monotonic()
        while not self.serial.endswith(text) or time.monotonic() - last < quiet:
            assert time.monotonic() < limit, self.serial[-2000:].decode("utf-8", "replace")
            piece = self.process.stdout.read()
            if piece:
                self.serial += piece
                last = time.monotonic()
            time.sleep(0.05)

    def send(self, keys):
        """Over the serial line, in pieces that its buffer holds."""
        for at in range(0, len(keys), 8):
            self.process.stdin.write(keys[at : at + 8])
            self.process.stdin.flush()
            time.sleep(0.05)

    def type(self, *keys):
        for key in keys:
            self.ask("send-key", keys=[{"type": "qcode", "data": name} for name in key.split("+")], **{"hold-time": 20})
            time.sleep(0.1)

    def screen(self):
        self.ask("screendump", filename=self.picture)
        return Picture(self.picture)

    def text(self):
        return self.serial.decode("utf-8", "replace").replace("\r", "")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.lines.close()
        self.socket.close()


MACHINES = [("x86_64", "q35", "pvh"), ("x86_64", "pc", "pvh"), ("aarch64", "virt", "image"), ("x86_64", "q35", "bios"), ("x86_64", "pc", "uefi"), ("aarch64", "raspi3b", "image")]


def on(machines):
    return pytest.mark.parametrize("arch,machine,way", machines, ids=["-".join(machine) for machine in machines])


@pytest.fixture
def start(tmp_path):
    started = []

    def start_one(arch, machine, way, append="", drop=()):
        wanted = Boot(arch=arch, kernel=kernel(arch), machine=machine, boot=way, append=append, display="none")
        if wanted.check().by_grub():
            if not shutil.which("grub-mkrescue"):
                pytest.skip("grub-mkrescue is not installed")
            wanted.make_iso()
        line = wanted.command("stdio")
        if drop:
            at = next(i for i in range(len(line)) if line[i : i + len(drop)] == drop)
            line[at : at + len(drop)] = []
        started.append(Machine(line, str(tmp_path)))
        return started[-1]

    yield start_one
    for machine in started:
        machine.close()


@on(MACHINES)
def test_the_screen_shows_the_log_and_the_prompt(start, arch, machine, way):
    computer = start(arch, machine, way)
    computer.wait_for(PROMPT)
    rows, colours = computer.screen().read()
    log = computer.text()
    log = log[log.index("Loam, ") :].split("\n")
    end = rows.index("loam>")
    assert [line.rstrip() for line in log] == rows[end + 1 - len(log) : end + 1]
    assert not any(rows[end + 1 :])
    assert colours == {(end, len("loam> ")): "cursor"}


@on(MACHINES[:1] + MACHINES[2:4])
def test_a_full_screen_moves_up_and_shows_the_last_lines(start, arch, machine, way):
    computer = start(arch, machine, way)
    computer.wait_for(PROMPT)
    computer.send(b"cat /proc/zoneinfo; slab; memmap; dmesg; ls\r")
    computer.wait_for(PROMPT)
    rows, _ = computer.screen().read()
    expected = [line.rstrip() for line in computer.text().split("\n")]
    assert len(expected) > 2 * len(rows)
    assert rows == expected[-len(rows) :]


def test_warnings_are_yellow_also_those_of_before_the_screen(start):
    computer = start("x86_64", "q35", "pvh", append="loglevel=x")
    computer.wait_for(PROMPT)
    rows, colours = computer.screen().read()
    row = next(i for i, line in enumerate(rows) if line.startswith("loglevel=x:"))
    inked = {colour for (y, column), colour in colours.items() if y == row and rows[y][column] != " "}
    assert inked == {WARNING}
    assert sorted({y for y, _ in colours}) == [row, rows.index("loam>")]


def test_a_panic_is_on_the_screen_and_red(start):
    computer = start("x86_64", "q35", "pvh", append='run="crash null"', drop=["-device", "isa-debug-exit,iobase=0xf4,iosize=1"])
    computer.wait_for(b"\n", quiet=2)
    assert b"loam: PANIC on cpu 0" in computer.serial
    rows, colours = computer.screen().read()
    row = next(i for i, line in enumerate(rows) if line.startswith("loam: PANIC on cpu 0"))
    assert "registers:" in rows and "call stack, innermost first:" in rows
    assert colours[row, 0] == ERROR


def test_console_none_leaves_the_screen_alone(start):
    computer = start("x86_64", "q35", "pvh", append='console=none run="sleep 15000"')
    time.sleep(4)
    assert computer.ask("query-status")["running"]
    assert b"Loam" not in computer.serial
    assert bytes(PAPER) * 100 not in computer.screen().pixels


@on(MACHINES[:2] + MACHINES[3:4])
def test_the_keyboard_types_at_the_prompt(start, arch, machine, way):
    computer = start(arch, machine, way)
    computer.wait_for(PROMPT)
    computer.type(*"echo", "spc", "shift+h", *"elx", "left", "l", "right", "backspace", "o", "ret")
    computer.wait_for(b"\nHello\r\n" + PROMPT)
    rows, _ = computer.screen().read()
    assert rows[rows.index("Hello") - 1 :][:3] == ["loam> echo Hello", "Hello", "loam>"]
    computer.type("up", "home", "delete", "ctrl+k", *"poweroff", "ret")
    assert computer.process.wait(20) == 2 * OK + 1
