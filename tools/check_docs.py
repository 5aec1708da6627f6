#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Keep the documents true.

    tools/check_docs.py tour              docs/tour.list names every source file once
    tools/check_docs.py linux-map         every name and file in docs/LINUX-MAP.md exists
    tools/check_docs.py invariants        docs/INVARIANTS.md is what the sources say
    tools/check_docs.py invariants-write  writes it anew
"""
import os
import re
import sys

TOPS = ("include", "arch", "lib", "mm", "drivers", "kernel", "tests")


def source_files():
    for top in TOPS:
        for folder, _, names in os.walk(top):
            for name in names:
                if name.endswith((".c", ".h", ".S")):
                    yield os.path.join(folder, name)


def tour_entries():
    with open("docs/tour.list") as file:
        return [line.split()[0] for line in file if line.strip() and not line.startswith("#")]


def check_tour():
    listed, there = tour_entries(), set(source_files())
    wrong = [f"{path}: twice in docs/tour.list" for path in sorted({p for p in listed if listed.count(p) > 1})]
    wrong += [f"{path}: in docs/tour.list, but there is no such file" for path in listed if path not in there]
    wrong += [f"{path}: not in docs/tour.list" for path in sorted(there - set(listed))]
    return wrong, f"{len(listed)} files"


def check_linux_map():
    """Rows are `| Linux | Loam | file | what differs |`; Loam's names are words in `backquotes`."""
    wrong, count = [], 0
    with open("docs/LINUX-MAP.md") as file:
        for number, line in enumerate(file, 1):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) < 3 or not line.startswith("|") or set(cells[0]) <= set("-: ") or cells[0] == "Linux":
                continue
            names, paths = re.findall(r"`(\w+)(?:\(\))?`", cells[1]), re.findall(r"`([\w./-]+)`", cells[2])
            text = ""
            for path in paths:
                if not os.path.exists(path):
                    wrong.append(f"docs/LINUX-MAP.md:{number}: there is no file {path}")
                    continue
                with open(path) as source:
                    text += source.read()
            for name in names:
                count += 1
                if not re.search(rf"\b{name}\b", text):
                    wrong.append(f"docs/LINUX-MAP.md:{number}: {name} is not in {' '.join(paths)}")
    return wrong, f"{count} names"


def collect_invariants():
    """The INVARIANTS head of each file's opening, up to the next head."""
    out = ["# Invariants", "", "Collected from the sources by `tools/check_docs.py invariants-write`; `make check` proves that this page is current.", ""]
    for path in tour_entries():
        if path.startswith("tests/"):
            continue
        with open(path) as file:
            opening = file.read().split("*/\n")
        head = next((part for part in opening[:3] if re.search(r"^ \* INVARIANTS", part, re.M)), None)
        if head is None:
            continue
        lines, inside = [], False
        for line in head.splitlines():
            if re.match(r"^ \* [A-Z]{4}", line):
                inside = line.startswith(" * INVARIANTS")
            if inside:
                lines.append(re.sub(r"^ \*( INVARIANTS)? ?\t?", "", line).rstrip())
        while lines and not lines[-1]:
            lines.pop()
        out += [f"## {path}", "", "```text", *lines, "```", ""]
    return "\n".join(out)


def check_invariants():
    with open("docs/INVARIANTS.md") as file:
        same = file.read() == collect_invariants()
    wrong = [] if same else ["docs/INVARIANTS.md is old: run tools/check_docs.py invariants-write"]
    return wrong, "current"


def main():
    what = sys.argv[1]
    if what == "invariants-write":
        with open("docs/INVARIANTS.md", "w") as file:
            file.write(collect_invariants())
        return 0
    wrong, good = {"tour": check_tour, "linux-map": check_linux_map, "invariants": check_invariants}[what]()
    print("\n".join(wrong) if wrong else good)
    return 1 if wrong else 0


sys.exit(main())
