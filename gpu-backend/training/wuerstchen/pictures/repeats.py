"""Folders named as in kohya's trainers: "10_lamps" repeats its pictures ten times; nested ones multiply, up to 100."""

import re
from collections import Counter
from collections.abc import Iterable

# A greater number is more likely a year or a serial number than a wish.
REPEATS_MAX = 100


def repeats_of(name: str) -> tuple[str, int]:
    """The deepest folder on a picture's path that repeats it, and how often it counts in all; ("", 1) without one."""
    folders, deepest, times = name.split("/")[:-1], "", 1
    for depth, folder in enumerate(folders, 1):
        match = re.fullmatch(r"(\d{1,4})_.+", folder)
        if match and 1 < int(match[1]) <= REPEATS_MAX:
            deepest, times = "/".join(folders[:depth]), min(REPEATS_MAX, times * int(match[1]))
    return deepest, times


def repeated_folders(names: Iterable[str]) -> list[dict[str, str | int]]:
    """For the report: each folder that repeats, how often its pictures count, and how many there are."""
    counts = Counter(repeats_of(name) for name in names)
    return [
        {"folder": folder, "times": times, "pictures": pictures}
        for (folder, times), pictures in sorted(counts.items())
        if times > 1
    ]
