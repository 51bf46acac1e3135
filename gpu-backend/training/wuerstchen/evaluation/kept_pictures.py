"""Pictures that a report makes once: a stopped report goes on after the last one."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from rich.progress import track
from torch import Tensor

from wuerstchen.evaluation.features import to_bytes
from wuerstchen.whole_file import whole_file

BATCH = 16


def kept_pictures(directory: Path, asked: list[list], make: Callable[[list[int]], Tensor]) -> np.ndarray:
    """(n, height, width, 3) bytes: one picture for each entry of `asked`, kept in `directory` under a hash of that
    entry.

    `make` computes those that are not there, (k, 3, height, width) in [0, 1] for k numbers of entries."""
    names = [hashlib.sha256(json.dumps(key).encode()).hexdigest()[:20] for key in asked]
    paths = {name: directory / f"{name}.png" for name in names}
    rows = [row for name, row in {name: row for row, name in enumerate(names)}.items() if not paths[name].exists()]
    for start in track(range(0, len(rows), BATCH), description=f"{len(rows)} pictures", disable=not rows):
        own = rows[start : start + BATCH]
        for row, picture in zip(own, to_bytes(make(own)), strict=True):
            with whole_file(paths[names[row]]) as file:
                Image.fromarray(picture).save(file, "png")
    return np.stack([np.array(Image.open(paths[name])) for name in names])
