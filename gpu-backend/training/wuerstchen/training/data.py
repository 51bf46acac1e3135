"""The data set that `datasets/emoji` builds: raw pictures, captions, and what is computed from them once."""

import json
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from torch import Tensor

HELD_OUT_PERCENT = 2


@dataclass(frozen=True)
class Record:
    id: str
    licence: str
    style: str
    label: str
    kind: str
    weight: float
    captions: tuple[str, ...]


class PictureSet:
    """Pictures as a memory map (n, side, side, 3) of bytes, records in the same order."""

    def __init__(self, directory: Path, side: int) -> None:
        self.directory = directory
        with open(directory / "records.jsonl", encoding="utf-8") as file:
            self.records = [_record(json.loads(line)) for line in file]
        self.pixels = np.memmap(directory / "images.rgb", dtype=np.uint8, mode="r").reshape(-1, side, side, 3)
        if len(self.pixels) != len(self.records):
            raise ValueError(f"{directory}: {len(self.pixels)} pictures but {len(self.records)} records; build the set again")
        held_out = np.array([is_held_out(record.id) for record in self.records])
        self.train, self.held_out = np.flatnonzero(~held_out), np.flatnonzero(held_out)
        weights = np.array([record.weight for record in self.records])[self.train]
        self._train_share = weights / weights.sum()

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count,) indices of training pictures, in proportion to their weights."""
        return rng.choice(self.train, count, p=self._train_share)

    def images(self, indices: np.ndarray) -> Tensor:
        """(count, 3, side, side) float32 in [0, 1]."""
        return torch.from_numpy(self.pixels[indices]).permute(0, 3, 1, 2).float() / 255

    def crops(self, indices: np.ndarray, size: int, step: int, rng: np.random.Generator) -> tuple[Tensor, np.ndarray]:
        """Square crops at multiples of `step` pixels: (count, 3, size, size) and their (count, 2) top left corners in pixels."""
        corners = rng.integers(0, (self.pixels.shape[1] - size) // step + 1, (len(indices), 2)) * step
        cut = np.stack([self.pixels[i, y : y + size, x : x + size] for i, (y, x) in zip(indices, corners, strict=True)])
        return torch.from_numpy(cut).permute(0, 3, 1, 2).float() / 255, corners


def is_held_out(record_id: str) -> bool:
    """A stable split: it depends on the id alone, so a larger set keeps its held-out pictures."""
    return crc32(record_id.encode()) % 100 < HELD_OUT_PERCENT


def batch_rng(seed: int, step: int) -> tuple[np.random.Generator, torch.Generator]:
    """The randomness of one step is a function of (seed, step), so a resumed run goes on exactly as it would have."""
    return np.random.default_rng([seed, step]), torch.Generator().manual_seed(seed * 1_000_003 + step)


def _record(values: dict) -> Record:
    return Record(**{**values, "captions": tuple(values["captions"])})
