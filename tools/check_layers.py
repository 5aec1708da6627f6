#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prove the floors of tools/layers.txt.

    tools/check_layers.py                 every #include "..." or <...> goes to an allowed floor
    tools/check_layers.py OBJDIR NM       and every undefined symbol of a floor's objects is defined by one
"""
import os
import re
import subprocess
import sys
from collections import defaultdict

UPWARD = {"kmain", "ktrap", "kirq", "ksecondary"}  # include/kernel/entry.h
# What the compiler itself calls, what the linker script and the second link define.
GIVEN = re.compile(
    r"^(__start_|__stop_|image_|text_|init_text_|init_data_|ro_after_init_|rodata_|data_|bss_|percpu_|loaded_|task_stacks_|symbol_|_GLOBAL_OFFSET|__asan|__ubsan|__sanitizer|fixmap_index_out)"
)


def read_layers():
    layers = {}
    with open("tools/layers.txt") as file:
        for line in file:
            fields = line.split("#")[0].split(":")
            if len(fields) == 3:
                layers[fields[0].strip()] = (fields[1].split(), set(fields[2].split()))
    return layers


def floor_of(path, layers):
    best = None
    for name, (paths, _) in layers.items():
        for prefix in paths:
            if path == prefix or path.startswith(prefix + "/"):
                if best is None or len(prefix) > best[0]:
                    best = (len(prefix), name)
    return best[1] if best else None


def sources():
    for top in ("include", "arch", "lib", "mm", "drivers", "kernel", "tests"):
        for folder, _, names in os.walk(top):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".S")):
                    yield os.path.join(folder, name)


def included(path):
    with open(path, errors="replace") as file:
        for number, line in enumerate(file, 1):
            match = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
            if match:
                yield number, match.group(1), match.group(2)


def check_includes(layers):
    wrong, edges = [], 0
    for path in sources():
        floor = floor_of(path, layers)
        if floor is None:
            wrong.append(f"{path}: belongs to no floor of tools/layers.txt")
            continue
        for number, kind, name in included(path):
            target = os.path.join(os.path.dirname(path), name) if kind == '"' else os.path.join("include", name)
            target = os.path.normpath(target)
            if name.startswith("asm/"):
                target = "arch/x86_64/include/" + name
            elif not os.path.exists(target):
                continue  # C's freestanding headers, or the hosted machine's libc
            other = floor_of(target, layers)
            edges += 1
            if other == floor or other in layers[floor][1]:
                continue
            if floor == "contract" and other == "arch":
                continue  # a contract header ends with its bodies
            wrong.append(f"{path}:{number}: floor {floor} may not include {name} of floor {other}")
    return wrong, edges


def symbols(nm, path, undefined):
    flag = "-u" if undefined else "--defined-only"
    text = subprocess.run([nm, flag, path], capture_output=True, text=True, check=True).stdout
    for line in text.splitlines():
        fields = line.split()
        if undefined and len(fields) == 2:
            yield fields[1]
        elif not undefined and len(fields) == 3 and fields[1].isupper():
            yield fields[2]


def check_symbols(layers, objects, nm):
    defined, used = {}, defaultdict(set)
    for folder, _, names in os.walk(objects):
        for name in names:
            if not name.endswith(".o"):
                continue
            path = os.path.join(folder, name)
            source = os.path.relpath(path, objects)[:-2] + ".c"
            if not os.path.exists(source) and not os.path.exists(source[:-2] + ".S"):
                continue  # left from a file that was moved
            floor = floor_of(source, layers)
            for symbol in symbols(nm, path, False):
                defined[symbol] = (floor, source)
            for symbol in symbols(nm, path, True):
                used[symbol].add((floor, source))
    wrong, edges = [], 0
    for symbol, users in sorted(used.items()):
        if symbol not in defined:
            if not GIVEN.match(symbol) and not any(floor == "arch" for floor, _ in users):
                wrong.append(f"{symbol}: used by {sorted(users)[0][1]}, defined nowhere")
            continue
        other, where = defined[symbol]
        for floor, source in sorted(users):
            edges += 1
            upward = floor == "arch" and symbol in UPWARD
            if floor != other and other not in layers[floor][1] and not upward:
                wrong.append(f"{source}: floor {floor} may not use {symbol} of {where} (floor {other})")
    return wrong, edges


def main():
    layers = read_layers()
    if len(sys.argv) == 3:
        wrong, edges = check_symbols(layers, sys.argv[1], sys.argv[2])
        what = "symbol uses"
    else:
        wrong, edges = check_includes(layers)
        what = "includes"
    for line in wrong:
        print(line)
    print(f"floors: {edges} {what}, {len(wrong)} of them wrong")
    return 1 if wrong else 0


sys.exit(main())
