# SPDX-License-Identifier: MIT
"""What Linux 6.1 wrote (tests/boot/golden/*.record), and whether a line of ours has the same form."""
import os
import re

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")
MACHINES = sorted(name[: -len(".record")] for name in os.listdir(GOLDEN) if name.endswith(".record"))
FIGURE = r"(?<![\w.:-])\d+(?![\w.])"


def record(machine, path):
    """The lines of one file as Linux wrote it on one machine."""
    with open(os.path.join(GOLDEN, f"{machine}.record"), encoding="utf-8") as file:
        parts = re.split(r"^=== (\S+)\n", file.read(), flags=re.M)[1:]
    return dict(zip(parts[::2], parts[1::2]))[path].splitlines()


def shape(line):
    """For figures that start where they start: each is a #."""
    return re.sub(FIGURE, "#", line)


def split_figures(line):
    """Text, figure with the blanks before it, text, figure, ..."""
    return re.split(rf"( *{FIGURE})", line)


def same_columns(line, recorded):
    """For figures that end where they end: but for them the line is the recorded one. Only a figure too long for its column may be longer."""
    ours, theirs = split_figures(line), split_figures(recorded)
    if len(ours) != len(theirs) or ours[::2] != theirs[::2]:
        return False
    return all(len(a) == len(b) or len(a.strip()) >= len(b) for a, b in zip(ours[1::2], theirs[1::2]))


def assert_columns(lines, recorded):
    for number, (line, want) in enumerate(zip(lines, recorded), 1):
        assert same_columns(line, want), f"line {number}:\n{line!r}\nhas not the form of\n{want!r}"
    assert len(lines) == len(recorded), (lines[len(recorded) :], recorded[len(lines) :])


def name_of(line):
    return line.split()[0]


def assert_fields(lines, path, same):
    """
    Linux's files differ by architecture and configuration. Ours has every field of each of them, in their order, and none
    that no Linux has; `same` says whether two lines of one name have one form.
    """
    ours = [name_of(line) for line in lines]
    assert len(set(ours)) == len(ours)
    known = {}
    for machine in MACHINES:
        recorded = record(machine, path)
        for line in recorded:
            known.setdefault(name_of(line), []).append(line)
        theirs = [name_of(line) for line in recorded]
        assert [name for name in ours if name in theirs] == theirs, f"{path} of {machine}"
    for line in lines:
        assert name_of(line) in known, f"no Linux writes {line!r}"
        assert any(same(line, other) for other in known[name_of(line)]), f"{line!r} has not the form of {known[name_of(line)][0]!r}"
