import pytest
import torch
from tiny_bundle import STAGES, TINY

from wuerstchen.export.tiny import tiny_tokenizer
from wuerstchen.showcase import generate_picture


def test_a_picture_of_the_sheet_follows_from_its_prompt_and_seed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(STAGES.text_encoder, "tokenizer", tiny_tokenizer())
    first, again = (generate_picture(TINY, STAGES, "red apple", 1) for _ in range(2))
    assert first.shape == (3, TINY.image_side, TINY.image_side)
    assert first.min() >= 0
    assert first.max() <= 1
    assert torch.equal(first, again)
    assert not torch.equal(first, generate_picture(TINY, STAGES, "red apple", 2))
    assert not torch.equal(first, generate_picture(TINY, STAGES, "a blue house", 1))
