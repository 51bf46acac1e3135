"""What never changes during a later stage's training is computed once and memory-mapped: latents of A, of the compressor, text states."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import Tensor

from wuerstchen.config import Config
from wuerstchen.models.build import load_compressor, load_stage_a
from wuerstchen.models.text_encoder import TextEncoder
from wuerstchen.training.curriculum import favourite_pictures
from wuerstchen.training.data import RGB, BucketArrays, PictureSet
from wuerstchen.training.recoloured import RecolouredSet, recoloured_items, recoloured_set

BATCH = 64
TEXT_POSITIONS = 16
# Texts to one (1 + t, width) array a text: the pooled state, then the tokens.
EncodeTexts = Callable[[list[str]], list[np.ndarray]]


def stage_a_latents(config: Config, pictures: PictureSet, runs: Path) -> BucketArrays:
    """(c_a, height/4, width/4) float16 a picture."""
    return map_pictures(pictures, runs / "stage-a-latents", load_stage_a(config, runs).encode, config.picture_channels)


def compact_latents(config: Config, pictures: PictureSet, runs: Path) -> BucketArrays:
    """(c, height/downscale, width/downscale) float16 a picture: what Stage C learns to make."""
    return map_pictures(pictures, runs / "stage-c-latents", load_compressor(config, runs), config.picture_channels)


def recoloured_latents(config: Config, pictures: PictureSet, runs: Path) -> RecolouredSet:
    """Latents and captions of the favourites in other colours; none where the configuration has no `recolour_c`."""
    items = recoloured_items(config.recolour_c, pictures, favourite_pictures(config.curriculum_c, pictures))
    model = load_compressor(config, runs)
    return recoloured_set(items, pictures, runs / "stage-c-recoloured-latents.npy", model, config.picture_channels)


@torch.no_grad()
def map_pictures(pictures: PictureSet, stem: Path, encode: Callable[[Tensor], Tensor], picture_channels: int = RGB) -> BucketArrays:
    """`encode` of every picture, as float16, in STEM.npy (or, for a set in several shapes, one STEM-WIDTHxHEIGHT.npy a bucket).

    Pictures are RGB on white, or premultiplied RGBA where `picture_channels` is 4."""
    arrays, read = {}, pictures.images if picture_channels == RGB else pictures.premultiplied
    for bucket in pictures.buckets:
        path = stem.with_name(f"{stem.name}-{bucket}.npy" if bucket else f"{stem.name}.npy")
        if not path.exists():
            members = pictures.rows_of(bucket)
            parts = [members[start : start + BATCH] for start in range(0, len(members), BATCH)]
            encoded = [encode(read(part)).half().numpy() for part in track(parts, description=path.stem)]
            np.save(path, np.concatenate(encoded))
        arrays[bucket] = np.load(path, mmap_mode="r")
    return pictures.by_bucket(arrays)


class TextStates:
    """Token states of every caption, stored end to end. `rows[i]` lists the caption numbers of picture i."""

    def __init__(self, states: np.ndarray, offsets: np.ndarray, rows: list[list[int]], empty: int, positions: int = TEXT_POSITIONS) -> None:
        self.states, self.offsets, self.rows, self.empty, self.positions = states, offsets, rows, empty, positions

    def batch(self, captions: list[int]) -> tuple[Tensor, Tensor]:
        """Padded states (b, 16, width) and mask (b, 16): one shape to compile. 97 % of captions fit; of the others the rest is cut."""
        lengths = [min(int(self.offsets[c + 1] - self.offsets[c]), self.positions) for c in captions]
        longest = self.positions
        states = np.zeros((len(captions), longest, self.states.shape[1]), np.float32)
        mask = np.zeros((len(captions), longest), np.float32)
        for row, (caption, length) in enumerate(zip(captions, lengths, strict=True)):
            states[row, :length] = self.states[self.offsets[caption] : self.offsets[caption] + length]
            mask[row, :length] = 1
        return torch.from_numpy(states), torch.from_numpy(mask)


def text_states(config: Config, captions: list[tuple[str, ...]], runs: Path, encoder_directory: Path) -> TextStates:
    """Encodes every caption once; `captions` of each picture. The empty caption, for guidance, is the last."""

    def load_encoder() -> EncodeTexts:
        return partial(TextEncoder.load(encoder_directory).encode_texts, tokens_max=config.text.tokens_max)

    return cached_text_states(captions, runs, load_encoder)


def cached_text_states(
    captions: list[tuple[str, ...]], runs: Path, load_encoder: Callable[[], EncodeTexts], positions: int = TEXT_POSITIONS
) -> TextStates:
    """As `text_states`, by any encoder; it is loaded where RUNS holds no states yet. A batch has `positions` states a caption."""
    unique = sorted({caption for row in captions for caption in row})
    number = {caption: index for index, caption in enumerate(unique)}
    path, offsets_path = runs / "text-states.npy", runs / "text-offsets.npy"
    if not path.exists() or len(np.load(offsets_path)) != len(unique) + 2:
        _encode_captions([*unique, ""], load_encoder(), path, offsets_path)
    rows = [[number[caption] for caption in row] for row in captions]
    return TextStates(np.load(path, mmap_mode="r"), np.load(offsets_path), rows, len(unique), positions)


@torch.no_grad()
def _encode_captions(captions: list[str], encode: EncodeTexts, path: Path, offsets_path: Path) -> None:
    encoded: list[np.ndarray] = []
    for start in track(range(0, len(captions), 256), description="text-states"):
        encoded += encode(captions[start : start + 256])
    np.save(offsets_path, np.cumsum([0, *[len(states) for states in encoded]]))
    np.save(path, np.concatenate(encoded).astype(np.float16))
