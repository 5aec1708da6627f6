# SPDX-License-Identifier: MIT
"""Boots whose firmware is written by a test: scripts for the liar, trees for virt, and what came out.

A Case is a machine, the bytes that lie in its memory and what the kernel must make of them. run() boots
it and returns sentences about what went wrong: none is the only success.
"""
import os
import re
import selectors
import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass, field

import qemu

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(TOP, "out", "liar")
LIAR_GROUND = 0xB000000  # the liar and, above it, its script; 192 MiB of memory end at 0xc000000
PC_MEMORY = "192M"
VIRT_MEMORY = "192M"
COMMANDS = 'quiet run="exhaust; verify"'
GOOD_ENDS = (qemu.OK, qemu.NO_MEMORY, qemu.BAD_BOOT)
PVH_MAGIC = 0x336EC578
MULTIBOOT2_MAGIC = 0x36D76289


@dataclass
class Case:
    name: str
    arch: str
    place: dict = field(default_factory=dict)  # address: bytes that the liar or the loader device puts there
    eax: int = 0
    ebx: int = 0  # x86_64: the start info or the multiboot2 block; aarch64: x0
    image: int = 0x40200000  # aarch64: where the Image lies
    decision: object = None  # a model.Decision, or None where only the end is judged
    ends: tuple = GOOD_ENDS
    says: str = ""  # a pattern that the output must hold
    mem: str = ""
    extra: tuple = ()  # more of QEMU's arguments


@dataclass
class Outcome:
    status: object  # the kernel's, or None
    prompt: bool  # it reached the prompt and was stopped there
    output: str
    seconds: float


def build():
    """The loaders, anew when their source is younger."""
    os.makedirs(OUT, exist_ok=True)
    here = os.path.join(TOP, "tests", "boot", "liar")
    flags = "-m32 -march=i686 -O2 -Wall -Wextra -Werror -ffreestanding -fno-pic -no-pie -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -mgeneral-regs-only"
    link = f"-nostdlib -static -Wl,-m,elf_i386,-Ttext-segment={LIAR_GROUND:#x},--build-id=none,-z,noexecstack"
    for source, target, commands in (
        ("liar.c", "liar.elf", [f"x86_64-linux-gnu-gcc {flags} {link} -o NEW SOURCE"]),
        ("liar_aarch64.S", "liar_aarch64.bin", ["aarch64-linux-gnu-gcc -c -o NEW.o SOURCE", "aarch64-linux-gnu-objcopy -O binary NEW.o NEW"]),
    ):
        source, target = os.path.join(here, source), os.path.join(OUT, target)
        if os.path.exists(target) and os.path.getmtime(target) > os.path.getmtime(source):
            continue
        new = f"{target}.{os.getpid()}"
        for command in commands:
            subprocess.run(command.replace("NEW", new).replace("SOURCE", source).split(), check=True)
        os.replace(new, target)


# --- x86_64: the kernel's segments and the liar's script --------------------------------------


class Kernel:
    """The loaded part of an ELF file: {address: bytes}, bytes to be zeroed behind, entry."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            elf = file.read()
        self.entry, headers = struct.unpack_from("<QQ", elf, 24)
        entry_size, count = struct.unpack_from("<HH", elf, 54)
        self.segments = []  # (address, bytes, zeroes)
        for i in range(count):
            kind, _, offset, _, pa, in_file, in_memory, _ = struct.unpack_from("<IIQQQQQQ", elf, headers + i * entry_size)
            if kind == 1 and in_memory:
                self.segments.append((pa, elf[offset : offset + in_file], in_memory - in_file))
        self.start = min(pa for pa, _, _ in self.segments)
        self.end = -(-max(pa + len(data) + zeroes for pa, data, zeroes in self.segments) // 4096) * 4096


def script(kernel, case):
    steps = kernel.segments + [(pa, data, 0) for pa, data in case.place.items()]
    offset = 24 + 16 * len(steps)
    header = struct.pack("<6I", 0x5241494C, len(steps), kernel.entry, case.eax, case.ebx, 0)
    table, payload = b"", b""
    for to, data, zeroes in steps:
        assert to + len(data) + zeroes <= LIAR_GROUND, "the liar would write over itself"
        table += struct.pack("<4I", to, offset + len(payload), len(data), zeroes)
        payload += data
    return header + table + payload


# --- booting ----------------------------------------------------------------------------------


def command(case, kernel_path, kernel, folder):
    machine = qemu.Boot(arch=case.arch, kernel=kernel_path, mem=case.mem or (PC_MEMORY if case.arch == "x86_64" else VIRT_MEMORY))
    if case.arch == "x86_64":
        machine.kernel = os.path.join(OUT, "liar.elf")
        machine.initrd = os.path.join(folder, "script")
        with open(machine.initrd, "wb") as file:
            file.write(script(kernel, case))
        machine.extra = case.extra
        return machine.command("stdio")
    extra = []
    with open(os.path.join(OUT, "liar_aarch64.bin"), "rb") as file:
        stub = file.read()[:-16] + struct.pack("<QQ", case.ebx, case.image)
    with open(kernel_path, "rb") as file:
        image = file.read()
    for number, (address, data) in enumerate({0x4B000000: stub, case.image: image, **case.place}.items()):
        path = os.path.join(folder, str(number))
        with open(path, "wb") as file:
            file.write(data)
        extra += ["-device", f"loader,file={path},addr={address:#x},force-raw=on" + (",cpu-num=0" if number == 0 else "")]
    line = machine.command("stdio")
    at = line.index("-kernel")
    return line[:at] + line[at + 2 :] + extra + list(case.extra)


def watch(line, arch, timeout):
    """Collect the serial line's text until QEMU ends, the prompt is there, or time is up."""
    start, text, prompt = time.monotonic(), b"", False
    process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        ended = False
        while not ended and not prompt and len(text) < 1 << 22:
            left = timeout - (time.monotonic() - start)
            if left <= 0 or not selector.select(left):
                break
            piece = os.read(process.stdout.fileno(), 65536)
            text += piece
            ended, prompt = not piece, text.endswith(b"loam> ")
    if not ended:
        process.kill()
        process.wait()
        return Outcome(None, prompt, text.decode("utf-8", "replace"), time.monotonic() - start)
    status = qemu.kernel_status(arch, process.wait())
    process.stdout.close()
    return Outcome(status, False, text.decode("utf-8", "replace").replace("\r\n", "\n"), time.monotonic() - start)


def boot(case, kernel_path, timeout=60):
    build()
    kernel = Kernel(kernel_path) if case.arch == "x86_64" else None
    with tempfile.TemporaryDirectory(prefix="loam-liar-") as folder:
        return watch(command(case, kernel_path, kernel, folder), case.arch, timeout)


def runs(output):
    """{sort: [(first frame, end)]} as `exhaust` lists them."""
    found = {"handed": [], "kept": [], "reserved": []}
    for low, high, sort in re.findall(r"^exhaust: 0x([0-9a-f]+)-0x([0-9a-f]+) (\w+)", output, re.M):
        found[sort].append((int(low, 16), int(high, 16) + 1))
    return found


def judge(case, outcome):
    problems = []
    if outcome.prompt:
        return [] if qemu.OK in case.ends and not case.decision else ["it stopped at the prompt: the command line was lost"]
    if outcome.status not in case.ends:
        wanted = " or ".join(qemu.STATUS_NAMES[end] for end in case.ends)
        problems.append(f"it ended with {qemu.STATUS_NAMES.get(outcome.status, outcome.status)} instead of {wanted}")
    if outcome.status == qemu.COMMAND_FAILED and not re.search(r"no such command|^usage: ", outcome.output, re.M):
        problems.append("a command failed, and not because its name or words were spoilt")
    if outcome.status in (qemu.NO_MEMORY, qemu.BAD_BOOT) and case.arch == "x86_64" and not outcome.output.strip():
        problems.append("it stopped without a word")
    if case.says and not re.search(case.says, outcome.output):
        problems.append(f"it did not say {case.says!r}")
    if outcome.status == qemu.OK and case.decision:
        if "every invariant holds" not in outcome.output or not re.search(r"exhaust: (\d+) pages of \1 were handed out, \1 are free", outcome.output):
            problems.append("the commands did not run to their end")
        else:
            problems += case.decision.problems(**runs(outcome.output))
    return problems


def run(case, kernel_path, timeout=60):
    """(sentences about what went wrong, Outcome)"""
    outcome = boot(case, kernel_path, timeout)
    return judge(case, outcome), outcome
