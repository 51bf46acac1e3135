"""Emoji in captions as words, where a tokenizer lacks them: as `shared/prompt/emoji-words.ts` reads prompts, from
the same table.
"""

import functools
import json
import re
from pathlib import Path

from tokenizers import Tokenizer

TABLE = Path(__file__).parents[4] / "shared" / "prompt" / "emoji-names.json"
CODE_POINTS_MAX = 10
SELECTOR, JOINER = "\ufe0f", "\u200d"
JAPANESE = re.compile("[\u3005-\u3007\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
MAY_HOLD_EMOJI = re.compile("[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001ffff]")


@functools.cache
def emoji_names() -> dict[str, list[str]]:
    """Emoji without variation selectors and skin tones to English and Japanese name."""
    return json.loads(TABLE.read_text(encoding="utf-8"))


def emoji_to_words(text: str, tokenizer: Tokenizer) -> str:
    """Each emoji that the tokenizer lacks as its name, in Japanese if the text holds Japanese, else in English.
    Other texts stay.
    """
    unknown = getattr(tokenizer.model, "unk_token", None)
    if not MAY_HOLD_EMOJI.search(text) or unknown is None:
        return text
    language = 1 if JAPANESE.search(text) else 0
    parts, at, changed = [], 0, False
    while at < len(text):
        end, key, tones = _emoji_at(text, at)
        written = text[at:end]
        if key and unknown in tokenizer.encode(written, add_special_tokens=False).tokens:
            parts.append(f" {_name(key, tones, language)} ")
            changed = True
        else:
            parts.append(written)
        at = end
    return " ".join("".join(parts).split()) if changed else text


def _emoji_at(text: str, start: int) -> tuple[int, str, list[str]]:
    """End, key and skin tones of the longest emoji that begins here, or of one character with an empty key."""
    names = emoji_names()
    end, found, found_tones, key, tones = start + 1, "", [], "", []
    for offset, character in enumerate(text[start : start + CODE_POINTS_MAX]):
        if offset > 0 and _is_tone(character):
            tones.append(character)
        elif character != SELECTOR:
            key += character
        if key in names:
            end, found, found_tones = start + offset + 1, key, list(tones)
        elif not found and offset > 2:
            break
    return (end + 1 if found and text[end : end + 1] == JOINER else end), found, found_tones


def _is_tone(character: str) -> bool:
    return "\U0001f3fb" <= character <= "\U0001f3ff"


def _name(key: str, tones: list[str], language: int) -> str:
    names = [emoji_names()[tone][language] for tone in dict.fromkeys(tones)]
    return emoji_names()[key][language] + (f": {', '.join(names)}" if names else "")
