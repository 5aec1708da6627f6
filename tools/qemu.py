#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Start Loam on an emulated machine, by hand (`make run`) or from a test.

    tools/qemu.py run --arch x86_64 --kernel out/.../loam.elf [--machine q35] [--cmd "a; b"] ...

One table says what each machine is; one function turns what QEMU exits with back into the kernel's
own status (include/arch/cpu.h, enum halt_status). Status 0 of QEMU is never success: a triple
fault and a plain power-off end with it.
"""
import argparse
import atexit
import contextlib
import glob
import hashlib
import os
import re
import selectors
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

NO_MEMORY, PANIC, TEST_FAILED, COMMAND_FAILED, BAD_BOOT, OK = 2, 3, 4, 5, 6, 16
STATUS_NAMES = {
    NO_MEMORY: "no usable memory",
    PANIC: "panic",
    TEST_FAILED: "a test failed",
    COMMAND_FAILED: "a command failed",
    BAD_BOOT: "unusable boot data",
    OK: "ok",
}

MACHINES = {
    "x86_64": {
        "q35": ["-M", "q35"],
        "pc": ["-M", "pc"],
        "microvm": ["-M", "microvm"],
    },
    "aarch64": {
        "virt": ["-M", "virt"],
        "virt-el2": ["-M", "virt,virtualization=on"],
        "virt-gicv3": ["-M", "virt,gic-version=3"],
        "virt-el3": ["-M", "virt,secure=on,virtualization=on"],
        "raspi3b": ["-M", "raspi3b"],
        "raspi4b": ["-M", "raspi4b"],
    },
}
# Boards are what they are: memory, CPUs, a tree from tests/boot/NAME.dts. Serial ports: 0 is the PL011, 1 the mini-UART.
BOARDS = {"raspi3b": {"mem": "1G", "smp": "4"}, "raspi4b": {"mem": "2G", "smp": "4"}}
BOOTS = {"x86_64": ["pvh", "bios", "uefi"], "aarch64": ["image"]}
IMAGE_PA = 0x40200000  # where virt's own loader would put the Image
ONLY_PVH = ["microvm"]  # machines without a firmware that reads discs
CPUS = {"x86_64": "max,la57=off", "aarch64": "max"}
PROGRAMS = {"x86_64": "qemu-system-x86_64", "aarch64": "qemu-system-aarch64"}
WINDOWS = ["gtk", "sdl", "cocoa"]  # the best first
OUTPUT_LIMIT = 4 << 20

TOOLS = os.path.dirname(os.path.abspath(__file__))
OVMF = "/usr/share/OVMF/OVMF_{}_4M.fd"
GRUB_CONFIGURATION = """\
serial --unit=0 --speed=115200
if [ "$grub_platform" = pc ]; then terminal_output --append serial; fi
insmod all_video
{commands}
multiboot2 /boot/loam.elf {words}
{module}
boot
"""

HUGE_MIB = 64 << 10  # from here on memory is not reserved on the host: nobody has it


class Refused(Exception):
    """A wrong value; the message lists the right ones."""


def one_of(what, value, choices):
    if value not in choices:
        raise Refused(f"{what}={value} is not known; {what} is one of: {' '.join(choices)}")
    return value


def mebibytes(size):
    return int(size[:-1]) * {"K": 1, "M": 1024, "G": 1 << 20, "T": 1 << 30}[size[-1]] // 1024


def node_distance(a, b):
    return 10 if a == b else 11 + 10 * abs(a - b)


@dataclass
class Boot:
    """What to start. Empty machine or boot: the architecture's first."""

    arch: str
    kernel: str
    machine: str = ""
    boot: str = ""
    mem: str = "256M"
    smp: str = "1"
    nodes: str = "1"  # NUMA nodes, of equal memory and CPUs
    cpu: str = ""
    append: str = ""
    initrd: str = ""
    port: int = 1  # of a board: which serial port is seen; its tree names the mini-UART
    dtb: str = ""  # of a board: instead of ours
    icount: bool = False
    display: str = ""  # gtk or sdl opens a window; none: the screen is there, but nobody looks; "": no screen but the machine's
    extra: tuple = ()
    grub: str = ""  # BOOT=bios and uefi: commands for GRUB before it loads the kernel

    def check(self):
        one_of("ARCH", self.arch, list(MACHINES))
        self.machine = one_of("MACHINE", self.machine or next(iter(MACHINES[self.arch])), list(MACHINES[self.arch]))
        boots = ["pvh"] if self.machine in ONLY_PVH else BOOTS[self.arch]
        self.boot = one_of("BOOT", self.boot or boots[0], boots)
        if not re.fullmatch(r"[1-9][0-9]*[KMGT]", self.mem):
            raise Refused(f"MEM={self.mem} is not a size; it is a number with K, M, G or T, such as 256M")
        if not re.fullmatch(r"[1-9][0-9]?", self.smp) or int(self.smp) > 64:
            raise Refused(f"SMP={self.smp} is not a number of CPUs; it is from 1 to 64")
        if self.machine == "virt-el3" and self.initrd:
            raise Refused("virt-el3 has no loader, so nobody loads an initrd")
        return self.fit_board().check_nodes()

    def check_nodes(self):
        if not re.fullmatch(r"[1-9][0-9]?", self.nodes) or int(self.nodes) > 16:
            raise Refused(f"NODES={self.nodes} is not a number of nodes; it is from 1 to 16")
        if int(self.nodes) > 1 and (self.machine in BOARDS or self.machine == "microvm"):
            raise Refused(f"NODES={self.nodes}: {self.machine} has one node and no more")
        if int(self.nodes) > 1 and (not mebibytes(self.mem) or mebibytes(self.mem) % int(self.nodes)):
            raise Refused(f"NODES={self.nodes}: MEM={self.mem} cannot be divided into so many nodes of whole MiB")
        return self

    def numa(self):
        """Equal nodes in a row; two nodes that are k apart are 11 + 10 * k far."""
        nr, line = int(self.nodes), []
        if nr == 1 and mebibytes(self.mem) > HUGE_MIB:
            return ["-machine", "memory-backend=memory", "-object", f"memory-backend-ram,id=memory,size={self.mem},reserve=off"]
        for node in range(nr if nr > 1 else 0):
            cpus = [f"cpus={cpu}" for cpu in range(int(self.smp)) if cpu * nr // int(self.smp) == node]
            line += ["-object", f"memory-backend-ram,id=node{node},size={mebibytes(self.mem) // nr}M,reserve=off"]
            line += ["-numa", ",".join(["node", f"nodeid={node}", f"memdev=node{node}", *cpus])]
        for low in range(nr):
            for high in range(low + 1, nr):
                line += ["-numa", f"dist,src={low},dst={high},val={node_distance(low, high)}"]
        return line

    def usual_cpu(self):
        """A PC's CPU forms addresses of 40 bits unless it is told more."""
        return CPUS[self.arch] + (",phys-bits=46" if self.arch == "x86_64" and mebibytes(self.mem) > HUGE_MIB else "")

    def bare_tree(self):
        """Without a loader nobody puts a command line into QEMU's own tree: it is dumped, and written there."""
        machine = MACHINES[self.arch][self.machine][1]
        handle, target = tempfile.mkstemp(suffix=".dtb")
        os.close(handle)
        atexit.register(os.remove, target)
        line = [PROGRAMS[self.arch], "-M", f"{machine},dumpdtb={target}", "-cpu", self.cpu or CPUS[self.arch]]
        line += ["-m", self.mem, "-smp", self.smp, *self.numa(), "-display", "none"]
        subprocess.run(line, check=True, capture_output=True)
        subprocess.run(["fdtput", "-t", "s", target, "/chosen", "bootargs", self.append], check=True)
        return target

    def bare(self):
        """Every CPU starts at the Image's first byte, in EL3, with nothing in its registers."""
        line = ["-device", f"loader,file={self.kernel},addr={IMAGE_PA:#x},force-raw=on,cpu-num=0"]
        for cpu in range(1, int(self.smp)):
            line += ["-device", f"loader,addr={IMAGE_PA:#x},cpu-num={cpu}"]
        return line

    def screen(self):
        """GRUB and the boards bring a screen along; elsewhere the kernel makes one of its own memory."""
        if not self.display or self.by_grub() or self.machine in BOARDS:
            return []
        if self.machine == "microvm":
            raise Refused("microvm has no screen; MACHINE=q35 and pc have one")
        return [*(["-vga", "none"] if self.arch == "x86_64" else []), "-device", "ramfb"]

    def fit_board(self):
        """A board's memory and CPUs are taken where nothing else was asked for."""
        for what, value in BOARDS.get(self.machine, {}).items():
            if getattr(self, what) not in (value, Boot.__dataclass_fields__[what].default):
                raise Refused(f"{what.upper()}={getattr(self, what)}: {self.machine} has {value} and nothing else")
            setattr(self, what, value)
        return self

    def device_tree(self):
        """The board's tree, compiled unless that was done."""
        source = os.path.join(TOOLS, "..", "tests", "boot", f"{self.machine}.dts")
        target = os.path.join(TOOLS, "..", "out", f"{self.machine}.dtb")
        if not os.path.exists(target) or os.path.getmtime(target) < os.path.getmtime(source):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            part = f"{target}.{os.getpid()}"
            subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", part, source], check=True)
            os.replace(part, target)
        return target

    def by_grub(self):
        return self.boot in ("bios", "uefi")

    def grub_configuration(self):
        """Each word of the command line in GRUB's quotes, which keep everything but their own kind."""
        if "'" in self.append:
            raise Refused("a command line for GRUB cannot hold single quotes")
        try:
            words = " ".join(f"'{word}'" for word in shlex.split(self.append))
        except ValueError:
            raise Refused(f"APPEND={self.append} has a quote without its partner") from None
        module = "module2 /boot/initrd" if self.initrd else ""
        return GRUB_CONFIGURATION.format(commands=self.grub, words=words, module=module)

    def iso_path(self):
        """One image for each command line and initrd, beside the kernel."""
        key = hashlib.sha256((self.grub_configuration() + os.path.abspath(self.initrd or "/")).encode())
        return os.path.join(os.path.dirname(self.kernel), f"loam-{key.hexdigest()[:12]}.iso")

    def make_iso(self):
        """Make the image unless it is newer than all that goes into it. Those of older kernels go."""
        path = self.iso_path()
        parts = [self.kernel, os.path.join(TOOLS, "iso"), __file__, *([self.initrd] if self.initrd else [])]
        newest = max(os.path.getmtime(part) for part in parts)
        for old in glob.glob(os.path.join(os.path.dirname(path), "loam-*.iso")):
            with contextlib.suppress(FileNotFoundError):
                if os.path.getmtime(old) < os.path.getmtime(self.kernel):
                    os.remove(old)
        if os.path.exists(path) and os.path.getmtime(path) >= newest:
            return
        line = [os.path.join(TOOLS, "iso"), *(["--all-modules"] if self.grub else []), path, self.kernel]
        line += [self.initrd] if self.initrd else []
        made = subprocess.run(line, input=self.grub_configuration(), text=True, capture_output=True)
        if made.returncode:
            raise Refused(f"the disc for GRUB cannot be made:\n{made.stderr.strip()}\ntools/setup iso installs what it takes")

    def loading(self, make):
        """What tells QEMU to start the kernel."""
        if self.by_grub():
            line = ["-cdrom", self.iso_path()]
            if self.boot == "uefi":
                # The firmware's variables are written into a snapshot that ends with QEMU.
                line += ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={OVMF.format('CODE')}"]
                line += ["-drive", f"if=pflash,unit=1,format=raw,snapshot=on,file={OVMF.format('VARS')}"]
            return line
        if self.machine == "virt-el3":
            return self.bare() + (["-dtb", self.bare_tree()] if make and self.append else [])
        line = ["-kernel", self.kernel]
        line += ["-append", self.append] if self.append else []
        line += ["-dtb", self.dtb or self.device_tree()] if self.machine in BOARDS else []
        return line + (["-initrd", self.initrd] if self.initrd else [])

    def command(self, serial, make=True):
        """QEMU's command line; `serial` is its -serial argument. Makes the disc that it names, unless told not to."""
        self.check()
        if make and self.by_grub():
            self.make_iso()
        line = [PROGRAMS[self.arch], *MACHINES[self.arch][self.machine]]
        line += [] if self.machine in BOARDS else ["-cpu", self.cpu or self.usual_cpu()]
        line += ["-m", self.mem, "-smp", self.smp, *self.numa(), "-accel", "tcg", "-display", self.display or "none", "-no-reboot"]
        line += ["-serial", "null"] if self.machine in BOARDS and self.port == 1 else []
        line += ["-serial", serial, "-nic", "none", *self.loading(make)]
        if serial == "stdio":
            line += ["-monitor", "none"]
        if self.icount:
            line += ["-icount", "shift=0,sleep=off"]
        if self.arch == "x86_64":
            line += ["-device", "isa-debug-exit,iobase=0xf4,iosize=1"]
        else:
            line += ["-semihosting"]
        return line + self.screen() + list(self.extra)


def kernel_status(arch, status):
    """The kernel's status from QEMU's, or None when the kernel gave none (reset, power-off, killed)."""
    if arch == "x86_64":
        return (status - 1) // 2 if status > 0 and status & 1 else None
    return status if status > 0 else None


@dataclass
class Result:
    status: object  # one of the numbers above, or None
    output: str
    seconds: float
    why: str = ""  # "timeout", "too much output", or ""

    def __str__(self):
        name = STATUS_NAMES.get(self.status, f"status {self.status}")
        return f"{self.why or name} after {self.seconds:.1f} s\n{self.output[-6000:]}"


def boot(machine, timeout=60):
    """Start `machine` (a Boot), collect its serial output until it stops; bounded in time and text."""
    start = time.monotonic()
    # `timeout` ends QEMU also when whoever called this was killed.
    command = ["timeout", "--kill-after=5", str(timeout + 10), *machine.command("stdio")]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    pieces, size, why = [], 0, ""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not why:
            left = timeout - (time.monotonic() - start)
            if left <= 0:
                why = "timeout"
            elif selector.select(left):
                piece = os.read(process.stdout.fileno(), 65536)
                if not piece:
                    break
                pieces.append(piece)
                size += len(piece)
                if size > OUTPUT_LIMIT:
                    why = "too much output"
    if why:
        process.terminate()  # timeout passes it on
    status = process.wait()
    process.stdout.close()
    text = b"".join(pieces).decode("utf-8", "replace").replace("\r\n", "\n")
    return Result(None if why else kernel_status(machine.arch, status), text, time.monotonic() - start, why)


def find_window(arch):
    """The kind of window that this QEMU can open."""
    listing = subprocess.run([PROGRAMS[arch], "-display", "help"], capture_output=True, text=True).stdout.split()
    kinds = [kind for kind in WINDOWS if kind in listing]
    if not kinds:
        raise Refused("GUI=1: this QEMU opens no windows; on Debian and Ubuntu: apt-get install qemu-system-gui")
    if kinds[0] != "cocoa" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise Refused("GUI=1: there is no desktop to open a window on: neither DISPLAY nor WAYLAND_DISPLAY is set")
    return kinds[0]


def run_interactive(machine):
    print(f"Booting {machine.check().machine} with {machine.mem}; leave with `poweroff`, or Ctrl-A then X.")
    sys.stdout.flush()
    status = subprocess.call(machine.command("mon:stdio"))
    status = kernel_status(machine.arch, status)
    if status in (OK, None):
        return 0
    print(f"The machine stopped: {STATUS_NAMES.get(status, status)}.")
    return 1


def run_commands(machine, commands, timeout):
    if '"' in commands:
        raise Refused("CMD cannot hold double quotes")
    machine.append = f'{machine.append} run="{commands}"'.strip()
    result = boot(machine, timeout)
    sys.stdout.write(result.output)
    if result.status == OK:
        return 0
    print(f"The machine stopped: {result.why or STATUS_NAMES.get(result.status, 'without a status')}.")
    return 1


def debug(machine, elf, log):
    """QEMU waits for the debugger, which runs in front; the serial line goes into a file."""
    machine.extra = (*machine.extra, "-S", "-gdb", "tcp:127.0.0.1:1234")
    process = subprocess.Popen(machine.command(f"file:{log}"), stdin=subprocess.DEVNULL)
    print(f"The serial line goes to {log}. `continue` starts the kernel, `loam` lists Loam's own commands.")
    script = os.path.join(os.path.dirname(__file__), "gdb", "loam.py")
    try:
        return subprocess.call(
            ["gdb-multiarch", "-q", elf, "-ex", "target remote 127.0.0.1:1234", "-x", script]
        )
    finally:
        process.kill()
        process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("action", choices=["run", "debug", "show"])
    for name in ("arch", "kernel", "machine", "boot", "mem", "smp", "nodes", "cpu", "append", "initrd"):
        parser.add_argument(f"--{name}", default=Boot.__dataclass_fields__[name].default if name not in ("arch", "kernel") else None, required=name in ("arch", "kernel"))
    parser.add_argument("--cmd", default="", help="run these shell commands, then stop")
    parser.add_argument("--icount", action="store_true", help="one tick an instruction")
    parser.add_argument("--timeout", type=float, default=120, help="seconds, with --cmd")
    parser.add_argument("--gui", action="store_true", help="open a window with the machine's screen")
    parser.add_argument("--elf", default="", help="symbols, for debug")
    arguments = vars(parser.parse_args())
    action, commands, timeout, elf, gui = (arguments.pop(k) for k in ("action", "cmd", "timeout", "elf", "gui"))
    machine = Boot(**arguments)
    try:
        machine.check()
        machine.display = find_window(machine.arch) if gui else ""
        if action == "show":
            print(shlex.join(machine.command("mon:stdio", make=False)))
            return 0
        if action == "debug":
            return debug(machine, elf, os.path.join(os.path.dirname(elf), "serial.log"))
        return run_commands(machine, commands, timeout) if commands else run_interactive(machine)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 2
    except FileNotFoundError as missing:
        print(f"{missing.filename} is not installed; tools/setup installs it", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
