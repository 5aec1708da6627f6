#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`make test-firmware`: hundreds of boots of generated firmware; each failure says how to repeat it.

    tests/boot/firmware_soak.py [--boots 320] [--seed N] [--arch x86_64|aarch64] [--only NUMBER] [-v]
"""
import argparse
import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tools"), os.path.dirname(os.path.abspath(__file__))]
import firmware_boot  # noqa: E402
import firmware_maps  # noqa: E402
import firmware_trees  # noqa: E402

KERNELS = {"x86_64": "out/x86_64-slab-debug/loam.elf", "aarch64": "out/aarch64-slab-debug/Image"}


def kernel_path(arch):
    return os.path.join(TOP, KERNELS[arch])


def make_case(arch, seed, number):
    """The case of that number: it depends on nothing else."""
    draw = random.Random(f"{seed}/{arch}/{number}")
    if arch == "x86_64":
        return firmware_maps.any_case(draw, firmware_boot.Kernel(kernel_path(arch)))
    return firmware_trees.any_case(draw, firmware_trees.Image(kernel_path(arch)))


def try_case(arch, seed, number):
    case = make_case(arch, seed, number)
    problems, outcome = firmware_boot.run(case, kernel_path(arch))
    return arch, number, case, problems, outcome


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--boots", type=int, default=320)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--arch", choices=list(KERNELS), default="")
    parser.add_argument("--only", type=int, default=-1, help="this case alone, with its output")
    parser.add_argument("-v", "--verbose", action="store_true")
    arguments = parser.parse_args()
    arches = [arguments.arch] if arguments.arch else list(KERNELS)
    numbers = range(-(-arguments.boots // len(arches))) if arguments.only < 0 else [arguments.only]
    firmware_boot.build()
    start, failed, ends = time.monotonic(), 0, {}
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(try_case, arch, arguments.seed, number) for number in numbers for arch in arches]
        for job in jobs:
            arch, number, case, problems, outcome = job.result()
            ends[outcome.status] = ends.get(outcome.status, 0) + 1
            if arguments.verbose or problems:
                print(f"{'FAIL' if problems else 'ok  '} {arch} {number}: {case.name}: status {outcome.status}, {outcome.seconds:.1f} s")
            if problems:
                failed += 1
                for problem in problems:
                    print(f"     {problem}")
                print(f"     repeat: tests/boot/firmware_soak.py --seed {arguments.seed} --arch {arch} --only {number}")
            if arguments.only >= 0:
                print(outcome.output)
            sys.stdout.flush()
    names = {None: "at the prompt", **firmware_boot.qemu.STATUS_NAMES}
    told = ", ".join(f"{count} {names.get(end, end)}" for end, count in sorted(ends.items(), key=lambda item: -item[1]))
    print(f"{len(jobs)} boots of generated firmware, seed {arguments.seed}, {time.monotonic() - start:.0f} s: {told}; {failed} failed")
    return 1 if failed else 0


sys.exit(main())
