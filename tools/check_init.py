#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Nobody but the boot refers to what only the boot has: __init and __initdata of include/lib/init.h.

    tools/check_init.py OBJECT_DIR [READELF]

Reads the relocations of every object file. A reference to a symbol of .init.text or .init.data may stand in those sections,
or in .ref.text, whose functions know that the boot is not over. Within a section the assembler may need no
relocation, but then both ends live equally long.
"""
import os
import re
import subprocess
import sys

GONE = (".init.text", ".init.data")
MAY = GONE + (".ref.text",)
SECTION = re.compile(r"\s*\[\s*(\d+)\] (\S+)\s")
HEAD = re.compile(r"Relocation section '\.rela?(\S+)'")
RELOCATION = re.compile(r"[0-9a-f]{8,}\s+[0-9a-f]+\s+R_\S+\s+[0-9a-f]+\s+(\S+)")


def read(readelf, path):
    """Sections of the symbols that this file defines, {name: section}; and its references, [(from section, symbol)]."""
    out = subprocess.run([readelf, "-SsrW", path], capture_output=True, text=True, check=True).stdout
    sections, symbols, references, at = {}, {}, [], None
    for line in out.split("\n"):
        if match := SECTION.match(line):
            sections[match.group(1)] = match.group(2)
        elif match := HEAD.match(line):
            at = match.group(1)
        elif at and (match := RELOCATION.match(line)):
            references.append((at, match.group(1)))
        else:
            fields = line.split()
            if len(fields) >= 8 and fields[0].rstrip(":").isdigit() and fields[6] in sections:
                symbols[fields[7]] = (sections[fields[6]], fields[4] == "LOCAL")
    return symbols, references


def is_told_of(section):
    return not section.startswith((".debug", ".eh_frame", "symbols", ".stack_sizes"))


def main():
    top, readelf = sys.argv[1], (sys.argv + ["readelf"])[2]
    paths = [os.path.join(d, f) for d, _, files in os.walk(top) for f in files if f.endswith(".o")]
    files = {path: read(readelf, path) for path in sorted(paths)}
    gone = {name for symbols, _ in files.values() for name, (section, local) in symbols.items() if not local and section in GONE}
    faults, count = [], 0
    for path, (symbols, references) in files.items():
        count += sum(section in GONE for section, _ in symbols.values())
        for section, name in references:
            lies_in = symbols[name][0] if name in symbols and symbols[name][1] else None
            if section in MAY or not is_told_of(section):
                continue
            if name in GONE or lies_in in GONE or (lies_in is None and name in gone):
                faults.append(f"{os.path.relpath(path, top)[:-2]}: {section} refers to {name}, which is gone when the boot is over")
    for fault in sorted(set(faults)):
        print(fault)
    if not count:
        sys.exit(f"no __init symbols under {top}: build it first")
    if faults:
        sys.exit("make the caller __init, or what it refers to not; __ref says that the boot is not over when it runs")
    print(f"{count} symbols of the boot, referred to by the boot alone")


main()
