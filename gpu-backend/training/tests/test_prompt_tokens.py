"""A replay keys and compares prompts as the service does: by the tokens of its model."""

import json
from pathlib import Path

import pytest

from wuerstchen.decision.prompt_tokens import tokens_by, words_of
from wuerstchen.decision.replay import DISTANCE_MAX, distance

ROOT = Path(__file__).resolve().parents[3]
BUNDLE = ROOT / "gpu-backend" / "models" / "emoji-128"
TOKENS_MAX = json.loads((BUNDLE / "model.json").read_text(encoding="utf-8"))["text"]["tokensMax"]
# What the Worker's own tests hold (test/workers/prompt).
CASES = json.loads((ROOT / "test" / "golden" / "prompt-tokens.json").read_text(encoding="utf-8"))
tokens_of = tokens_by(BUNDLE / "tokenizer.json", TOKENS_MAX)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:20])
def test_tokens_are_those_by_which_the_service_finds_a_latent(case: dict) -> None:
    assert tokens_of(case["text"]) == tuple(map(str, case["tokenIds"][1:-1]))


def test_emoji_are_their_names_and_a_text_of_other_signs_is_no_text_of_none() -> None:
    assert tokens_of("🍎") == tokens_of("red apple")
    assert len({tokens_of(text) for text in ("🍎", "🚗", "🐶", "C++", "C#", "की", "का")}) == 7
    assert len({words_of(text) for text in ("🍎", "🚗", "🐶", "C++", "C#", "की", "का", "5%", "5$")}) == 9


@pytest.mark.parametrize("read", [tokens_of, words_of])
def test_near_prompts_are_those_of_the_apis_description(read: object) -> None:
    asked = read("red apple, 3D")
    assert all(distance(asked, read(text)) <= DISTANCE_MAX for text in ("a red apple, 3D", "3D, red apple"))
    assert distance(asked, read("green apple, 3D")) > DISTANCE_MAX
