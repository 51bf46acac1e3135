"""The data set that `datasets/emoji` and `wuerstchen.prepare` write: raw pictures and captions.

A set of squares is one file, `images.rgb`, or `images.rgba` (straight alpha) where it keeps transparency. A set in
several shapes has one file a shape (an aspect bucket), `images-WIDTHxHEIGHT.rgb`, and each record says which bucket it
is in and its row there.
"""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from torch import Tensor

from wuerstchen.models.alpha import premultiply
from wuerstchen.training.cache import digest_of, file_digest
from wuerstchen.training.masks import open_masks, over_cells
from wuerstchen.training.records import RECORDS, is_held_out, read_records
from wuerstchen.training.set_side import check_side

RGB, RGBA = 3, 4


class BucketArrays:
    """One array a bucket, read by picture number: what a batch asks for must lie in one bucket."""

    def __init__(self, arrays: Mapping[str, np.ndarray], buckets: np.ndarray, rows: np.ndarray) -> None:
        """`buckets` (n,) names and `rows` (n,) row numbers of all pictures."""
        self.arrays, self._buckets, self._rows = arrays, buckets, rows

    def __getitem__(self, pictures: int | np.ndarray) -> np.ndarray:
        """(…) for one picture, (count, …) for an array of them. Raises ValueError where these lie in several
        buckets.
        """
        names = set(np.atleast_1d(self._buckets[pictures]).tolist())
        if len(names) != 1:
            raise ValueError(
                f"a batch has one shape, but these pictures lie in the buckets {', '.join(sorted(names)) or '(none)'}"
            )
        return self.arrays[names.pop()][self._rows[pictures]]


class OnWhite:
    """RGBA pictures (rows, height, width, 4) read as RGB on white, (…, height, width, 3) bytes."""

    def __init__(self, rgba: np.ndarray) -> None:
        self.rgba = rgba

    def __len__(self) -> int:
        return len(self.rgba)

    def __getitem__(self, rows: int | slice | np.ndarray) -> np.ndarray:
        colour, alpha = np.split(self.rgba[rows].astype(np.uint16), [3], axis=-1)
        return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


class PictureSet:
    """Pictures as memory maps of bytes, one a bucket; records in the order of the file.

    `pixels` holds (rows, height, width, 3), transparency on white. `rgba` holds (rows, height, width, 4), straight
    alpha; None where the set has no transparency. `masks` holds (rows, height, width): how much each pixel counts, 0 to
    255; None where the set has none."""

    def __init__(self, directory: Path, side: int) -> None:
        """`side`: that of the model; 0 opens a set in several shapes for any. Raises ValueError where the set was
        prepared for another, or pictures and records do not fit each other, FileNotFoundError where there is no set."""
        self.directory, self.records = directory, read_records(directory)
        check_side(directory, len(self.records), side)
        self.bucket_of = np.array([record.bucket for record in self.records])
        self.rows = np.array(
            [number if record.index is None else record.index for number, record in enumerate(self.records)]
        )
        self.buckets = sorted(set(self.bucket_of.tolist()))
        files = {name: _open_pixels(directory, name, side) for name in self.buckets}
        transparent = all(pixels.shape[-1] == RGBA for pixels in files.values())
        self.rgba = self.by_bucket(files) if transparent else None
        self.pixels = self.by_bucket(
            {name: OnWhite(pixels) for name, pixels in files.items()} if transparent else files
        )
        for name, pixels in self.pixels.arrays.items():
            if len(pixels) != (count := int((self.bucket_of == name).sum())):
                raise ValueError(
                    f"{directory / file_name(name)}: {len(pixels)} pictures but {count} records; build the set again"
                )
            if not np.array_equal(np.sort(self.rows[self.bucket_of == name]), np.arange(count)):
                raise ValueError(
                    f"{directory / RECORDS}: records of {file_name(name)} share a row or skip one; build it again"
                )
        masks = open_masks(directory, {name: pixels.shape[:3] for name, pixels in files.items()})
        self.masks = None if masks is None else self.by_bucket(masks)
        self._split(np.array([is_held_out(r.id) if r.held_out is None else r.held_out for r in self.records]))

    def hold_out(self, least: int) -> None:
        """Holds out more pictures, by their ids, until there are `least`; never more than half of them."""
        missing = min(least, len(self.records) // 2) - len(self.held_out)
        if missing > 0:
            more = sorted(self.train.tolist(), key=lambda i: (crc32(self.records[i].id.encode()), self.records[i].id))[
                :missing
            ]
            self._split(np.isin(np.arange(len(self.records)), [*self.held_out, *more]))

    def _split(self, held_out: np.ndarray) -> None:
        """`held_out` (n,) booleans. Raises ValueError where no weight is left to train on."""
        self.train, self.held_out = np.flatnonzero(~held_out), np.flatnonzero(held_out)
        weights = np.array([record.weight for record in self.records], np.float64)
        if not (np.isfinite(weights).all() and (weights >= 0).all() and weights[self.train].sum() > 0):
            raise ValueError(
                f"{self.directory / RECORDS}: weights must be at least 0, and one of a picture to train on above 0"
            )
        self._draws = [self.train[self.bucket_of[self.train] == name] for name in self.buckets]
        self._draw_shares = [weights[members] / max(weights[members].sum(), 1e-12) for members in self._draws]
        bucket_weights = np.array([weights[members].sum() for members in self._draws])
        self._bucket_shares = bucket_weights / bucket_weights.sum()

    @cached_property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each bucket's pixels and their shape, in hexadecimal: about a second a gigabyte, once a
        process.
        """
        return {
            name: _pixels_digest(self.pixels.arrays[name] if self.rgba is None else self.rgba.arrays[name])
            for name in self.buckets
        }

    @cached_property
    def digest(self) -> str:
        """Changes with every byte of records, pixels and masks, in hexadecimal."""
        masks = [] if self.masks is None else [_pixels_digest(mask) for mask in self.masks.arrays.values()]
        return digest_of(file_digest(self.directory / RECORDS), *self.digests.values(), *masks)

    def by_bucket(self, arrays: Mapping[str, np.ndarray]) -> BucketArrays:
        """Arrays with one row a picture, as `rows_of` orders them, to be read by picture number."""
        return BucketArrays(arrays, self.bucket_of, self.rows)

    def rows_of(self, bucket: str) -> np.ndarray:
        """(rows,) picture numbers of a bucket in the order of its file."""
        members = np.flatnonzero(self.bucket_of == bucket)
        return members[np.argsort(self.rows[members], kind="stable")]

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count,) training pictures of one bucket; buckets, and pictures within one, come up in proportion to
        their weights.
        """
        bucket = 0 if len(self.buckets) == 1 else int(rng.choice(len(self.buckets), p=self._bucket_shares))
        return rng.choice(self._draws[bucket], count, p=self._draw_shares[bucket])

    def in_bucket_of(self, picture: int, candidates: np.ndarray) -> np.ndarray:
        """Those of `candidates` that can stand in one batch with `picture`."""
        return candidates[self.bucket_of[candidates] == self.bucket_of[picture]]

    def held_out_batch(self, count: int) -> np.ndarray:
        """(≤ count,) the first held-out pictures of the bucket that has most of them."""
        names, counts = np.unique(self.bucket_of[self.held_out], return_counts=True)
        return (
            self.held_out[self.bucket_of[self.held_out] == names[counts.argmax()]][:count]
            if len(names)
            else self.held_out
        )

    def images(self, indices: np.ndarray) -> Tensor:
        """(count, 3, height, width) float32 in [0, 1]; the pictures lie in one bucket."""
        return torch.from_numpy(self.pixels[indices]).permute(0, 3, 1, 2).float() / 255

    def premultiplied(self, indices: np.ndarray) -> Tensor:
        """(count, 4, height, width) float32 in [0, 1]: colours times alpha, then alpha. Pictures without
        transparency have alpha 1.
        """
        if self.rgba is None:
            image = self.images(indices)
            return torch.cat([image, torch.ones_like(image[:, :1])], dim=1)
        return premultiply(torch.from_numpy(self.rgba[indices]).permute(0, 3, 1, 2).float() / 255)

    def crops(self, indices: np.ndarray, size: int, step: int, rng: np.random.Generator) -> tuple[Tensor, np.ndarray]:
        """Crops at multiples of `step` pixels: (count, 3, size, size) and their (count, 2) top left corners in
        pixels. A side of the pictures that is shorter than `size` is kept whole.
        """
        cut, corners = self._cut(self.pixels, indices, size, step, rng)
        return torch.from_numpy(cut).permute(0, 3, 1, 2).float() / 255, corners

    def masked(self, indices: np.ndarray) -> Tensor:
        """(count, 5, height, width): what `premultiplied` gives, then the mask. Of a set with masks."""
        return torch.cat([self.premultiplied(indices), torch.from_numpy(over_cells(self.masks[indices]))], dim=1)

    def mask_crops(self, indices: np.ndarray, corners: np.ndarray, size: int) -> np.ndarray:
        """(count, size, size) bytes: the masks of what `crops` cut at these corners. Of a set with masks."""
        return np.stack([self.masks[i][y : y + size, x : x + size] for i, (y, x) in zip(indices, corners, strict=True)])

    def premultiplied_crops(
        self, indices: np.ndarray, size: int, step: int, rng: np.random.Generator, masked: bool = False
    ) -> Tensor:
        """(count, 4, size, size): as `crops`, of what `premultiplied` gives; (count, 5, size, size) of `masked`."""
        cut, corners = self._cut(self.pixels if self.rgba is None else self.rgba, indices, size, step, rng)
        image = torch.from_numpy(cut).permute(0, 3, 1, 2).float() / 255
        image = torch.cat([image, torch.ones_like(image[:, :1])], dim=1) if self.rgba is None else premultiply(image)
        if not masked:
            return image
        return torch.cat([image, torch.from_numpy(over_cells(self.mask_crops(indices, corners, size)))], dim=1)

    def _cut(
        self, pixels: BucketArrays, indices: np.ndarray, size: int, step: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        sides = np.array(pixels[int(indices[0])].shape[:2])
        corners = rng.integers(0, np.maximum(sides - size, 0) // step + 1, (len(indices), 2)) * step
        return np.stack(
            [pixels[i][y : y + size, x : x + size] for i, (y, x) in zip(indices, corners, strict=True)]
        ), corners


def file_name(bucket: str) -> str:
    """The file of a bucket's pictures."""
    return f"images-{bucket}.rgb" if bucket else "images.rgb"


def batch_rng(seed: int, step: int) -> tuple[np.random.Generator, torch.Generator]:
    """The randomness of one step is a function of (seed, step), so a resumed run goes on exactly as it would have."""
    return np.random.default_rng([seed, step]), torch.Generator().manual_seed(seed * 1_000_003 + step)


def _open_pixels(directory: Path, bucket: str, side: int) -> np.ndarray:
    """(rows, height, width, 4) where the set has a file with alpha, else (rows, height, width, 3)."""
    width, height = (int(part) for part in bucket.split("x")) if bucket else (side, side)
    path, channels = directory / file_name(bucket), RGB
    if path.with_suffix(".rgba").exists():
        path, channels = path.with_suffix(".rgba"), RGBA
    if not path.exists() or path.stat().st_size == 0:
        raise FileNotFoundError(f"{path} is missing or empty: prepare the set again")
    pixels = np.memmap(path, dtype=np.uint8, mode="r")
    if len(pixels) % (height * width * channels):
        raise ValueError(
            f"{path} holds no whole number of pictures of {width}x{height}: prepare the set again, for this model"
        )
    return pixels.reshape(-1, height, width, channels)


def _pixels_digest(pixels: np.ndarray) -> str:
    return digest_of(str(pixels.shape), hashlib.sha256(pixels).hexdigest())
