"""How often a text's pooled state is nearest to that of what it means."""

import torch.nn.functional as F
from torch import Tensor

from wuerstchen.languages.arrangements import arranged_pairs
from wuerstchen.languages.lexicon import Lexicon, Pair, coloured_nouns
from wuerstchen.languages.samples import summaries_of
from wuerstchen.models.text_encoder import TextEncoder


class Retrieval:
    """`pairs` whose texts are to be found among `meanings`, all of them English, which hold each pair's own."""

    def __init__(self, pairs: list[Pair], meanings: list[str], english: TextEncoder, tokens_max: int) -> None:
        self.pairs, self.meanings, self.tokens_max = pairs, meanings, tokens_max
        self.wanted = self._directions(english, meanings)

    def nearest(self, reader: TextEncoder) -> list[str]:
        """For each pair, the meaning whose pooled state is nearest by cosine to that of its text."""
        scores = self._directions(reader, [pair.text for pair in self.pairs]) @ self.wanted.T  # (pairs, meanings)
        return [self.meanings[row] for row in scores.argmax(1).tolist()]

    def share(self, reader: TextEncoder) -> float:
        """Share of pairs that are found, in [0, 1]."""
        return sum(found == pair.english for pair, found in zip(self.pairs, self.nearest(reader), strict=True)) / len(
            self.pairs
        )

    def _directions(self, encoder: TextEncoder, texts: list[str]) -> Tensor:
        return F.normalize(summaries_of(encoder, texts, self.tokens_max)[:, 0], dim=1)


def retrievals(lexicon: Lexicon, english: TextEncoder, tokens_max: int) -> dict[str, Retrieval]:
    """`names` of all emoji among all their labels; `unseen` colours with nouns among all colours with all nouns;
    `arranged` pairs of things that were never shown among all arrangements.
    """
    learned, unseen = coloured_nouns(lexicon)
    shown, apart = arranged_pairs(lexicon)
    names, combinations = list(lexicon.names), [pair.english for pair in (*learned, *unseen)]
    return {
        "names": Retrieval(names, [pair.english for pair in names], english, tokens_max),
        "unseen": Retrieval(unseen, combinations, english, tokens_max),
        "arranged": Retrieval(apart, [pair.english for pair in (*shown, *apart)], english, tokens_max),
    }
