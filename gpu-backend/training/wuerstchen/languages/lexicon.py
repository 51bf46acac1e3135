"""What a language calls things: LANGUAGE.toml (written by hand) and LANGUAGE.cldr.json (by
datasets/emoji/translate.ts).
"""

import json
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from zlib import crc32

import numpy as np

HELD_OUT_PERCENT = 10
COLOURED_SHARE = 1 / 3


@dataclass(frozen=True)
class Pair:
    """A text and what it means; both as a user may write them."""

    text: str
    english: str


@dataclass(frozen=True)
class Lexicon:
    """`spellings` maps an English word to the ways it is written; `names` are emoji names, one for each English
    caption label.
    """

    spellings: dict[str, tuple[str, ...]]
    colours: tuple[str, ...]
    nouns: tuple[str, ...]
    names: tuple[Pair, ...]
    words: tuple[Pair, ...]
    wrappers: tuple[Pair, ...]
    joins: tuple[Pair, ...]
    arrangements: tuple[Pair, ...]


def normalised(text: str) -> str:
    """As the Worker normalises a prompt before it reaches the tokenizer."""
    return unicodedata.normalize("NFKC", text)


def load_lexicon(directory: Path, language: str) -> Lexicon:
    """Raises FileNotFoundError naming the file that a language lacks."""
    table = tomllib.loads((directory / f"{language}.toml").read_text(encoding="utf-8"))
    cldr = json.loads((directory / f"{language}.cldr.json").read_text(encoding="utf-8"))
    groups = {
        group: {english: tuple(normalised(v).split()) for english, v in table[group].items()}
        for group in ("colours", "nouns", "words")
    }
    return Lexicon(
        spellings=groups["words"] | groups["nouns"] | groups["colours"],
        colours=tuple(groups["colours"]),
        nouns=tuple(groups["nouns"]),
        names=tuple(Pair(normalised(name), english) for english, name in cldr["names"]),
        words=tuple(Pair(normalised(word), english) for word, english in cldr["words"]),
        wrappers=tuple(Pair(*wrapper) for wrapper in table["wrappers"]),
        joins=tuple(Pair(*join) for join in table["joins"]),
        arrangements=tuple(Pair(normalised(text), english) for text, english in table["arrangements"]),
    )


def written_by_hand(lexicon: Lexicon) -> list[Pair]:
    return [Pair(spelling, english) for english, spellings in lexicon.spellings.items() for spelling in spellings]


def single_concepts(lexicon: Lexicon) -> list[Pair]:
    """Every name, keyword and spelling by itself. What is written by hand replaces a keyword that CLDR seemed to
    translate otherwise.
    """
    known = {pair.text for pair in (*written_by_hand(lexicon), *lexicon.names)}
    return [*lexicon.names, *written_by_hand(lexicon), *(pair for pair in lexicon.words if pair.text not in known)]


def coloured_nouns(lexicon: Lexicon) -> tuple[list[Pair], list[Pair]]:
    """Every colour with every noun: those to learn from, and a tenth that is never shown."""
    labels = {pair.english for pair in lexicon.names}
    learned, unseen = [], []
    for colour, noun in product(lexicon.colours, lexicon.nouns):
        pair = Pair(lexicon.spellings[colour][0] + lexicon.spellings[noun][0], f"{colour} {noun}")
        held_out = crc32(pair.english.encode()) % 100 < HELD_OUT_PERCENT and pair.english not in labels
        (unseen if held_out else learned).append(pair)
    return learned, unseen


def training_pairs(lexicon: Lexicon, seed: int, further: Sequence[Pair] = ()) -> list[Pair]:
    """Single concepts, a third of nouns and names in colours, two nouns side by side, and `further` ones; each of them
    once more with a style or so.

    What is written by hand, as what people ask for most, stands there three times."""
    rng = np.random.default_rng(seed)
    coloured = [pair for pair in coloured_nouns(lexicon)[0] if rng.random() < COLOURED_SHARE]
    plain = [
        *single_concepts(lexicon),
        *2 * written_by_hand(lexicon),
        *coloured,
        *_coloured_names(lexicon, rng),
        *_joined(lexicon, rng),
        *further,
    ]
    wrappers = lexicon.wrappers[1:]
    return [*plain, *(fill(wrappers[rng.integers(len(wrappers))], pair) for pair in plain)]


def _coloured_names(lexicon: Lexicon, rng: np.random.Generator) -> Iterator[Pair]:
    """Unless a name holds a colour, or is a noun, whose combinations are chosen above."""
    nouns = {*lexicon.nouns, *(spelling for noun in lexicon.nouns for spelling in lexicon.spellings[noun])}
    for pair in lexicon.names:
        if (
            rng.random() < COLOURED_SHARE
            and not nouns & {pair.text, pair.english}
            and not set(pair.english.split()) & set(lexicon.colours)
        ):
            colour = lexicon.colours[rng.integers(len(lexicon.colours))]
            yield Pair(lexicon.spellings[colour][0] + pair.text, f"{colour} {pair.english}")


def _joined(lexicon: Lexicon, rng: np.random.Generator) -> Iterator[Pair]:
    for first in lexicon.nouns:
        second = lexicon.nouns[rng.integers(len(lexicon.nouns))]
        join = lexicon.joins[rng.integers(len(lexicon.joins))]
        yield fill(join, Pair(lexicon.spellings[first][0], first), Pair(lexicon.spellings[second][0], second))


def fill(template: Pair, *parts: Pair) -> Pair:
    """A text and its meaning, each with the words of `parts` at its places."""
    return Pair(template.text.format(*(p.text for p in parts)), template.english.format(*(p.english for p in parts)))
