#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`make bench ARCH=hosted`: kmalloc at the speed of this computer, beside mimalloc, jemalloc and tcmalloc.

The kernel is built for it without sanitizers, assertions and tests, and runs as a Linux process with two threads as its CPUs.
Runs are interleaved, ROUNDS=9 of each; the table shows medians in nanoseconds a pair, and how far the middle half of the runs
spreads. Ours is as fast as another when it is faster, or when the difference is within the spreads of both.
"""
import glob
import os
import re
import statistics
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OTHERS = {"mimalloc": "libmimalloc.so.2*", "jemalloc": "libjemalloc.so.2*", "tcmalloc": "libtcmalloc_minimal.so.4*"}
ROUNDS = int(os.environ.get("ROUNDS", "9"))
SLAB = os.environ.get("SLAB", "slab")
KERNEL = os.path.join(TOP, f"out/hosted-{SLAB}-release-notests/loam-hosted")
PROGRAM = os.path.join(TOP, "out/native_malloc")
HOST_CPUS = os.cpu_count() or 1


def build():
    make = ["make", "--no-print-directory", "-C", TOP, "ARCH=hosted", "PROFILE=release", "TESTS=0", f"SLAB={SLAB}", "all"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    subprocess.run(make, check=True, env=environment)
    source = os.path.join(TOP, "tools/native_malloc.c")
    subprocess.run(["gcc", "-O2", "-fno-builtin-malloc", "-fno-builtin-free", "-Wall", "-I", os.path.join(TOP, "kernel/shell"), "-o", PROGRAM, source, "-pthread"], check=True)


def library(pattern):
    for folder in glob.glob("/usr/lib/*-linux-gnu"):
        found = sorted(glob.glob(os.path.join(folder, pattern)))
        if found:
            return found[0]
    sys.exit(f"{pattern} is not here; tools/setup bench installs it")


def figures(command, preload=None):
    environment = dict(os.environ)
    if preload:
        environment["LD_PRELOAD"] = preload
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, stdin=subprocess.DEVNULL)
    found = {name: int(value) for name, value in re.findall(r"^native (\S+)\s+(\d+)", result.stdout, re.M)}
    if not found:
        sys.exit(f"{command[0]} ended with {result.returncode} and measured nothing:\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
    return found


def once(who, library_of):
    if who == "loam":
        return figures([KERNEL, "--machine", "bench", "quiet", "run=bench_native; poweroff"])
    return {**figures([PROGRAM], library_of[who]), **figures([PROGRAM, "memory"], library_of[who])}


def middle(values):
    """Median, and the half width of the middle half."""
    ordered = sorted(values)
    quarter = len(ordered) // 4
    return statistics.median(ordered), (ordered[-1 - quarter] - ordered[quarter]) / 2


def main():
    build()
    library_of = {who: library(pattern) for who, pattern in OTHERS.items()}
    everybody = ["loam", *OTHERS]
    samples = {who: {} for who in everybody}
    for _ in range(ROUNDS):
        for who in everybody:
            for name, value in once(who, library_of).items():
                samples[who].setdefault(name, []).append(value)
    print(f"nanoseconds a pair, median of {ROUNDS} interleaved runs (+- half of the middle half), SLAB={SLAB}, {HOST_CPUS} CPUs")
    print(f"{'':20}" + "".join(f"{who:>18}" for who in everybody) + "  verdict")
    missed = 0
    for name in samples["mimalloc"]:
        if name not in samples["loam"]:
            print(f"{name:20} not measured: fewer CPUs run")
            continue
        row = {who: middle(samples[who][name]) for who in everybody}
        ours, our_spread = row["loam"]
        slower = [who for who in OTHERS if ours - our_spread > row[who][0] + row[who][1]]
        if name == "held-per-1000":
            cells = "".join(f"{row[who][0] / 1000:>18.3f}" for who in everybody)
            print(f"{'bytes held per byte':20}{cells}")
            continue
        missed += bool(slower)
        cells = "".join(f"{row[who][0] / 1000:>10.2f} +-{row[who][1] / 1000:5.2f}" for who in everybody)
        print(f"{name:20}{cells}  {'slower than ' + ', '.join(slower) if slower else 'as fast as each'}")
    return 1 if missed else 0


sys.exit(main())
