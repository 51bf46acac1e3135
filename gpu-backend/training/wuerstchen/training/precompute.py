"""What never changes during a later stage's training is computed once and memory-mapped: latents of A, of the
compressor, text states.

Every array is keyed by what it was made from, so a picture is never paired with latents or text states of another set
or other weights.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import Tensor

from wuerstchen.config import Config
from wuerstchen.models.build import load_compressor, load_stage_a
from wuerstchen.models.weights_digest import weights_digest
from wuerstchen.training.cache import cached, digest_of
from wuerstchen.training.curriculum import favourite_pictures
from wuerstchen.training.data import RGB, BucketArrays, PictureSet
from wuerstchen.training.recoloured import RecolouredSet, recoloured_items, recoloured_set

BATCH = 64


def stage_a_latents(config: Config, pictures: PictureSet, runs: Path) -> BucketArrays:
    """(c_a, height/4, width/4) float16 a picture."""
    model = load_stage_a(config, runs)
    return map_pictures(
        pictures, runs / "stage-a-latents", model.encode, weights_digest(model), config.picture_channels
    )


def compact_latents(config: Config, pictures: PictureSet, runs: Path) -> BucketArrays:
    """(c, height/downscale, width/downscale) float16 a picture: what Stage C learns to make."""
    model = load_compressor(config, runs)
    return map_pictures(pictures, runs / "stage-c-latents", model, weights_digest(model), config.picture_channels)


def recoloured_latents(config: Config, pictures: PictureSet, runs: Path) -> RecolouredSet:
    """Latents and captions of the favourites in other colours; none where the configuration has no `recolour_c`."""
    items = recoloured_items(config.recolour_c, pictures, favourite_pictures(config.curriculum_c, pictures))
    model, path = load_compressor(config, runs), runs / "stage-c-recoloured-latents.npy"
    return recoloured_set(items, pictures, path, model, weights_digest(model), config.picture_channels)


def latents_key(pictures: PictureSet, bucket: str, encoder: str, picture_channels: int) -> str:
    """`encoder`: digest of what encodes. The pictures' order is that of their bytes; captions play no part."""
    return digest_of("latents", encoder, pictures.digests[bucket], str(picture_channels))


@torch.no_grad()
def map_pictures(
    pictures: PictureSet, stem: Path, encode: Callable[[Tensor], Tensor], encoder: str, picture_channels: int = RGB
) -> BucketArrays:
    """`encode` of every picture, as float16, in STEM.npy (or, for a set in several shapes, one STEM-WIDTHxHEIGHT.npy a
    bucket).

    `encoder` is a digest of `encode`. Pictures are RGB on white, or premultiplied RGBA where `picture_channels` is 4.
    """
    read = pictures.images if picture_channels == RGB else pictures.premultiplied

    def encoded(bucket: str) -> np.ndarray:
        members = pictures.rows_of(bucket)
        parts = [members[start : start + BATCH] for start in range(0, len(members), BATCH)]
        return np.concatenate(
            [encode(read(part)).half().numpy() for part in track(parts, description=latents_path(stem, bucket).stem)]
        )

    def array(bucket: str) -> np.ndarray:
        key = latents_key(pictures, bucket, encoder, picture_channels)
        return cached(latents_path(stem, bucket), key, lambda: encoded(bucket))

    return pictures.by_bucket({bucket: array(bucket) for bucket in pictures.buckets})


def latents_path(stem: Path, bucket: str) -> Path:
    return stem.with_name(f"{stem.name}-{bucket}.npy" if bucket else f"{stem.name}.npy")
