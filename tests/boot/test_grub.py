# SPDX-License-Identifier: MIT
"""The same kernel by GRUB and multiboot2, on BIOS and UEFI. GRUB itself is asked for its maps and is the second witness."""
import os
import re
import subprocess

import pexpect
import pytest
from conftest import TOP, boot, kernel
from model import PAGE, present_pages, usable_ranges
from qemu import BAD_BOOT, OK, Boot, Refused, kernel_status
from qemu import boot as start
from test_accounts import RANGE, check_accounts, firmware_map
from test_selftest import check_ktap

LOADERS = [("q35", "bios"), ("pc", "bios"), ("q35", "uefi")]
SIZES = [("q35", "bios", "64M"), ("pc", "bios", "5G"), ("q35", "uefi", "256M"), ("pc", "uefi", "5G")]
EFI_FREE = ("conv-mem", "ldr-code", "ldr-data", "BS-code", "BS-data")
E820_TYPES = {"available": "usable", "ACPI reclaimable": "ACPI tables", "ACPI NVS": "ACPI NVS", "reserved": "reserved"}


def grubs_map(output):
    """What `lsmmap` printed."""
    for start_at, size, kind in re.findall(r"base_addr = 0x([0-9a-f]+), length = 0x([0-9a-f]+), (.*?) RAM", output):
        yield int(start_at, 16), int(start_at, 16) + int(size, 16), E820_TYPES.get(kind, kind)


def grubs_efi_map(output):
    """What `lsefimmap` printed: (start, end, is it free for a kernel?)."""
    row = r"([\w-]+) +([0-9a-f]{16})-([0-9a-f]{16}) [0-9a-f]{8} +\d+[KMG]iB (.*)"
    for kind, low, high, attributes in re.findall(row, output):
        free = kind in EFI_FREE and "WB" in attributes and "RT" not in attributes.split()
        yield int(low, 16), int(high, 16) + 1, free


def both_usable(e820, efi):
    """Pages that the first map calls usable and the second free; painted page by page."""
    free, taken = set(), set()
    for low, high, is_free in efi:
        (free if is_free else taken).update(range(low // PAGE, min(high // PAGE, 1 << 22)))
    usable = set()
    for low, high in usable_ranges(e820):
        usable.update(range(-(-low // PAGE), high // PAGE))
    return len(usable & free - taken)


@pytest.mark.parametrize("machine,loader,mem", SIZES)
def test_boot_data_and_accounts(machine, loader, mem, tmp_path):
    initrd = tmp_path / "initrd"
    initrd.write_bytes(bytes(300001))
    words = 'highmem=16M note="two words"'
    ask = "lsefimmap" if loader == "uefi" else "lsmmap"
    result = boot("x86_64", machine=machine, boot=loader, mem=mem, append=words, initrd=str(initrd), smp="2", grub=ask, commands="memmap; verify")
    output = result.output
    assert result.status == OK, result
    assert "booted through multiboot2 by GRUB" in output
    assert 'command line: highmem=16M "note=two words" "run=memmap; verify"' in output
    assert "framebuffer: 1024x768, 32 bits a pixel" in output
    assert "made by highmem=" in output, "a word of the command line was obeyed"
    assert "2 cpus found" in output, "the ACPI tables were read"
    assert "every invariant holds" in output

    # Of GRUB's two listings of its maps one is there, and the kernel saw the same.
    check_accounts(output.replace("\r", ""))
    firmware = firmware_map(output)
    present = present_pages(firmware)
    if loader == "bios":
        assert list(grubs_map(output)) == firmware
    else:
        e820 = [(low, high, kind.rstrip()) for low, high, kind in e820_entries(output)]
        efi = list(grubs_efi_map(output))
        assert len(efi) > 50 and "EFI type" in output
        assert both_usable(e820, efi) == present

    # The module lies in usable memory, where GRUB put it on whole pages, and stays there.
    low, high = map(lambda text: int(text, 16), re.search(r"0x([0-9a-f]+)-0x([0-9a-f]+) +\d+ KiB +reserved +initrd", output).groups())
    assert high + 1 - low == 300001 and low % PAGE == 0
    assert re.search(r"reserved +multiboot2 information", output)


def e820_entries(output):
    for line in output.split("\n"):
        match = RANGE.match(line)
        if match and "(e820 type" in line:
            yield int(match.group(1), 16), int(match.group(2), 16) + 1, re.sub(r"\s*\(.*", "", match.group(3))


@pytest.mark.parametrize(
    "command,hole",
    [
        ("cutmem 0x4000000 0x6000000", (0x4000000, 0x6000000)),  # cut as if it were broken
        ("badram 0x5001000,0xfffff000", (0x5001000, 0x5002000)),  # an address and which of its bits count, as memtest86 writes them
    ],
)
def test_holes_that_grub_punches_are_never_handed_out(command, hole):
    """fault-B5 through a real loader: GRUB's map is the only witness of the hole."""
    result = boot("x86_64", boot="bios", mem="256M", grub=command, commands="memmap; exhaust; verify")
    assert result.status == OK, result
    output = result.output.replace("\r", "")
    low, high = hole[0] // PAGE, hole[1] // PAGE
    assert not any(start < hole[1] and hole[0] < end and kind == "usable" for start, end, kind in firmware_map(output)), result
    runs = [(int(start, 16), int(end, 16)) for start, end in re.findall(r"exhaust: 0x([0-9a-f]+)-0x([0-9a-f]+) \w+", output)]
    assert len(runs) > 3 and not any(start < high and low <= end for start, end in runs), result
    assert any(end == low - 1 for _, end in runs) and any(start == high for start, _ in runs), "the hole is no larger than it must be"
    check_accounts(output)


@pytest.mark.parametrize("machine,loader,mem,smp,nodes", [("q35", "bios", "16G", "4", "4"), ("q35", "uefi", "16G", "4", "4"), ("pc", "uefi", "64M", "4", "1")])
def test_cpus_nodes_and_memory_sizes(machine, loader, mem, smp, nodes):
    result = boot("x86_64", machine=machine, boot=loader, mem=mem, smp=smp, nodes=nodes, append="quiet", commands="memmap; lscpu; verify")
    assert result.status == OK, result
    check_accounts(result.output.replace("\r", ""))
    assert "every invariant holds" in result.output
    assert len(re.findall(r"^ +\d+ +\d+ +[0-9a-f]+ (?:running|parked)", result.output, re.M)) == int(smp)
    assert re.search(rf"NUMA node\(s\): +{nodes}\b", result.output)


@pytest.mark.parametrize("machine,loader", LOADERS)
def test_every_self_test_passes(machine, loader):
    result = boot("x86_64", machine=machine, boot=loader, profile="release", mem="128M", append="quiet selftest", timeout=240)
    check_ktap(result)


@pytest.mark.parametrize("loader", ["bios", "uefi"])
def test_microvm_has_no_firmware_that_reads_discs(loader):
    with pytest.raises(Refused, match="BOOT is one of: pvh$"):
        Boot(arch="x86_64", kernel="", machine="microvm", boot=loader).check()


def test_a_loader_that_leaves_neither_magic_is_refused(tmp_path):
    """fault-B18: the entry code of a copy looks for another magic number than the one that PVH loaders leave."""
    with open(kernel("x86_64"), "rb") as file:
        image = file.read()
    compare = bytes.fromhex("813b78c56e33")  # cmpl $0x336ec578, (%ebx)
    assert image.count(compare) == 1
    broken = tmp_path / "loam.elf"
    broken.write_bytes(image.replace(compare, compare[:2] + b"nope"))
    result = start(Boot(arch="x86_64", kernel=str(broken)), timeout=30)
    assert result.status == BAD_BOOT, result
    assert "speaks neither PVH nor multiboot2" in result.output


def test_the_image_leaves_no_gap_for_a_loaders_data():
    """GRUB puts its own data into what no segment claims, even between two of them."""
    listing = subprocess.run(["x86_64-linux-gnu-readelf", "-lW", kernel("x86_64")], capture_output=True, text=True, check=True).stdout
    loads = [[int(word, 16) for word in line.split()[3:6]] for line in listing.splitlines() if line.split()[:1] == ["LOAD"]]
    ends = [address + size for address, _, size in loads]
    assert ends[:-1] == [address for address, _, _ in loads[1:]]


def test_make_iso_writes_a_stick_with_a_menu():
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    made = subprocess.run(["make", "-C", TOP, "iso"], capture_output=True, text=True, timeout=120, env=environment, stdin=subprocess.DEVNULL)
    assert made.returncode == 0, made.stderr
    assert "dd if=out/loam.iso" in made.stdout and "  Loam, all self-tests, then stop\n" in made.stdout
    # As a disk, not as a disc, and its third entry chosen by hand.
    machine = Boot(arch="x86_64", kernel=os.path.join(TOP, "unused"))
    command = machine.command("mon:stdio")
    at = command.index("-kernel")
    command[at : at + 2] = ["-drive", f"format=raw,readonly=on,if=virtio,file={TOP}/out/loam.iso"]
    child = pexpect.spawn(command[0], command[1:], timeout=60, encoding="utf-8", echo=False)
    child.expect("executed automatically")
    child.send("\x1b[B\x1b[B\r")
    child.expect("As the firmware gave it:")
    child.expect("every invariant holds")
    child.expect(pexpect.EOF)
    child.close()
    assert kernel_status("x86_64", child.exitstatus) == OK
