"""Captions and prompts say the same of an emoji: the cases are those of `test/shared/prompt/emoji-words.test.ts`."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models

from wuerstchen.export.tiny import tiny_tokenizer
from wuerstchen.models.emoji_words import emoji_to_words

CASES = json.loads((Path(__file__).parents[3] / "test" / "golden" / "emoji-words.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"])
def test_a_caption_reads_an_emoji_as_a_prompt_does(case: dict[str, str]) -> None:
    assert emoji_to_words(case["text"], tiny_tokenizer()) == case["words"]


def test_a_tokenizer_without_an_unknown_token_is_given_emoji_as_they_are() -> None:
    assert emoji_to_words("🍎", Tokenizer(models.BPE())) == "🍎"
