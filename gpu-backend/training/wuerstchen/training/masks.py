"""The masks of a prepared set: how much each pixel counts in training, one file a bucket."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np


def mask_name(bucket: str) -> str:
    """The file of a bucket's masks."""
    return f"masks-{bucket}.u8" if bucket else "masks.u8"


def open_masks(directory: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray] | None:
    """(rows, height, width) bytes a bucket, whose pictures have these shapes; None for a set without masks. Raises
    ValueError where masks and pictures do not fit each other.
    """
    paths = {name: directory / mask_name(name) for name in shapes}
    if not any(path.exists() for path in paths.values()):
        return None
    for name, path in paths.items():
        if not path.exists() or path.stat().st_size != math.prod(shapes[name]):
            raise ValueError(f"{path} does not hold a mask for each picture: prepare the set again")
    return {name: np.memmap(path, dtype=np.uint8, mode="r", shape=shapes[name]) for name, path in paths.items()}
