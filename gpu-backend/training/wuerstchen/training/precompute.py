"""What never changes during a later stage's training is computed once and memory-mapped: latents of A, of the compressor, text states."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import Tensor, nn

from wuerstchen.config import Config
from wuerstchen.models.compressor import Compressor
from wuerstchen.models.stage_a import StageA
from wuerstchen.models.stage_b import StageB
from wuerstchen.models.stage_c import StageC
from wuerstchen.models.text_encoder import TextEncoder
from wuerstchen.training.data import BucketArrays, PictureSet

BATCH = 64
TEXT_POSITIONS_STEP = 24


def new_stage_b(config: Config) -> StageB:
    """A fresh Stage B whose geometry follows from the configuration: Stage A reduces a side four-fold."""
    return StageB(config.stage_b, config.stage_a.latent_channels, config.latent.channels, config.latent.downscale // 4)


def new_stage_c(config: Config) -> StageC:
    return StageC(config.stage_c, config.latent.channels, config.text.width)


def load_part(runs: Path, run: str, part: str, module: nn.Module) -> nn.Module:
    """Loads PART of the averaged weights RUNS/RUN.pt into `module`, set to inference."""
    path = runs / f"{run}.pt"
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: train {run} first")
    state = torch.load(path, weights_only=True)
    module.load_state_dict({name.removeprefix(f"{part}."): t for name, t in state.items() if name.startswith(f"{part}.")})
    return module.eval().requires_grad_(False)


def stage_a_latents(config: Config, pictures: PictureSet, runs: Path) -> BucketArrays:
    """(c_a, height/4, width/4) float16 a picture."""
    model = load_part(runs, "stage-a", "stage_a", StageA(config.stage_a))
    return map_pictures(pictures, runs / "stage-a-latents", model.encode)


def compact_latents(config: Config, pictures: PictureSet, runs: Path) -> BucketArrays:
    """(c, height/downscale, width/downscale) float16 a picture: what Stage C learns to make."""
    model = load_part(runs, "stage-b", "compressor", Compressor(config.latent.channels))
    return map_pictures(pictures, runs / "stage-c-latents", model)


@torch.no_grad()
def map_pictures(pictures: PictureSet, stem: Path, encode: Callable[[Tensor], Tensor]) -> BucketArrays:
    """`encode` of every picture, as float16, in STEM.npy (or, for a set in several shapes, one STEM-WIDTHxHEIGHT.npy a bucket)."""
    arrays = {}
    for bucket in pictures.buckets:
        path = stem.with_name(f"{stem.name}-{bucket}.npy" if bucket else f"{stem.name}.npy")
        if not path.exists():
            members = pictures.rows_of(bucket)
            parts = [members[start : start + BATCH] for start in range(0, len(members), BATCH)]
            encoded = [encode(pictures.images(part)).half().numpy() for part in track(parts, description=path.stem)]
            np.save(path, np.concatenate(encoded))
        arrays[bucket] = np.load(path, mmap_mode="r")
    return pictures.by_bucket(arrays)


class TextStates:
    """Token states of every caption, stored end to end. `rows[i]` lists the caption numbers of picture i."""

    def __init__(self, states: np.ndarray, offsets: np.ndarray, rows: list[list[int]], empty: int) -> None:
        self.states, self.offsets, self.rows, self.empty = states, offsets, rows, empty

    def batch(self, captions: list[int]) -> tuple[Tensor, Tensor]:
        """Padded states (b, t, width) and mask (b, t); t is rounded up to 24, which holds nearly every caption: one shape to compile."""
        lengths = [int(self.offsets[c + 1] - self.offsets[c]) for c in captions]
        longest = -(-max(lengths) // TEXT_POSITIONS_STEP) * TEXT_POSITIONS_STEP
        states = np.zeros((len(captions), longest, self.states.shape[1]), np.float32)
        mask = np.zeros((len(captions), longest), np.float32)
        for row, (caption, length) in enumerate(zip(captions, lengths, strict=True)):
            states[row, :length] = self.states[self.offsets[caption] : self.offsets[caption + 1]]
            mask[row, :length] = 1
        return torch.from_numpy(states), torch.from_numpy(mask)


@torch.no_grad()
def text_states(config: Config, pictures: PictureSet, runs: Path, encoder_directory: Path) -> TextStates:
    """Encodes every caption once; the empty caption, for guidance, is the last."""
    unique = sorted({caption for record in pictures.records for caption in record.captions})
    number = {caption: index for index, caption in enumerate(unique)}
    path, offsets_path = runs / "text-states.npy", runs / "text-offsets.npy"
    if not path.exists():
        encoder = TextEncoder.load(encoder_directory)
        encoded: list[np.ndarray] = []
        for start in track(range(0, len(unique) + 1, 256), description="text-states"):
            encoded += encoder.encode_texts([*unique, ""][start : start + 256], config.text.tokens_max)
        np.save(offsets_path, np.cumsum([0, *[len(states) for states in encoded]]))
        np.save(path, np.concatenate(encoded).astype(np.float16))
    rows = [[number[caption] for caption in record.captions] for record in pictures.records]
    return TextStates(np.load(path, mmap_mode="r"), np.load(offsets_path), rows, len(unique))
