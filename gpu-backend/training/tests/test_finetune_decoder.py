"""Stages A and B of a finished bundle, trained on: from float weights beside it, with latents that stay valid."""

import shutil
import sys
from pathlib import Path

import pytest
import torch
from conftest import CONFIGS

from wuerstchen import finetune_decoder
from wuerstchen.config import load_config
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.export.tuned_bundle import About, write_tuned_bundle
from wuerstchen.export.weights import WEIGHTS_FILE, read_weights, runs_weights, unpack_weights, write_weights
from wuerstchen.training.data import PictureSet

TINY = CONFIGS / "tiny.toml"
DECODER = {"stageA", "stageB", "stageBConditioner"}


@pytest.fixture
def weighty(bundle: Bundle, rehearsed: tuple[PictureSet, Path], tmp_path: Path) -> Path:
    """The tiny bundle with float weights beside it: random ones, which are not those of its graphs."""
    copy = Path(shutil.copytree(bundle.directory, tmp_path / "weighty"))
    write_weights(runs_weights(rehearsed[1]), copy / WEIGHTS_FILE)
    return copy


def command(monkeypatch: pytest.MonkeyPatch, base: Path, data: Path, tmp_path: Path, *more: str) -> None:
    options = [
        "--bundle",
        str(base),
        "--config",
        str(TINY),
        "--data",
        str(data),
        "--runs",
        str(tmp_path / "runs"),
        "--batch",
        "4",
    ]
    monkeypatch.setattr(sys, "argv", ["finetune_decoder", *options, *more])
    finetune_decoder.main()


def test_the_decoder_is_trained_and_nothing_that_makes_latents(
    weighty: Path, rehearsed: tuple[PictureSet, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(monkeypatch, weighty, rehearsed[0].directory, tmp_path, "--steps", "2", "--out", str(tmp_path / "drawn"))
    before, after = Bundle(weighty), Bundle(tmp_path / "drawn")
    changed = {key for key in before.manifest["graphs"] if before.digest(key) != after.digest(key)}
    assert changed == DECODER
    assert before.manifest["revision"] != after.manifest["revision"]
    old, new = read_weights(weighty), read_weights(tmp_path / "drawn")
    moved = {name for name in old if not torch.equal(old[name], new[name])}
    assert moved
    assert all(name.startswith(("stage-a/stage_a.decoder.", "stage-b/stage_b.")) for name in moved)
    with pytest.raises(SystemExit, match="another bundle, other pictures or options"):
        command(
            monkeypatch, weighty, rehearsed[0].directory, tmp_path, "--steps", "3", "--out", str(tmp_path / "other")
        )


def test_what_it_takes_is_said_and_nothing_is_written(
    weighty: Path, rehearsed: tuple[PictureSet, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(monkeypatch, weighty, rehearsed[0].directory, tmp_path, "--forecast", str(tmp_path / "decoder.json"))
    assert "seconds" in (tmp_path / "decoder.json").read_text()
    assert not (tmp_path / "runs").exists()


def test_a_bundle_without_weights_says_what_it_lacks(
    bundle: Bundle, rehearsed: tuple[PictureSet, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit, match=r"has no weights\.safetensors, and rounded graphs cannot be trained on"):
        command(monkeypatch, bundle.directory, rehearsed[0].directory, tmp_path, "--out", str(tmp_path / "drawn"))


def test_weights_are_halves_of_the_runs_they_come_from_and_become_such_runs_again(
    rehearsed: tuple[PictureSet, Path], tmp_path: Path
) -> None:
    write_weights(runs_weights(rehearsed[1]), tmp_path / WEIGHTS_FILE)
    unpack_weights(read_weights(tmp_path), tmp_path / "again")
    ours, theirs = (
        torch.load(folder / "stage-b.pt", weights_only=True) for folder in (tmp_path / "again", rehearsed[1])
    )
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        assert ours[name].dtype == tensor.dtype
        assert torch.equal(ours[name], tensor.half().to(tensor.dtype) if tensor.is_floating_point() else tensor)


def test_a_weight_that_float16_cannot_hold_ends_the_export(tmp_path: Path) -> None:
    with pytest.raises(ArithmeticError, match="stage-a/x has values"):
        write_weights({"stage-a/x": torch.tensor([1e6])}, tmp_path / WEIGHTS_FILE)


def test_a_tuned_stage_c_stands_in_the_weights_as_well(weighty: Path, bundle: Bundle, tmp_path: Path) -> None:
    base = Bundle(weighty)
    model = base.stage_c(load_config(TINY))
    with torch.no_grad():
        next(model.parameters()).add_(1)
    write_tuned_bundle(base, model, tmp_path / "tuned", About("2026-11-26", "tuned", (), TINY))
    name, tensor = next(iter(model.state_dict().items()))
    assert torch.equal(read_weights(tmp_path / "tuned")[f"stage-c/stage_c.{name}"], tensor.half())
