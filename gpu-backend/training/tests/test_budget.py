"""A budget of minutes: stages share what is left of it, and a stopped training ends in the weights of one that
never was.
"""

import dataclasses
import json
import sys
from itertools import count
from pathlib import Path

import pytest
import torch
from conftest import CONFIGS

from wuerstchen import train
from wuerstchen.config import load_config
from wuerstchen.training import loop
from wuerstchen.training.budget import SHARES, STEPS_MIN, Budget, in_steps
from wuerstchen.training.data import PictureSet

TINY = load_config(CONFIGS / "tiny.toml")
STAGES = ("a", "b", "c", "previewer")


def test_shares_are_of_what_is_left_and_spend_all_of_it(tmp_path: Path) -> None:
    budget, spent = Budget(tmp_path, 10, STAGES), []
    for stage in STAGES:
        spent.append(budget.seconds_for(stage))
        budget.spend(stage, spent[-1])
    assert sum(spent) == pytest.approx(600)
    assert spent[1] / spent[2] == pytest.approx(SHARES["b"] / SHARES["c"])
    assert sum(SHARES.values()) == pytest.approx(1)


def test_a_stage_that_takes_too_long_takes_from_the_later_ones(tmp_path: Path) -> None:
    budget = Budget(tmp_path, 1, STAGES)
    budget.spend("a", 59)
    assert budget.begin("b", prepared_seconds=0.1, step_seconds=0.01) == int(
        (SHARES["b"] / sum(SHARES[s] for s in STAGES[1:]) - 0.1) / 0.01
    )
    budget.spend("b", 100)
    assert budget.begin("c", 0, 1) == STEPS_MIN


def test_what_begins_at_a_step_begins_at_the_same_share_of_a_shorter_training() -> None:
    shorter = in_steps(TINY, "c", TINY.train_c.steps // 2)
    assert shorter.train_c.decay_steps == TINY.train_c.decay_steps // 2
    assert shorter.curriculum_c.from_step == TINY.curriculum_c.from_step // 2
    assert (
        dataclasses.replace(shorter.train_c, steps=12, warmup_steps=2, decay_steps=4, full_picture_steps=3)
        == TINY.train_c
    )


def test_another_budget_or_a_training_without_one_is_refused(tmp_path: Path) -> None:
    Budget(tmp_path / "b", 5, STAGES).spend("a", 1)
    with pytest.raises(ValueError, match="holds a training of 5 minutes"):
        Budget(tmp_path / "b", 6, STAGES)
    (tmp_path / "stage-a.checkpoint.pt").touch()
    with pytest.raises(ValueError, match="without a budget"):
        Budget(tmp_path, 5, STAGES)


def test_one_command_trains_every_stage_within_a_budget_and_goes_on_after_a_stop(
    pictures_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A second passes each time that the command looks: every machine then takes the same steps.
    ticks = count()
    monkeypatch.setattr(train, "monotonic", lambda: float(next(ticks)))
    config = tmp_path / "tiny.toml"
    config.write_text((CONFIGS / "tiny.toml").read_text().replace("width = 32\n", "width = 384\n", 1))
    options = [
        "--config",
        str(config),
        "--data",
        str(pictures_directory),
        "--runs",
        str(tmp_path / "runs"),
        "--budget-minutes",
        "0.3",
    ]
    monkeypatch.setattr(sys, "argv", ["train", *options])
    with monkeypatch.context() as stopped:
        stopped.setattr(loop, "anywhere", lambda stopping, saving: (True, saving))  # after every step
        for _ in range(2):
            with pytest.raises(SystemExit) as ended:
                train.main()
            assert ended.value.code == 130
    train.main()
    runs = tmp_path / "runs" / "tiny"
    steps = json.loads((runs / "budget.json").read_text())["steps"]
    assert list(steps) == list(STAGES)
    assert all((runs / f"{name}.pt").exists() for name in ("stage-a", "stage-b", "stage-c", "previewer"))

    whole = in_steps(load_config(config), "a", steps["a"])
    assert train.train_stage("a", whole, PictureSet(pictures_directory, whole.image_side), tmp_path / "whole")
    ours, cut = (torch.load(folder / "stage-a.pt", weights_only=True) for folder in (tmp_path / "whole", runs))
    assert all(torch.equal(ours[key], cut[key]) for key in ours)
