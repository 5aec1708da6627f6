#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Keep the documents true.

    tools/check_docs.py tour              docs/tour.list names every source file once
    tools/check_docs.py tour-missing      prints the files that it lacks
    tools/check_docs.py linux-map         every name and file in docs/LINUX-MAP.md exists
    tools/check_docs.py invariants        docs/INVARIANTS.md is what the sources say
    tools/check_docs.py invariants-write  writes it anew
    tools/check_docs.py promises          docs/PROMISES.md defines what tests cite, no more and no less, and names those tests
    tools/check_docs.py promises-write    writes the names of the tests anew
"""
import os
import re
import subprocess
import sys

TOPS = ("include", "arch", "lib", "mm", "drivers", "kernel", "tests")


def tree_files(tops):
    """The files that git knows; without git, all that are there."""
    git = subprocess.run(["git", "ls-files", "--", *tops], capture_output=True, text=True)
    paths = git.stdout.split() if git.returncode == 0 else []
    if not paths:
        paths = [os.path.join(folder, name) for top in tops for folder, _, names in os.walk(top) for name in names]
    return sorted(path for path in paths if os.path.exists(path))


def source_files():
    return [path for path in tree_files(TOPS) if path.endswith((".c", ".h", ".S"))]


def tour_entries():
    with open("docs/tour.list") as file:
        return [line.split()[0] for line in file if line.strip() and not line.startswith("#")]


def check_tour():
    listed, there = tour_entries(), set(source_files())
    wrong = [f"{path}: twice in docs/tour.list" for path in sorted({p for p in listed if listed.count(p) > 1})]
    wrong += [f"{path}: in docs/tour.list, but there is no such file" for path in listed if not os.path.exists(path)]
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


def invariants_head(path):
    """The lines of the INVARIANTS head of a file's opening, up to the next head, without their stars."""
    with open(path) as file:
        parts = file.read().split("*/\n")[:3]
    lines, inside = [], False
    for line in "\n".join(part for part in parts if re.search(r"^ \* INVARIANTS", part, re.M)).splitlines():
        if re.match(r"^ \* [A-Z]{4}", line):
            inside = line.startswith(" * INVARIANTS")
            line = line.replace("INVARIANTS", "", 1)
        if inside:
            lines.append(line[2:].strip())
    return [line for line in lines if line]


def as_markdown(lines):
    """`B1  text`, and the lines that continue it, become a list; what stands before is a sentence."""
    paragraphs = []
    for line in lines:
        number = re.match(r"([A-Z]+\d+)  (.*)", line)
        if number:
            paragraphs.append(f"- **{number[1]}** {number[2]}")
        elif paragraphs:
            paragraphs[-1] += " " + line
        else:
            paragraphs.append(line)
    if not paragraphs[0].startswith("-"):
        paragraphs[0] = re.sub(r"^are ", "They are ", re.sub(r"^\((.*)\)$", r"\1", paragraphs[0])).rstrip(".") + "."
    return paragraphs


def collect_invariants():
    out = [
        "# Invariants",
        "",
        "What is true between any two calls, by file, in the order of docs/tour.list. Each section names the function that proves it or the test that breaks it;",
        "at the prompt `verify` calls every one that looks at the living machine, and so does the end of each test.",
        "",
        "This page is collected from the openings of the sources by `tools/check_docs.py invariants-write`; `make check` proves that it is current.",
    ]
    for path in tour_entries():
        lines = [] if path.startswith("tests/") or not os.path.exists(path) else invariants_head(path)
        if lines:
            paragraphs = as_markdown(lines)
            out += ["", f"## {path}", ""] + paragraphs[:1]
            out += [""] * (not paragraphs[0].startswith("-")) * (len(paragraphs) > 1) + paragraphs[1:]
    return "\n".join(out) + "\n"


def check_invariants():
    with open("docs/INVARIANTS.md") as file:
        same = file.read() == collect_invariants()
    wrong = [] if same else ["docs/INVARIANTS.md is old: run tools/check_docs.py invariants-write"]
    return wrong, "current"


CITATION = re.compile(r"\b(sem|fault)[-_]([A-Z]+\d+)(?=\b|_)")


def cited():
    """Which tests cite each promise: {"sem-E4": {"bootmem": {"name", ...}}}. A comment speaks of the next test, a file's opening of all its tests."""
    promises = {}
    for path in (path for path in tree_files(["tests"]) if path.endswith((".c", ".py"))):
        with open(path) as file:
            text = file.read()
        tests = [(test.end(), test[1], test[2]) for test in re.finditer(r"^KTEST\w*\((\w+),\s*(\w+)", text, re.M)]
        opening = text.find("*/", text.find("*/") + 2)
        for citation in CITATION.finditer(text):
            found = f"{citation[1]}-{citation[2]}"
            following = next((test for test in tests if test[0] >= citation.end()), None)
            suite, name = following[1:] if following and citation.start() > opening else (path, "")
            promises.setdefault(found, {}).setdefault(suite, set()).add(name)
    return promises


def tests_line(suites):
    """By name; a whole file only where no single test is named."""
    parts, suites = [], {suite: names for suite, names in suites.items() if any(names)} or suites
    for suite, names in sorted(suites.items()):
        named = ", ".join(f"`{name}`" for name in sorted(names) if name)
        parts.append(f"{suite}: {named}" if named else f"all of {suite}")
    return "  - Tests: " + "; ".join(parts)


def promises_text():
    """docs/PROMISES.md with the line of tests below each `- **sem-E4** ...` as the tests are now, and the ids that it defines."""
    promises, defined, out, open_definition = cited(), [], [], False
    with open("docs/PROMISES.md") as file:
        lines = [line for line in file.read().splitlines() if not line.startswith("  - Tests: ")]
    for line in lines + [""]:
        if open_definition and not line.startswith("  "):
            out.append(tests_line(promises.get(defined[-1], {})))
            open_definition = False
        definition = re.match(r"- \*\*((?:sem|fault)-[A-Z]+\d+)\*\*", line)
        if definition:
            defined.append(definition[1])
            open_definition = True
        out.append(line)
    return "\n".join(out).rstrip() + "\n", defined, promises


def check_promises():
    text, defined, promises = promises_text()
    wrong = [f"docs/PROMISES.md: {name} is defined twice" for name in sorted({n for n in defined if defined.count(n) > 1})]
    wrong += [f"docs/PROMISES.md: {name} is defined, but no test cites it" for name in defined if name not in promises]
    for name in sorted(set(promises) - set(defined)):
        wrong.append(f"docs/PROMISES.md: {name} is not defined, but cited by {', '.join(sorted(promises[name]))}")
    with open("docs/PROMISES.md") as file:
        if not wrong and file.read() != text:
            wrong.append("docs/PROMISES.md: names of tests are old: run tools/check_docs.py promises-write")
    return wrong, f"{len(defined)} promises"


CHECKS = {"tour": check_tour, "linux-map": check_linux_map, "invariants": check_invariants, "promises": check_promises}


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return 0


def main():
    what = sys.argv[1]
    if what == "invariants-write":
        return write("docs/INVARIANTS.md", collect_invariants())
    if what == "promises-write":
        return write("docs/PROMISES.md", promises_text()[0])
    if what == "tour-missing":
        print("\n".join(sorted(set(source_files()) - set(tour_entries()))))
        return 0
    wrong, good = CHECKS[what]()
    print("\n".join(wrong) if wrong else good)
    return 1 if wrong else 0


sys.exit(main())
