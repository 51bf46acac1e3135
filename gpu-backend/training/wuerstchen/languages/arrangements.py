"""Things in one picture as a language says them: 王冠をかぶった犬 is "dog with a crown", 鍵2つ is "two keys".

The English side has the words of the captions that datasets/emoji/composites.ts writes.
"""

import re
from zlib import crc32

import numpy as np

from wuerstchen.languages.lexicon import HELD_OUT_PERCENT, Lexicon, Pair, fill

PAIRS_EACH = 80
SEED = 2306
# Names of things that can be counted, as composites.ts takes them.
THING = re.compile(r"[a-z]+( [a-z]+)?")


class Name(str):
    """An English name in a template: `{0:a}` has its article, `{0:s}` is its plural."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        if spec == "a":
            return f"{'an' if self[0] in 'aeio' else 'a'} {self}"
        return plural(self) if spec == "s" else str(self)


def plural(name: str) -> str:
    """Regular plurals alone, as the captions have them."""
    if re.search(r"(s|x|ch|sh)$", name):
        return f"{name}es"
    return f"{name[:-1]}ies" if re.search(r"[^aeiou]y$", name) else f"{name}s"


def arranged_pairs(lexicon: Lexicon) -> tuple[list[Pair], list[Pair]]:
    """Each arrangement with eighty pairs of things: those to learn from, and those with a tenth of the pairs, which
    are never shown. Of one thing, a tenth is never shown in that number.
    """
    rng, things = np.random.default_rng(SEED), _things(lexicon)
    learned, unseen = [], []
    for arrangement in lexicon.arrangements:
        for _ in range(PAIRS_EACH):
            first, second = (things[int(number)] for number in rng.integers(len(things), size=2))
            held_out = is_held_out(first.english, second.english if "{1" in arrangement.text else arrangement.english)
            (unseen if held_out else learned).append(fill(arrangement, _named(first), _named(second)))
    return learned, unseen


def is_held_out(first: str, second: str) -> bool:
    """Whichever of the two stands first."""
    return crc32(" ".join(sorted((first, second))).encode()) % 100 < HELD_OUT_PERCENT


def _things(lexicon: Lexicon) -> list[Pair]:
    by_hand = [Pair(spelling, noun) for noun in lexicon.nouns for spelling in lexicon.spellings[noun]]
    return [*by_hand, *(pair for pair in lexicon.names if THING.fullmatch(pair.english))]


def _named(pair: Pair) -> Pair:
    return Pair(pair.text, Name(pair.english))
