# SPDX-License-Identifier: MIT
"""What a boot must make of a firmware's map, computed outside the kernel: a byte has one fate."""

PAGE = 4096
SEVERITY = {"usable": 1, "ACPI tables": 2, "ACPI NVS": 3, "reserved": 4, "unusable": 5}


def usable_ranges(entries):
    """Entries (start, end, type) in any order into sorted [start, end) pieces that nothing more severe covers."""
    edges = sorted({edge for start, end, _ in entries for edge in (start, end)})
    pieces = []
    for low, high in zip(edges, edges[1:]):
        covering = [SEVERITY[kind] for start, end, kind in entries if start <= low and high <= end]
        if covering and max(covering) == 1:
            if pieces and pieces[-1][1] == low:
                pieces[-1][1] = high
            else:
                pieces.append([low, high])
    return [(low, high) for low, high in pieces]


def present_pages(entries):
    """Whole usable pages."""
    return sum(max(0, high // PAGE - -(-low // PAGE)) for low, high in usable_ranges(entries))


def free_pages(entries, reserved):
    """Whole usable pages that no reserved byte range touches."""
    taken = set()
    for start, end in reserved:
        taken.update(range(start // PAGE, -(-end // PAGE)))
    pages = 0
    for low, high in usable_ranges(entries):
        first, last = -(-low // PAGE), high // PAGE
        pages += max(0, last - first) - sum(first <= page < last for page in taken)
    return pages
