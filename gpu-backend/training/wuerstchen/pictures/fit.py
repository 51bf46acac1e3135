"""A picture in the shape of its bucket: a part of it, or all of it between bars of white."""

from typing import Literal

import numpy as np
from PIL import Image, ImageOps

# The largest centred part, the largest part where most edges are, or the whole picture on white.
Fit = Literal["crop", "focus", "pad"]
FITS: tuple[Fit, ...] = ("crop", "focus", "pad")
FOCUS_SIDE = 64
Box = tuple[float, float, float, float]


def fit(image: Image.Image, size: tuple[int, int], how: Fit = "crop") -> np.ndarray:
    """(height, width, 3) bytes of `size` (width, height), bilinear with antialiasing."""
    if how == "pad":
        return np.asarray(ImageOps.pad(image, size, Image.Resampling.BILINEAR, color="white"))
    box = _box(image, size, _focus(image) if how == "focus" else None)
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR, box=box))


def fit_mask(mask: Image.Image, image: Image.Image, size: tuple[int, int], how: Fit) -> np.ndarray:
    """(height, width) bytes: the part of a mask that `fit` takes of its `image`; bars of padding are 0."""
    if mask.size != image.size:
        mask = mask.resize(image.size, Image.Resampling.BILINEAR)
    if how == "pad":
        return np.asarray(ImageOps.pad(mask, size, Image.Resampling.BILINEAR, color="black"))
    box = _box(image, size, _focus(image) if how == "focus" else None)
    return np.asarray(mask.resize(size, Image.Resampling.BILINEAR, box=box))


def cut_share(image: Image.Image, size: tuple[int, int], how: Fit) -> float:
    """The share of a picture's area that `fit` leaves out, from 0 on."""
    if how == "pad":
        return 0.0
    ratio = size[0] / size[1] / (image.width / image.height)
    return 1 - min(ratio, 1 / ratio)


def _box(image: Image.Image, size: tuple[int, int], focus: np.ndarray | None) -> Box:
    """The largest part of the aspect ratio of `size`: centred, or where it holds most of `focus` (rows, columns)."""
    scale = min(image.width / size[0], image.height / size[1])
    width, height = size[0] * scale, size[1] * scale
    left, top = (image.width - width) / 2, (image.height - height) / 2
    if focus is not None:
        left = _best_start(focus.sum(0), width / image.width) * image.width
        top = _best_start(focus.sum(1), height / image.height) * image.height
    # Rounding must not lead out of the picture: Pillow refuses such a box.
    return max(0.0, left), max(0.0, top), min(left + width, float(image.width)), min(top + height, float(image.height))


def _focus(image: Image.Image) -> np.ndarray:
    """(64, 64): how strongly brightness changes in each cell."""
    grey = np.asarray(image.convert("L").resize((FOCUS_SIDE, FOCUS_SIDE), Image.Resampling.BOX), np.float32)
    rows, columns = np.gradient(grey)
    return np.hypot(rows, columns)


def _best_start(weights: np.ndarray, share: float) -> float:
    """Where, from 0 to 1 - share, a window of this share begins that holds most; of equal ones, the one nearest to
    the middle.
    """
    cells = max(1, round(share * len(weights)))
    sums = np.convolve(weights, np.ones(cells), "valid")
    starts = np.flatnonzero(sums >= sums.max() * (1 - 1e-6))
    start = starts[np.abs(starts - (len(weights) - cells) / 2).argmin()]
    return (1 - share) * float(start) / max(1, len(weights) - cells) if len(weights) > cells else 0.0
