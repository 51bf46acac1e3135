"""Captions reach training as long as the configuration says, and what is cut is counted."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import CONFIGS

from wuerstchen.config import Config, load_config
from wuerstchen.models.text_encoder import TextEncoder
from wuerstchen.training.records import Record
from wuerstchen.training.sources import text_encoder_directory
from wuerstchen.training.stage_c import CAPTION_DROP, DESCRIPTION_SHARE, choose_caption, choose_text, choose_texts
from wuerstchen.training.text_states import TextStates, text_states

SHORT = "red apple"  # [CLS] red apple [SEP]
# 24 words of one token each, between [CLS] and [SEP]
LONG = "a small red apple with one green leaf on a white plate beside a blue cup and a silver spoon on a wooden table"


def reads(tokens_max: int) -> Config:
    tiny = load_config(CONFIGS / "tiny.toml")
    return dataclasses.replace(tiny, text=dataclasses.replace(tiny.text, tokens_max=tokens_max))


def test_a_caption_below_the_limit_is_read_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = text_states(reads(32), [(SHORT, LONG)], tmp_path, text_encoder_directory())
    states, mask = text.batch(text.rows[0])
    encoded = TextEncoder.load(text_encoder_directory()).encode_texts([SHORT, LONG], 32)
    assert mask.sum(1).tolist() == [1 + 4, 1 + 26]
    for row, expected in enumerate(encoded):
        assert np.allclose(states[row, : len(expected)], expected, atol=2e-3)
        assert not states[row, len(expected) :].any()
    assert text.share_cut == 0
    assert "cut" not in capsys.readouterr().out


def test_captions_over_the_limit_are_cut_there_and_their_share_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    captions = [(SHORT, LONG), (LONG,), (SHORT,)]
    for _ in range(2):  # encoded, then found again
        text = text_states(reads(16), captions, tmp_path, text_encoder_directory())
        assert text.batch(text.rows[1])[1].sum() == 1 + 16
        assert text.share_cut == 0.5
        said = " ".join(capsys.readouterr().out.split())
        assert "50.0% of the captions have more than 16 tokens and are cut there (the longest has 26)" in said


def test_all_batches_have_the_shape_of_the_longest_caption(tmp_path: Path) -> None:
    text = text_states(reads(32), [(SHORT,), (LONG,)], tmp_path, text_encoder_directory())
    assert text.batch([text.empty])[0].shape == text.batch(text.rows[1])[0].shape == (1, 1 + 26, 384)


def test_a_set_without_captions_has_the_empty_one(tmp_path: Path) -> None:
    text = text_states(reads(16), [], tmp_path, text_encoder_directory())
    assert text.share_cut == 0
    assert text.batch([text.empty])[1].sum() == 1 + 2


def test_a_batch_may_be_as_short_as_its_texts_and_loses_no_token() -> None:
    text = TextStates(np.arange(33 * 4, dtype=np.float16).reshape(33, 4), np.array([2, 9, 18, 0]), 32, [[0, 1, 2]])
    assert text.batch([0, 3])[0].shape == (2, 1 + 18, 4)
    for captions, tokens in (([0, 3], 8), ([0, 1], 16), ([2], 24)):
        states, mask = text.batch(captions, multiple=8)
        assert states.shape == (len(captions), 1 + tokens, 4) and mask.shape == states.shape[:2]
        whole, wide = text.batch(captions)
        kept = min(states.shape[1], whole.shape[1])
        assert torch.equal(states[:, :kept], whole[:, :kept]) and mask.sum() == wide.sum()


def record(description: str) -> Record:
    captions = ("apple, flat", "flat apple", "apple", "fruit, flat")
    return Record("set/apple", "CC0-1.0", "flat", "apple", "emoji", 1.0, captions, description=description)


def test_a_description_is_learned_beside_the_captions_and_not_as_a_synonym() -> None:
    described, rng = record("apple, mostly red, flat style"), np.random.default_rng(0)
    assert described.texts == (*described.captions, "apple, mostly red, flat style")
    plain = {described.texts[choose_text(list(range(5)), described, rng, False)] for _ in range(400)}
    assert plain == set(described.captions)
    assert described.texts[choose_text(list(range(5)), described, rng, True)] == described.description


def test_batches_are_described_or_captioned_as_often_as_they_should_be() -> None:
    described, rng = record("apple, mostly red, flat style"), np.random.default_rng(0)
    text = TextStates(np.zeros((6, 1), np.float16), np.zeros(6, np.int64), 32, [list(range(5))] * 2)
    batches = [choose_texts(np.array([0, 1] * 8), text, [described], rng) for _ in range(4000)]
    own = [{row for row in batch[::2] if row != text.empty} for batch in batches]
    assert all(rows == {4} or 4 not in rows for rows in own if rows)
    assert abs(sum(4 in rows for rows in own) / 4000 - DESCRIPTION_SHARE) < 0.03
    assert set().union(*own) == set(range(5))
    # The second of the two stands behind the last record: recoloured, and never described by what it was before.
    recoloured = [row for batch in batches for row in batch[1::2]]
    assert abs(recoloured.count(text.empty) / len(recoloured) - CAPTION_DROP) < 0.03


def test_a_picture_without_a_description_draws_what_it_drew_before() -> None:
    plain, rows = record(""), [4, 5, 6, 7]
    assert plain.texts == plain.captions
    now, before = np.random.default_rng(3), np.random.default_rng(3)
    drawn = [choose_text(rows, plain, now, described=True) for _ in range(50)]
    assert drawn == [choose_caption(rows, before) for _ in range(50)]
