"""Text states of all captions of a set, encoded once."""

import functools
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import Tensor

from wuerstchen.config import Config
from wuerstchen.models.text_encoder import TextEncoder
from wuerstchen.training.cache import cached, digest_of, file_digest
from wuerstchen.training.distributed import rank

BATCH = 256


@dataclass(frozen=True)
class CaptionEncoder:
    """`encode`: texts to one (1 + t, width) array a text, the pooled state, then the tokens, of which `tokens_max` are
    read.

    `count`: texts to the tokens that each has before it is cut, those of its start and end included. `digest`: of its
    weights.
    """

    encode: Callable[[list[str]], list[np.ndarray]]
    count: Callable[[list[str]], list[int]]
    tokens_max: int
    digest: str


class TextStates:
    """Token states of every caption, stored end to end. `rows[i]` lists the caption numbers of picture i."""

    def __init__(self, states: np.ndarray, tokens: np.ndarray, tokens_max: int, rows: list[list[int]]) -> None:
        """`states` (sum of lengths, width); `tokens` (captions,) before the cut. The last caption is the empty one,
        for guidance.
        """
        self.states, self.tokens, self.tokens_max, self.rows = states, tokens, tokens_max, rows
        self.lengths = 1 + np.minimum(tokens, tokens_max)
        self.offsets, self.empty = np.cumsum([0, *self.lengths]), len(tokens) - 1
        if len(states) != self.offsets[-1]:
            raise ValueError(f"{len(states)} text states, but the captions have {self.offsets[-1]}")

    @property
    def share_cut(self) -> float:
        """Of the pictures' captions, in [0, 1]: those with more than `tokens_max` tokens, whose end nothing reads."""
        captions = np.array([caption for row in self.rows for caption in row], np.int64)
        return float((self.tokens[captions] > self.tokens_max).mean()) if len(captions) else 0.0

    def batch(self, captions: list[int], multiple: int | None = None) -> tuple[Tensor, Tensor]:
        """Padded states (b, t, width) and mask (b, t); nothing is cut. t is that of the set's longest caption: one
        shape to compile. With `multiple`, t - 1 is the least one that holds the batch's: a few shapes, fewer products.
        """
        longest = int(self.lengths.max())
        if multiple is not None:
            tokens = int(self.lengths[captions].max()) - 1
            longest = 1 + multiple * math.ceil(tokens / multiple)
        states = np.zeros((len(captions), longest, self.states.shape[1]), np.float32)
        mask = np.zeros((len(captions), longest), np.float32)
        for row, caption in enumerate(captions):
            length = self.lengths[caption]
            states[row, :length] = self.states[self.offsets[caption] : self.offsets[caption] + length]
            mask[row, :length] = 1
        return torch.from_numpy(states), torch.from_numpy(mask)


def text_states(config: Config, captions: list[tuple[str, ...]], runs: Path, directory: Path) -> TextStates:
    """Of `captions` of each picture, by the text encoder of `directory`; RUNS keeps them."""
    return cached_text_states(captions, runs, caption_encoder(config, directory))


def caption_encoder(config: Config, directory: Path) -> CaptionEncoder:
    """The text encoder of `directory`, loaded when it is first used."""
    load, limit = functools.cache(lambda: TextEncoder.load(directory)), config.text.tokens_max
    files = [file_digest(directory / name) for name in ("config.json", "model.safetensors", "tokenizer.json")]
    return CaptionEncoder(
        lambda texts: load().encode_texts(texts, limit),
        lambda texts: load().count_tokens(texts),
        limit,
        digest_of(*files),
    )


def cached_text_states(captions: list[tuple[str, ...]], runs: Path, encoder: CaptionEncoder) -> TextStates:
    """As `text_states`, by any encoder. Says how many captions are longer than it reads."""
    texts = distinct(captions)
    number, key = {text: index for index, text in enumerate(texts)}, text_key(texts, encoder)
    tokens = cached(tokens_path(runs), key, lambda: np.array(encoder.count(texts)))
    states = cached(states_path(runs), key, lambda: _encode(texts, encoder))
    text = TextStates(states, tokens, encoder.tokens_max, [[number[caption] for caption in row] for row in captions])
    _report_cut(text)
    return text


def distinct(captions: Iterable[tuple[str, ...]]) -> list[str]:
    """The captions in the order of their states; the empty one is the last."""
    return [*sorted({caption for row in captions for caption in row} - {""}), ""]


def text_key(texts: list[str], encoder: CaptionEncoder) -> str:
    return digest_of("text", encoder.digest, str(encoder.tokens_max), json.dumps(texts))


def tokens_path(runs: Path) -> Path:
    return runs / "text-tokens.npy"


def states_path(runs: Path) -> Path:
    return runs / "text-states.npy"


@torch.no_grad()
def _encode(texts: list[str], encoder: CaptionEncoder) -> np.ndarray:
    starts = track(range(0, len(texts), BATCH), description="text-states")
    return np.concatenate(
        [states for start in starts for states in encoder.encode(texts[start : start + BATCH])]
    ).astype(np.float16)


def _report_cut(text: TextStates) -> None:
    if text.share_cut > 0 and rank() == 0:
        print(
            f"text: {text.share_cut:.1%} of the captions have more than {text.tokens_max} tokens and are cut there "
            "(the longest has "
            f"{int(text.tokens.max())}): shorten them, or train a model with a larger text.tokens_max"
        )
