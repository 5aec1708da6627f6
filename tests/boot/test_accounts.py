# SPDX-License-Identifier: MIT
"""Every page is accounted for, on every machine, against the map computed outside the kernel."""
import re

import pytest
from conftest import EVERY_MACHINE, boot, section
from model import free_pages, present_pages
from qemu import OK

RANGE = re.compile(r"\s+0x([0-9a-f]+)-0x([0-9a-f]+)\s+\d+ KiB\s+(.*)")


def ranges(lines):
    for line in lines:
        match = RANGE.match(line)
        assert match, line
        yield int(match.group(1), 16), int(match.group(2), 16) + 1, match.group(3).strip()


def firmware_map(output):
    return [(low, high, re.sub(r"\s*\(.*", "", what)) for low, high, what in ranges(section(output, "As the firmware"))]


def handover(output):
    """{zone: (present, reserved, managed)}, a zone's nodes together; "all" is the sum."""
    table = {}
    for line in section(output, "Pages of 4 KiB"):
        words = line.split()
        zone, pages = words[2] if words[0] == "node" else "all", [int(word) for word in words[-3:]]
        table[zone] = tuple(map(sum, zip(pages, table.get(zone, (0, 0, 0)))))
    return table


def check_accounts(output):
    table = handover(output)
    for zone, (present, reserved, managed) in table.items():
        assert present == reserved + managed, zone
    for column in range(3):
        assert table["all"][column] == sum(row[column] for zone, row in table.items() if zone != "all")

    firmware = firmware_map(output)
    present = present_pages(firmware)
    low_page = any(low < 4096 and kind == "usable" for low, _, kind in firmware)
    assert present - low_page <= table["all"][0] <= present
    decided = [(low, high) for low, high, why in ranges(section(output, "What became")) if why.startswith("reserved")]
    given = sum(high - low for low, high, _ in ranges(section(output, "Given back of the kernel image"))) // 4096
    assert 4 <= given < 64, "the boot's code and data"
    # The boot data is reserved, the kernel's own structures come out of the rest.
    assert table["all"][2] <= free_pages(firmware, decided) + given
    return table


@pytest.mark.parametrize("arch,machine", EVERY_MACHINE)
@pytest.mark.parametrize("mem", ["64M", "256M", "1G", "4G"])
def test_present_is_reserved_plus_managed(arch, machine, mem):
    result = boot(arch, machine=machine, mem=mem, append="quiet", commands="memmap; cat /proc/meminfo; verify")
    assert result.status == OK, result
    table = check_accounts(result.output)
    total = int(re.search(r"MemTotal:\s+(\d+) kB", result.output).group(1))
    assert total == table["all"][2] * 4
    assert "every invariant holds" in result.output


@pytest.mark.parametrize("mem,size", [("128M", 128), ("512M", 512), ("3G", 3072), ("8G", 8192)])
def test_aarch64_finds_all_the_memory_that_the_machine_has(mem, size):
    result = boot("aarch64", mem=mem, append="quiet", commands="memmap")
    assert result.status == OK, result
    assert present_pages(firmware_map(result.output)) == size * 256
    assert handover(result.output)["all"][0] == size * 256


@pytest.mark.parametrize("mem,size", [("128M", 128), ("512M", 512), ("3G", 3072), ("8G", 8192)])
def test_x86_64_finds_all_but_the_firmwares_part(mem, size):
    result = boot("x86_64", mem=mem, append="quiet", commands="memmap")
    assert result.status == OK, result
    missing = size * 256 - present_pages(firmware_map(result.output))
    assert 0 <= missing < 256, "the firmware keeps less than a MiB"


@pytest.mark.parametrize("arch,machine", EVERY_MACHINE)
def test_other_cpus_are_found_listed_and_parked(arch, machine):
    result = boot(arch, machine=machine, smp="4", commands="dmesg")
    assert result.status == OK, result
    assert "smp: 4 cpus found, 3 parked by the firmware, 1 running" in result.output
    assert len(set(re.findall(r"smp:   cpu (\d)", result.output))) == 4


@pytest.mark.parametrize("highmem", ["16M", "64M", "100M"])
def test_highmem_moves_pages_into_its_zone_and_says_that_it_is_made(arch, highmem):
    size = int(highmem[:-1])
    result = boot(arch, append=f"highmem={highmem}", commands="memmap; cat /proc/meminfo")
    assert result.status == OK, result
    assert "made" in result.output and "not found" in result.output
    high = handover(result.output)["HighMem"][0]
    assert size * 256 - 1100 <= high <= size * 256 + 1100
    assert int(re.search(r"HighTotal:\s+(\d+) kB", result.output).group(1)) == high * 4
    check_accounts(result.output)
