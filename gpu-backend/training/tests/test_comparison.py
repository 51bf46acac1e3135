"""The comparison of latents: the same arithmetic for each, an honest ratio, and a command that goes on after a stop."""

import dataclasses
import json
import sys
from pathlib import Path

import pytest
import torch
from conftest import CONFIGS

from wuerstchen import compare_latents
from wuerstchen.comparison import trials
from wuerstchen.comparison.prior import Point, Trial, read_curve, step_flops
from wuerstchen.comparison.quality import arithmetic_for, mean_curve, ratio_at_equal_quality
from wuerstchen.comparison.recipes import RECIPES
from wuerstchen.comparison.spaces import compact_space, eighth_config, eighth_space, quarter_space
from wuerstchen.config import load_config
from wuerstchen.models.build import new_compressor, new_direct_decoder
from wuerstchen.training.data import PictureSet

TINY = CONFIGS / "tiny-alpha.toml"


def test_every_space_gives_back_pictures_of_their_size_from_latents_of_its_own(
    trained_alpha: tuple[PictureSet, Path], tmp_path: Path
) -> None:
    config, runs = load_config(TINY), trained_alpha[1] / "tiny-alpha"
    eighth = eighth_config(config)
    parts = {"compressor": new_compressor(eighth), "direct_decoder": new_direct_decoder(eighth)}
    torch.save(torch.nn.ModuleDict(parts).state_dict(), tmp_path / "compressor.pt")
    spaces = compact_space(config, runs), eighth_space(eighth, tmp_path), quarter_space(config, runs)
    image = torch.rand(2, 4, 64, 64)
    for space, cells, patches in zip(spaces, (4, 8, 16), ((1,), (1, 2), (1, 2, 4)), strict=True):
        with torch.no_grad():
            latent = space.encode(image)
        assert latent.shape == (2, space.latent.channels, cells, cells)
        made = space.decode(latent)
        assert made.shape == (2, 3, 64, 64)
        assert 0 <= made.min() <= made.max() <= 1
        assert space.patches(64) == patches


def test_the_autoencoder_s_steps_are_its_own_and_the_compressor_s_cost_stays_what_it_was() -> None:
    config = load_config(TINY)
    eighth = eighth_config(config, 6)
    assert eighth.train_compressor is not None
    assert config.train_compressor is not None
    assert eighth.train_compressor.steps == 6 < config.train_compressor.steps
    assert eighth.train_compressor.decay_steps <= 6
    assert eighth_config(config).train_compressor == config.train_compressor


def test_a_probe_of_as_many_steps_is_not_taken_for_the_trial(trained_alpha: tuple[PictureSet, Path]) -> None:
    space = quarter_space(load_config(TINY), trained_alpha[1] / "tiny-alpha")
    assert Trial(space, 2, 0, 8).name != Trial(space, 2, 0, 8, points=1).name


def test_a_step_costs_what_its_tokens_cost(trained_alpha: tuple[PictureSet, Path]) -> None:
    config = load_config(TINY)
    space = quarter_space(config, trained_alpha[1] / "tiny-alpha")
    flops = {patch: step_flops(config, Trial(space, patch, 0, 1)) for patch in (1, 2, 4)}
    assert 4 < flops[1] / flops[2] < 16  # four times the tokens; attention among them costs sixteen times as much
    assert flops[2] > flops[4] > 0


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_the_network_says_what_the_configuration_s_does_unless_a_recipe_says_otherwise(
    trained_alpha: tuple[PictureSet, Path], prediction: str
) -> None:
    config = load_config(TINY)
    config = dataclasses.replace(config, stage_c=dataclasses.replace(config.stage_c, prediction=prediction))
    space = quarter_space(config, trained_alpha[1] / "tiny-alpha")
    assert Trial(space, 1, 0, 1).config(config).stage_c.prediction == prediction
    assert Trial(space, 1, 0, 1, RECIPES[0]).config(config).stage_c.prediction == "v_prediction"


def command(monkeypatch: pytest.MonkeyPatch, config: Path, data: Path, runs: Path, out: Path) -> None:
    options = ["--config", str(config), "--data", str(data), "--runs", str(runs), "--out", str(out), "--steps", "160"]
    monkeypatch.setattr(sys, "argv", ["compare_latents", *options, "--seeds", "2", "--captions", "2"])
    compare_latents.main()


def test_one_command_compares_all_and_goes_on_after_a_stop(
    wide_alpha_config: Path, trained_alpha: tuple[PictureSet, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures, runs = trained_alpha
    monkeypatch.setattr("wuerstchen.comparison.spaces.TOKENS_MAX", 8)  # 256 tokens take a minute
    stop_after = iter([True, True, False])

    def stopping(run: object, *arguments: object) -> bool:
        return whole(run, *arguments) if next(stop_after, True) else False

    whole = trials.train
    monkeypatch.setattr(trials, "train", stopping)
    with pytest.raises(SystemExit) as ended:
        command(monkeypatch, wide_alpha_config, pictures.directory, runs, tmp_path)
    assert ended.value.code == 130
    finished = {path: path.read_text() for path in tmp_path.glob("*-seed-*.json")}
    assert finished
    monkeypatch.setattr(trials, "train", whole)
    command(monkeypatch, wide_alpha_config, pictures.directory, runs, tmp_path)
    assert {path: path.read_text() for path in finished} == finished  # not trained again: minutes would differ
    curves = {path.stem: read_curve(path) for path in tmp_path.glob("*-seed-*.json")}
    assert {name.split("-")[0] for name in curves} == {"compact", "f8", "f4"}
    full = [curve[-1].flops for name, curve in curves.items() if name.endswith("seed-1")]
    assert max(full) / min(full) < 1.5  # the same arithmetic, up to some steps of each
    # Eight points of what is compared; a patch size is chosen by the end of its probe.
    assert {(len(curve), name.endswith("-probe")) for name, curve in curves.items()} == {(8, False), (1, True)}
    assert all(point.minutes > 0 for curve in curves.values() for point in curve)
    kpis = json.loads((tmp_path / "kpis.json").read_text())
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert kpis["title"] in page.replace("&#x27;", "'")
    assert page.count("<svg") == 2
    assert "16×4×4" in page
    assert "4×16×16" in page


def test_runs_that_are_missing_are_named(
    wide_alpha_config: Path, trained_alpha: tuple[PictureSet, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit, match="train compressor first"):
        command(monkeypatch, wide_alpha_config, trained_alpha[0].directory, tmp_path / "none", tmp_path / "out")
    with pytest.raises(ValueError, match="a compressor of its own stage"):
        eighth_config(load_config(CONFIGS / "tiny.toml"))


def test_a_quality_is_reached_between_two_points() -> None:
    curve = [(10.0, 20.0), (20.0, 40.0), (40.0, 44.0)]
    assert arithmetic_for(curve, 30) == 15
    assert arithmetic_for(curve, 10) == 5
    assert arithmetic_for(curve, 44) == 40
    assert arithmetic_for(curve, 50) is None


def test_the_ratio_is_of_the_best_that_both_reach_and_turns_round_with_the_curves() -> None:
    quick, slow = [(10.0, 40.0), (20.0, 60.0)], [(10.0, 10.0), (80.0, 40.0)]
    assert ratio_at_equal_quality(quick, slow) == 8
    assert ratio_at_equal_quality(slow, quick) == pytest.approx(1 / 8)
    assert ratio_at_equal_quality(quick, slow, (30.0, 0.0)) == 2
    assert ratio_at_equal_quality(quick, [(10.0, 0.0)]) is None


def test_points_of_several_seeds_are_averaged() -> None:
    seeds = [[Point(10.0, 1.0, 20.0, 5.0)], [Point(10.0, 1.0, 40.0, 5.0)]]
    assert mean_curve(seeds) == [(10.0, 30.0)]
    assert dataclasses.asdict(seeds[0][0]).keys() == {"flops", "minutes", "recognised", "fid"}
