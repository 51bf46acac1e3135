"""A stage that begins from a released bundle instead of from random weights."""

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch
from conftest import CONFIGS

from wuerstchen.config import load_config
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.export.weights import WEIGHTS_FILE, runs_weights, write_weights
from wuerstchen.finetuning.start import begin_from, finished_weights
from wuerstchen.models.build import new_stage_c
from wuerstchen.train import train_stage
from wuerstchen.training.data import PictureSet

TINY = load_config(CONFIGS / "tiny.toml")


def one_step(stage: str, bundle: Path, pictures: PictureSet, runs: Path) -> dict[str, torch.Tensor]:
    """Weights after one step that is too small to move them far."""
    plan = dataclasses.replace(getattr(TINY, f"train_{stage}"), steps=1, learning_rate=1e-9)
    config = dataclasses.replace(TINY, **{f"train_{stage}": plan})
    train_stage(stage, config, pictures, runs, start_from=bundle)
    name = {"a": "stage-a", "b": "stage-b", "c": "stage-c"}[stage]
    return torch.load(runs / f"{name}.checkpoint.pt", weights_only=True)["modules"]


def test_stage_c_begins_from_the_graphs_of_a_bundle_that_has_no_float_weights(
    bundle: Bundle, rehearsed: tuple[PictureSet, Path], fresh_runs: Path
) -> None:
    (fresh_runs / "stage-c.checkpoint.pt").unlink(missing_ok=True)
    trained = one_step("c", bundle.directory, rehearsed[0], fresh_runs)
    for name, stored in bundle.stage_c_state().items():
        assert torch.allclose(trained[f"stage_c.{name}"], stored, atol=1e-5), name


@pytest.mark.parametrize("stage", ["a", "b"])
def test_other_stages_begin_from_float_weights(
    stage: str, bundle: Bundle, rehearsed: tuple[PictureSet, Path], fresh_runs: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(bundle.directory, tmp_path / "weighty"))
    write_weights(runs_weights(rehearsed[1]), copy / WEIGHTS_FILE)
    (fresh_runs / f"stage-{stage}.checkpoint.pt").unlink(missing_ok=True)
    trained = one_step(stage, copy, rehearsed[0], fresh_runs)
    for name, stored in finished_weights(copy, f"stage-{stage}").items():
        if trained[name].is_floating_point() and "running" not in name:
            assert torch.allclose(trained[name], stored.float(), atol=1e-5), name


def test_an_empty_folder_of_runs_takes_the_other_stages_from_the_bundle_and_no_second_time(
    bundle: Bundle, rehearsed: tuple[PictureSet, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy, runs = Path(shutil.copytree(bundle.directory, tmp_path / "weighty")), tmp_path / "runs" / "tiny"
    write_weights(runs_weights(rehearsed[1]), copy / WEIGHTS_FILE)
    one_step("b", copy, rehearsed[0], runs)
    assert "lacks them: stage-a" in capsys.readouterr().out
    stored = finished_weights(copy, "stage-a")
    found = torch.load(runs / "stage-a.pt", weights_only=True)
    assert found.keys() == stored.keys()
    assert all(torch.equal(found[name], tensor.to(found[name].dtype)) for name, tensor in stored.items())
    one_step("b", copy, rehearsed[0], runs)
    assert "lacks them" not in capsys.readouterr().out


def test_a_run_that_goes_on_keeps_its_own_weights(
    bundle: Bundle, rehearsed: tuple[PictureSet, Path], fresh_runs: Path
) -> None:
    (fresh_runs / "stage-c.checkpoint.pt").unlink(missing_ok=True)
    train_stage(
        "c", dataclasses.replace(TINY, train_c=dataclasses.replace(TINY.train_c, steps=2)), *(rehearsed[0], fresh_runs)
    )
    before = torch.load(fresh_runs / "stage-c.checkpoint.pt", weights_only=True)["modules"]
    longer = dataclasses.replace(TINY, train_c=dataclasses.replace(TINY.train_c, steps=3, learning_rate=1e-9))
    train_stage("c", longer, rehearsed[0], fresh_runs, start_from=bundle.directory)
    after = torch.load(fresh_runs / "stage-c.checkpoint.pt", weights_only=True)["modules"]
    assert all(torch.allclose(before[name], after[name], atol=1e-5) for name in before)


def test_weights_of_another_shape_begin_anew_and_are_named(bundle: Bundle) -> None:
    other = dataclasses.replace(TINY, latent=dataclasses.replace(TINY.latent, channels=TINY.latent.channels * 2))
    model = torch.nn.ModuleDict({"stage_c": new_stage_c(other)})
    said = begin_from(finished_weights(bundle.directory, "stage-c"), model)
    assert said.endswith("begins anew: stage_c.embed.1, stage_c.head")


def test_a_bundle_without_the_weights_of_a_stage_is_refused(bundle: Bundle) -> None:
    with pytest.raises(ValueError, match=r"has no weights\.safetensors"):
        finished_weights(bundle.directory, "stage-b")
    with pytest.raises(ValueError, match="name another bundle"):
        begin_from({"stage_c.nothing": torch.zeros(1)}, new_stage_c(TINY))
