"""A bundle as the report uses it: its graphs, as a server runs them, make and restore pictures of any of the set's
shapes.
"""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from torch import Tensor

from wuerstchen.config import Config
from wuerstchen.evaluation.kept_pictures import kept_pictures
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.training.cache import CODE_VERSION
from wuerstchen.training.data import RGB, PictureSet

# One of each shape of the set: (height, width, 3) bytes.
Pictures = list[np.ndarray]


class BundleModel:
    """Keeps each picture in `directory`, under what drew it and what was asked for."""

    def __init__(self, bundle: Bundle, config: Config, directory: Path) -> None:
        self.bundle, self.config, self.directory = bundle, config, directory
        # All that decides a picture but the request: a configuration may sample the same bundle in another way.
        self._drawn_by = [
            CODE_VERSION,
            bundle.manifest["revision"],
            *(dataclasses.asdict(sampler) for sampler in (config.sampler_b, config.sampler_c)),
            *(stage.prediction for stage in (config.stage_b, config.stage_c)),
        ]
        directory.mkdir(parents=True, exist_ok=True)

    @property
    def restores(self) -> bool:
        """Whether the bundle can turn a picture into a latent."""
        return "compressor" in self.bundle.manifest["graphs"]

    def made_for(self, pictures: PictureSet, indices: np.ndarray) -> Pictures:
        """One picture for the first caption of each record, in its shape, always with the same seed."""

        def made(members: np.ndarray) -> np.ndarray:
            records = [pictures.records[i] for i in members]
            cells = self._cells(pictures, members)
            seeds = [crc32(record.id.encode()) % 2**16 for record in records]
            asked = [
                ["made", *self._drawn_by, record.captions[0], seed, *cells]
                for record, seed in zip(records, seeds, strict=True)
            ]
            return kept_pictures(
                self.directory,
                asked,
                lambda rows: self._make([records[r].captions[0] for r in rows], [seeds[r] for r in rows], cells),
            )

        return by_shape(pictures, indices, made)

    def made_of(self, prompts: list[str], seed: int) -> Pictures:
        """One square picture a prompt."""
        side = self.config.image_side // self.config.latent.downscale
        asked = [["made", *self._drawn_by, prompt, seed, side, side] for prompt in prompts]
        made = lambda rows: self._make([prompts[r] for r in rows], [seed] * len(rows), (side, side))  # noqa: E731
        return list(kept_pictures(self.directory, asked, made))

    def restored(self, pictures: PictureSet, indices: np.ndarray) -> Pictures:
        """Pictures through compressor, Stage B and Stage A: what Stage C could give at best."""

        def made(members: np.ndarray) -> np.ndarray:
            asked = [["restored", *self._drawn_by, pictures.digest, int(i)] for i in members]
            return kept_pictures(self.directory, asked, lambda rows: self._restore(pictures, members[rows]))

        return by_shape(pictures, indices, made)

    def seconds_a_picture(self, prompts: list[str]) -> np.ndarray:
        """(n,) seconds of one picture each, alone, after one that is not counted."""
        side = self.config.image_side // self.config.latent.downscale
        times = []
        for number, prompt in enumerate([prompts[0], *prompts]):
            started = time.perf_counter()
            self._make([prompt], [number], (side, side))
            times.append(time.perf_counter() - started)
        return np.array(times[1:])

    def _cells(self, pictures: PictureSet, members: np.ndarray) -> tuple[int, int]:
        height, width = pictures.pixels[int(members[0])].shape[:2]
        return height // self.config.latent.downscale, width // self.config.latent.downscale

    def _make(self, prompts: list[str], seeds: list[int], cells: tuple[int, int]) -> Tensor:
        shape = (1, self.config.latent.channels, *cells)
        noise = torch.cat([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])
        return self._picture(self.bundle.latents(prompts, noise, self.config))

    @torch.no_grad()
    def _restore(self, pictures: PictureSet, members: np.ndarray) -> Tensor:
        image = pictures.images(members) if self.config.picture_channels == RGB else pictures.premultiplied(members)
        return self._picture(self.bundle.run("compressor", image))

    def _picture(self, latents: Tensor) -> Tensor:
        """(n, 3, h, w) in [0, 1], from latents rounded as a server stores them."""
        return self.bundle.picture(latents.half().float(), self.config)


def by_shape(pictures: PictureSet, indices: np.ndarray, make: Callable[[np.ndarray], np.ndarray]) -> Pictures:
    """`make` of the picture numbers of one shape at a time; its rows in the order of `indices`."""
    rows: dict[int, np.ndarray] = {}
    for bucket in sorted(set(pictures.bucket_of[indices].tolist())):
        members = indices[pictures.bucket_of[indices] == bucket]
        rows |= dict(zip(members.tolist(), make(members), strict=True))
    return [rows[int(index)] for index in indices]


def originals(pictures: PictureSet, indices: np.ndarray) -> Pictures:
    return [np.array(pictures.pixels[int(index)]) for index in indices]
