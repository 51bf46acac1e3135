"""What the figures of a report are computed from: who is asked, what is recognised, which groups there are."""

from pathlib import Path

import numpy as np
import pytest
from raw_pictures import SQUARE, set_of

from wuerstchen.decision.figures import asked_pictures, bias_of
from wuerstchen.decision.groups import group_trials
from wuerstchen.decision.measured import Measured
from wuerstchen.decision.outside import WORDS_MAX, words_outside
from wuerstchen.decision.verdict import Thresholds, criteria
from wuerstchen.evaluation.recognition import recognised
from wuerstchen.evaluation.set_groups import read_groups, read_open
from wuerstchen.training.data import PictureSet


def test_a_picture_is_recognised_if_the_nearest_real_one_has_its_name() -> None:
    real = np.eye(4)
    assert recognised(real, real, ["a", "b", "c", "d"]).all()
    assert recognised(real[[1, 0, 2, 3]], real, ["a", "b", "c", "d"]).tolist() == [False, False, True, True]
    assert recognised(real[[1, 0]], real, ["a", "a", "c", "d"], ["a", "c"]).tolist() == [True, False]


def test_words_outside_stand_in_no_caption_of_the_set_and_are_spread(tmp_path: Path) -> None:
    pictures = PictureSet(set_of(tmp_path, ["a Red apple", "a pear"], SQUARE), 64)
    assert words_outside(["red apple", "dog", "pear", "dog", "cat"], pictures) == ["dog", "cat"]
    many = words_outside([f"word {number}" for number in range(400)], pictures)
    assert many[:2] == ["word 0", "word 10"]
    assert len(set(many)) == WORDS_MAX


def test_one_picture_of_each_name_is_asked_for_and_held_out_ones_first(tmp_path: Path) -> None:
    pictures = PictureSet(set_of(tmp_path, [f"thing {number // 2}" for number in range(30)], SQUARE), 64)
    asked = asked_pictures(pictures, 10)
    labels = [pictures.records[i].label for i in asked]
    assert len(set(labels)) == len(labels) == 10
    first = len({pictures.records[i].label for i in pictures.held_out})
    assert set(asked[: min(10, first)]) <= set(pictures.held_out.tolist())


def test_groups_of_few_pictures_tell_nothing(tmp_path: Path) -> None:
    pictures = PictureSet(set_of(tmp_path, [f"thing {number}" for number in range(25)], SQUARE), 64)
    halves = {"size": {"small": [f"thing {n}" for n in range(12)], "large": [f"thing {n}" for n in range(12, 25)]}}
    trials = group_trials(halves, pictures, lambda indices: indices % 2 == 0)
    assert trials.keys() == {"size"}
    assert {name: len(own) for name, own in trials["size"].items()} == {"small": 12, "large": 13}
    assert all(0.4 < own.mean() < 0.6 for own in trials["size"].values())
    assert (
        group_trials({"size": {**halves["size"], "large": ["thing 20"]}}, pictures, lambda indices: indices > 0) == {}
    )


def test_equally_good_groups_do_not_miss_the_threshold_by_chance() -> None:
    """Three groups of ten, each recognised in 60 %: in half of such reports two differ by more than 20 points."""
    outcomes = []
    for number in range(100):
        rng = np.random.default_rng([11, number])
        figures = bias_of({"size": {name: rng.random(10) < 0.6 for name in ("small", "middle", "large")}})
        found = criteria(Measured({"bias": figures[0]}, {}, np.zeros(0, int), {}, np.zeros(0), [], []), Thresholds())
        outcomes.append(next(criterion.outcome for criterion in found if criterion.key == "bias"))
    assert figures[0].count == 30
    assert outcomes.count("missed") <= 5
    assert outcomes.count("unsure") >= 90


@pytest.mark.parametrize("text", ["[]", "{", '{"a": ["b"]}', '{"a": {"b": "c"}}', '{"a": {"b": [1]}}'])
def test_a_groups_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "groups.json").write_text(text)
    with pytest.raises(ValueError, match=r"groups\.json"):
        read_groups(tmp_path / "groups.json")


@pytest.mark.parametrize("text", ["[]", "{", '{"a": "b"}', '{"a": [1]}', '{"a": {"b": ["c"]}}'])
def test_a_file_of_open_labels_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    assert read_open(tmp_path / "open.json") == {}
    (tmp_path / "open.json").write_text(text)
    with pytest.raises(ValueError, match=r"open\.json"):
        read_open(tmp_path / "open.json")
