"""Where the new word rows start: at the English rows of what they mean."""

import torch
from tokenizers import Tokenizer
from torch import Tensor

from wuerstchen.languages.lexicon import Pair
from wuerstchen.languages.vocabulary import Vocabulary
from wuerstchen.models.text_encoder import TextEncoder

SPECIAL_TOKENS = 2
TOKENS_MAX = 64


def first_rows(texts: list[tuple[Pair, Tokenizer]], english: TextEncoder, vocabulary: Vocabulary) -> Tensor:
    """(count, width). A word that is a text by itself starts at the mean of its translations' rows, any other at
    that of its texts'.
    """
    alone, among = _Means(vocabulary.count, english), _Means(vocabulary.count, english)
    meanings = english.tokenise([pair.english for pair, _ in texts], TOKENS_MAX)
    for (pair, tokenizer), meaning in zip(texts, meanings, strict=True):
        ids = tokenizer.encode(pair.text).ids
        rows = [token - vocabulary.first for token in ids if token >= vocabulary.first]
        (alone if len(ids) == SPECIAL_TOKENS + 1 else among).add(rows, meaning[1:-1])
    return torch.where(alone.counts[:, None] > 0, alone.means(), among.means())


class _Means:
    """Mean English row of everything a new row was seen with."""

    def __init__(self, count: int, english: TextEncoder) -> None:
        self.words = english.words.weight
        self.sums, self.counts = torch.zeros(count, self.words.shape[1]), torch.zeros(count)

    def add(self, rows: list[int], meaning: list[int]) -> None:
        if rows and meaning:
            mean = self.words[meaning].mean(0)
            for row in rows:
                self.sums[row] += mean
                self.counts[row] += 1

    def means(self) -> Tensor:
        return self.sums / self.counts[:, None].clamp(min=1)
