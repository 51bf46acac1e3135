"""The masks of a prepared set: how much each pixel counts in training, one file a bucket."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
from torch import Tensor

Shares = TypeVar("Shares", np.ndarray, Tensor)


def mask_name(bucket: str) -> str:
    """The file of a bucket's masks."""
    return f"masks-{bucket}.u8" if bucket else "masks.u8"


def over_cells(masks: np.ndarray, cell: int = 1) -> np.ndarray:
    """(b, height, width) bytes to (b, 1, height / cell, width / cell) float32: of each cell the share that is white."""
    count, height, width = masks.shape
    shares = masks.astype(np.float32) / 255
    return shares.reshape(count, height // cell, cell, width // cell, cell).mean((2, 4))[:, None]


def counted(white: Shares, floor: float) -> Shares:
    """How much a place counts of which this share is white: from `floor` for black to 1."""
    return floor + (1 - floor) * white


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
