"""Token ids of the texts to learn from, sorted by length, with the states that the English encoder gives their
meaning.
"""

from dataclasses import dataclass

import numpy as np
import torch
from rich.progress import track
from tokenizers import Tokenizer
from torch import Tensor

from wuerstchen.languages.lexicon import Pair
from wuerstchen.models.text_encoder import TextEncoder

BATCH = 128
# Lengths are rounded up to a multiple of this, so that a batch carries little padding.
LENGTH_STEP = 2


@dataclass(frozen=True)
class Samples:
    """`ids` (n, longest) padded with 0; `groups` are the sample numbers of each rounded length; `meanings` (n,)
    rows of `targets`.
    """

    ids: np.ndarray
    lengths: np.ndarray
    groups: dict[int, np.ndarray]
    meanings: np.ndarray
    targets: Tensor

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count,) samples of one rounded length; each sample of the set is as likely as any other."""
        sizes = np.array([len(group) for group in self.groups.values()])
        group = list(self.groups.values())[rng.choice(len(sizes), p=sizes / sizes.sum())]
        return rng.choice(group, count, replace=len(group) < count)

    def batch(self, numbers: np.ndarray) -> tuple[Tensor, Tensor]:
        """Ids and mask, both (b, t) int64."""
        longest = _rounded(int(self.lengths[numbers].max()))
        mask = np.arange(longest)[None] < self.lengths[numbers][:, None]
        return torch.from_numpy(self.ids[numbers, :longest]), torch.from_numpy(mask.astype(np.int64))


def make_samples(texts: list[tuple[Pair, Tokenizer]], english: TextEncoder, tokens_max: int) -> Samples:
    """One sample for each text as its tokenizer cuts it."""
    cut = [(_encode(tokenizer, pair.text, tokens_max), pair.english) for pair, tokenizer in texts]
    ordered = sorted(cut, key=lambda sample: (len(sample[0]), sample))
    meanings = sorted({meaning for _, meaning in ordered})
    number = {meaning: row for row, meaning in enumerate(meanings)}
    lengths = np.array([len(ids) for ids, _ in ordered])
    ids = np.zeros((len(ordered), _rounded(int(lengths.max()))), np.int64)
    for row, (tokens, _) in enumerate(ordered):
        ids[row, : len(tokens)] = tokens
    rounded = np.array([_rounded(int(length)) for length in lengths])
    groups = {int(length): np.flatnonzero(rounded == length) for length in np.unique(rounded)}
    rows = np.array([number[meaning] for _, meaning in ordered])
    return Samples(ids, lengths, groups, rows, summaries_of(english, meanings, tokens_max, progress=True))


def summarise(states: Tensor, mask: Tensor) -> Tensor:
    """States (b, 1 + t, width) of texts with tokens inside the special ones to (b, 4, width): pooled, [CLS], [SEP],
    mean of the rest.
    """
    pooled, tokens = states[:, 0], states[:, 1:]
    last = mask.sum(1) - 1
    rows = torch.arange(len(states), device=states.device)
    inner = mask.clone()
    inner[:, 0] = 0
    inner[rows, last] = 0
    mean = (tokens * inner[:, :, None]).sum(1) / inner.sum(1, keepdim=True).clamp(min=1)
    return torch.stack([pooled, tokens[:, 0], tokens[rows, last], mean], dim=1)


@torch.no_grad()
def summaries_of(encoder: TextEncoder, texts: list[str], tokens_max: int, progress: bool = False) -> Tensor:
    """(n, 4, width) float32; texts of like length are computed together. `progress` shows a bar."""
    tokens = encoder.tokenise(texts, tokens_max)
    order = sorted(range(len(texts)), key=lambda number: len(tokens[number]))
    result = torch.empty(len(texts), 4, encoder.segment.shape[0])
    for start in track(range(0, len(order), BATCH), description="text states", disable=not progress):
        part = order[start : start + BATCH]
        longest = len(tokens[part[-1]])
        ids = torch.tensor([tokens[n] + [0] * (longest - len(tokens[n])) for n in part])
        mask = torch.tensor([[1] * len(tokens[n]) + [0] * (longest - len(tokens[n])) for n in part])
        result[part] = summarise(encoder(ids, mask), mask)
    return result


def _encode(tokenizer: Tokenizer, text: str, tokens_max: int) -> tuple[int, ...]:
    ids = tokenizer.encode(text).ids
    return (*ids[: tokens_max - 1], ids[-1])


def _rounded(length: int) -> int:
    return -(-length // LENGTH_STEP) * LENGTH_STEP
