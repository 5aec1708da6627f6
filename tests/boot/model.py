# SPDX-License-Identifier: MIT
"""What a boot must make of a firmware's map, computed outside the kernel: a byte has one fate."""
import functools
import os
import subprocess

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


# --- the whole decision, from raw entries to frames that may be handed out ---------------------

RANGE_END = (1 << 64) - PAGE  # no range reaches further
LOW_MEGABYTE = (0, 1 << 20)
ADAPTERS = (640 << 10, 1 << 20)
MAX_RANGES = 496  # entries that the kernel keeps for certain, BOOT_MAX_RANGES without the places for usable ones
MAX_PIECES = 120  # usable pieces that it keeps for certain; more: the smallest may be left out


def union(ranges):
    """Sorted, disjoint, merged."""
    merged = []
    for low, high in sorted(r for r in ranges if r[0] < r[1]):
        if merged and low <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], high)
        else:
            merged.append([low, high])
    return [tuple(r) for r in merged]


def subtract(ranges, holes):
    """What of `ranges` lies in none of `holes`."""
    left, holes = [], union(holes)
    for low, high in union(ranges):
        for start, end in holes:
            if end <= low or start >= high:
                continue
            if start > low:
                left.append((low, start))
            low = max(low, end)
        if low < high:
            left.append((low, high))
    return left


def intersect(ranges, others):
    return subtract(ranges, subtract(ranges, others))


def size(ranges):
    return sum(high - low for low, high in ranges)


def inward(ranges):
    """Byte ranges to whole frames."""
    frames = ((-(-low // PAGE), high // PAGE) for low, high in ranges)
    return [(low, high) for low, high in frames if low < high]


def outward(ranges):
    """Byte ranges to every frame that they touch."""
    return union((low // PAGE, -(-high // PAGE)) for low, high in ranges if low < high)


def clip(start, length, usable):
    """[start, end) of an entry that may wrap, or None: a usable one that does is a lie."""
    end = start + length
    if length == 0 or start >= RANGE_END:
        return None
    if end > RANGE_END:
        return None if usable else (start, RANGE_END)
    return start, end


@functools.lru_cache(maxsize=None)
def init_parts(kernel, at):
    """[(start, end)] in an image that lies at `at`: code and data that go back to the pages when the boot is over."""
    elf = os.path.join(os.path.dirname(kernel), "loam.elf")
    lines = subprocess.run(["nm", elf], capture_output=True, text=True, check=True).stdout.splitlines()
    address = {name: int(value, 16) for value, _, name in (line.split() for line in lines if len(line.split()) == 3)}
    return tuple(tuple(at + address[f"init_{part}_{end}"] - address["image_start"] for end in ("start", "end")) for part in ("text", "data"))


class Decision:
    """What a kernel must make of raw entries (start, length, usable?) and of what the loader laid down."""

    def __init__(self, entries, image, boot_data, phys_end, pc, no_map=(), given_back=()):
        """`given_back`: the parts of the image that are needed at boot alone, as init_parts() tells."""
        clipped = [(clip(start, length, usable), usable) for start, length, usable in entries]
        usable = union(r for r, u in clipped if r and u)
        other = [r for r, u in clipped if r and not u]
        pages = inward(subtract(usable, [(low * PAGE, high * PAGE) for low, high in outward(other)]))
        pages = intersect(pages, [(0, phys_end // PAGE)])
        if pc:
            pages = subtract(pages, outward([ADAPTERS]))
        others = [*boot_data, *no_map, (0, PAGE)] + ([LOW_MEGABYTE] if pc else [])
        self.exact = len(entries) <= MAX_RANGES and len(pages) <= MAX_PIECES
        self.reserved = union(subtract(outward([image]), intersect(inward(given_back), pages)) + outward(others))
        self.no_map = outward(no_map)
        self.present = union(pages + outward([image]))
        self.free = subtract(self.present, self.reserved)

    def problems(self, handed, kept, reserved):
        """Sentences on what the kernel did with these frames and must not, or should have."""
        found = []
        taken = union(handed + kept)
        if wrong := subtract(taken, self.free):
            found.append(f"frames in use that nobody may have: {frames(wrong)}")
        if both := intersect(handed, kept):
            found.append(f"frames handed out although in use: {frames(both)}")
        seen = union(taken + reserved)
        if self.exact and (lost := subtract(subtract(self.present, seen), self.no_map)):
            found.append(f"usable frames that the kernel does not know: {frames(lost)}")
        if extra := subtract(seen, self.present):
            found.append(f"frames that do not exist: {frames(extra)}")
        early = size(subtract(self.free, taken))
        if self.exact and early > self.early_limit():
            found.append(f"{early} free frames were not handed over, {self.early_limit()} are explained")
        return found

    def early_limit(self):
        """Frames that early memory may keep: struct pages of each 4 MiB unit, tables of each 2 MiB and GiB, per-CPU areas."""
        units = size(union((low // 1024, -(-high // 1024)) for low, high in self.present))
        tables = 2 * len(self.present) + 2 * size(union((low >> 18, (high - 1 >> 18) + 1) for low, high in self.present))
        return 8 * units + units // 64 + 2 * tables + 96


def frames(ranges):
    return " ".join(f"[{low:#x}, {high:#x})" for low, high in ranges[:6]) + (" ..." if len(ranges) > 6 else "")
