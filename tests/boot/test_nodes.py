# SPDX-License-Identifier: MIT
"""The matrix of machines, by pairs: interrupt controller, entry level, CPUs, nodes, memory, initrd; and what lscpu says."""
import re

import pytest
import qemu
from conftest import boot, section
from qemu import OK, node_distance
from test_accounts import check_accounts, firmware_map

GIC = {"virt": "GICv2", "virt-el2": "GICv2", "virt-gicv3": "GICv3", "virt-el3": "GICv2", "q35": "APIC", "pc": "APIC", "microvm": "APIC"}
METHOD = {"x86_64": "INIT-SIPI-SIPI", "aarch64": "PSCI"}

MATRIX = [  # machine, memory, CPUs, nodes, initrd
    ("q35", "64M", "4", "4", False),
    ("q35", "4G", "1", "4", True),
    ("q35", "16G", "4", "1", True),
    ("pc", "256M", "4", "4", True),
    ("pc", "16G", "1", "1", False),
    ("microvm", "64M", "4", "1", True),
    ("virt", "64M", "1", "4", True),
    ("virt", "16G", "4", "4", False),
    ("virt-el2", "1G", "1", "4", False),
    ("virt-el2", "16G", "4", "1", True),
    ("virt-gicv3", "64M", "4", "1", False),
    ("virt-gicv3", "4G", "1", "4", True),
    ("virt-el3", "64M", "1", "1", False),
    ("virt-el3", "4G", "4", "4", False),
]


def arch_of(machine):
    return next(arch for arch in qemu.MACHINES if machine in qemu.MACHINES[arch])


def node_sizes(output):
    return [int(kib) for kib in re.findall(r"NUMA node\d+ memory: +(\d+) KiB", output)]


@pytest.mark.parametrize("machine,mem,smp,nodes,initrd", MATRIX)
def test_a_machine_of_the_matrix_accounts_for_every_page(tmp_path, machine, mem, smp, nodes, initrd):
    arch, more = arch_of(machine), {}
    if initrd:
        more["initrd"] = str(tmp_path / "initrd")
        (tmp_path / "initrd").write_bytes(b"loam" * 75000)
    result = boot(arch, machine=machine, mem=mem, smp=smp, nodes=nodes, append="quiet", commands="memmap; lscpu; verify", **more)
    assert result.status == OK, result
    check_accounts(result.output)
    assert "every invariant holds" in result.output
    assert (" initrd" in result.output) == initrd
    assert f"Interrupts:          {GIC[machine]}" in result.output

    cpus = re.findall(r"^ +(\d+) +(\d+) +([0-9a-f]+) (running|parked) +(.+)$", result.output, re.M)
    assert [(int(number), int(node)) for number, node, *_ in cpus] == [(cpu, cpu * int(nodes) // int(smp)) for cpu in range(int(smp))]
    # QEMU's tree does not say how to start a CPU that is the only one; in EL3 nobody is there to ask.
    silent = machine == "virt-el3" or arch == "aarch64" and smp == "1"
    assert {method for *_, method in cpus} == {"-" if silent else METHOD[arch]}

    listed = [line for line in section(result.output, "RAM by node") if "node" in line]
    assert {int(line.split()[-1]) for line in listed} == set(range(int(nodes)))
    assert f"NUMA node(s):        {nodes}\n" in result.output
    for node in range(int(nodes)):
        row = " ".join(f"{node_distance(node, other):3}" for other in range(int(nodes)))
        assert f"{node:3}:  {row}\n" in result.output
    sizes, present = node_sizes(result.output), sum(high - low for low, high, kind in firmware_map(result.output) if kind == "usable")
    assert present // 1024 - 1024 <= sum(sizes) <= present // 1024
    share = qemu.mebibytes(mem) * 1024 // int(nodes)
    assert all(share - 1024 <= size <= share for size in sizes), "a node lost memory to another"


@pytest.mark.parametrize("machine", ["q35", "virt"])
def test_every_self_test_passes_with_four_nodes(machine):
    result = boot(arch_of(machine), machine=machine, mem="256M", smp="4", nodes="4", append="quiet selftest")
    assert result.status == OK, result
    assert " 0 failed" in result.output


@pytest.mark.parametrize("machine", ["virt-gicv3", "virt-el3"])
def test_every_self_test_passes_on_other_ways_to_be_entered(machine):
    result = boot("aarch64", machine=machine, append="quiet selftest")
    assert result.status == OK, result


def test_nodes_that_cannot_be_are_refused():
    for words in ({"nodes": "0"}, {"nodes": "17"}, {"nodes": "3", "mem": "64M"}, {"nodes": "2", "machine": "microvm"}):
        with pytest.raises(qemu.Refused, match="NODES="):
            qemu.Boot(arch="x86_64", kernel="", **words).check()


@pytest.mark.parametrize("machine", ["q35", "virt"])
def test_eight_nodes_fall_back_by_distance(machine):
    result = boot(arch_of(machine), machine=machine, mem="512M", smp="8", nodes="8", append="quiet", commands="cat /proc/zoneinfo; verify; selftest node")
    assert result.status == OK, result
    assert {int(nid) for nid in re.findall(r"^Node (\d+), zone", result.output, re.M)} == set(range(8))
    assert "every invariant holds" in result.output
    assert " 0 failed" in result.output


@pytest.mark.parametrize("machine", ["q35", "virt", "microvm"])
@pytest.mark.parametrize("word,nodes", [("fake=2", 2), ("fake=4", 4), ("fake=8", 8), ("fake=300", 16), ("fake=48M", 5)])
def test_invented_nodes_have_equal_memory_and_every_page_is_accounted_for(machine, word, nodes):
    result = boot(arch_of(machine), machine=machine, smp="4", append=f"quiet numa={word}", commands="memmap; lscpu; verify; selftest node")
    assert result.status == OK, result
    check_accounts(result.output)
    assert "every invariant holds" in result.output
    assert f"NUMA node(s):        {nodes}\n" in result.output
    sizes = node_sizes(result.output)
    assert len(sizes) == nodes
    assert all(abs(size - sizes[0]) <= 8192 for size in sizes[:-1])
    if word == "fake=300":
        assert "numa=fake=300: 16 nodes are the most there can be" in result.output


@pytest.mark.parametrize("word", ["fake=x", "fake=0", "fake=", "on", "fake=4,2", "fake=-3"])
def test_nodes_that_cannot_be_invented_end_in_a_message(word):
    result = boot("x86_64", append=f"numa={word}", commands="lscpu; verify")
    assert result.status == OK, result
    assert re.search(rf"nodes: numa={re.escape(word)}: .* wanted", result.output)
    assert "NUMA node(s):        1\n" in result.output


def test_a_machine_that_has_nodes_keeps_them_or_makes_one_of_all():
    result = boot("x86_64", nodes="2", append="numa=fake=4", commands="lscpu")
    assert "the machine has nodes of its own" in result.output
    assert "NUMA node(s):        2\n" in result.output
    result = boot("x86_64", nodes="2", append="numa=off", commands="lscpu; verify")
    assert result.status == OK, result
    assert "NUMA node(s):        1\n" in result.output
