"""What a prompt is to the reuse of latents: the tokens by which the service keys and compares prompts."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

from tokenizers import Tokenizer

from wuerstchen.models.emoji_words import emoji_to_words

Tokens = tuple[str, ...]


def words_of(text: str) -> Tokens:
    """Without a model's tokenizer: words in lower case, and every other sign by itself, as BERT's splits a text."""
    words, word = [], ""
    for letter in unicodedata.normalize("NFKC", text).lower():
        if letter.isalnum() or unicodedata.category(letter).startswith("M"):
            word += letter
            continue
        words += [word, "" if letter.isspace() else letter]
        word = ""
    return tuple(part for part in [*words, word] if part)


def tokens_by(tokenizer: Path, tokens_max: int) -> Callable[[str], Tokens]:
    """Of a bundle's tokenizer, as its server reads a prompt: normalised, emoji as words where it lacks them, cut at
    `tokens_max` with those around every prompt, which are left out here: they say nothing about likeness.
    """
    opened = Tokenizer.from_file(str(tokenizer))
    opened.no_padding()
    opened.enable_truncation(tokens_max)
    around = opened.encode("").ids

    def tokens_of(text: str) -> Tokens:
        ids = opened.encode(emoji_to_words(_normalised(text), opened)).ids
        for each in around:
            ids.remove(each)
        return tuple(map(str, ids))

    return tokens_of


def _normalised(text: str) -> str:
    """As `shared/prompt/normalise-prompt.ts`."""
    kept = "".join(letter for letter in text if letter.isspace() or unicodedata.category(letter) not in ("Cc", "Cs"))
    return " ".join(unicodedata.normalize("NFKC", kept).split())
