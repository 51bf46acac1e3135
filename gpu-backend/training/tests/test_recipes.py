"""Ways to train Stage C: each computes what its paper says, and one command compares them."""

import json
import sys
from pathlib import Path

import pytest
import torch

from wuerstchen import compare_recipes
from wuerstchen.comparison.recipes import RECIPES, SNR_MAX, Recipe, euler, nearest_noise, on_straight_path, snr_weight
from wuerstchen.diffusion import add_noise, alpha_bar, velocity
from wuerstchen.training.data import PictureSet


def drawn(count: int = 6) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    clean, noise = (torch.randn(count, 4, 3, 3, generator=generator) for _ in range(2))
    return clean, noise, torch.linspace(0.05, 0.95, count)


def test_a_bounded_weight_of_v_is_the_published_weight_of_the_clean_latent() -> None:
    """min-SNR (arXiv 2303.09556, section 3.4): errors of the clean latent count min(SNR, 5)."""
    clean, noise, times = drawn()
    said = torch.randn(clean.shape, generator=torch.Generator().manual_seed(1))
    signal = alpha_bar(times)[:, None, None, None]
    implied = signal.sqrt() * add_noise(clean, noise, times) - (1 - signal).sqrt() * said
    of_clean = (implied - clean).pow(2).flatten(1).mean(1) * (signal / (1 - signal)).flatten().clamp(max=SNR_MAX)
    of_v = (said - velocity(clean, noise, times)).pow(2).flatten(1).mean(1) * snr_weight(times)
    torch.testing.assert_close(of_v, of_clean, rtol=1e-4, atol=1e-5)


def test_each_latent_takes_the_nearest_of_its_own_noises() -> None:
    clean, _, _ = drawn()
    noises = torch.randn((8, *clean.shape), generator=torch.Generator().manual_seed(3))
    chosen = nearest_noise(clean, 8, torch.Generator().manual_seed(3))
    for row, latent in enumerate(clean):
        distances = [(candidate - latent).norm().item() for candidate in noises[:, row]]
        assert torch.equal(chosen[row], noises[distances.index(min(distances)), row])
    one = nearest_noise(clean, 1, torch.Generator().manual_seed(3))
    assert torch.equal(one, torch.randn((1, *clean.shape), generator=torch.Generator().manual_seed(3))[0])


def test_euler_goes_from_noise_to_the_latent_along_a_straight_path() -> None:
    clean, noise, times = drawn()
    half = on_straight_path(clean, noise, torch.full_like(times, 0.5))
    torch.testing.assert_close(half, (clean + noise) / 2)
    torch.testing.assert_close(euler(lambda _, __: noise - clean, noise, 5), clean, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_network_that_says_the_truth_has_no_loss(recipe: Recipe) -> None:
    clean, noise, times = drawn()
    truth = {"epsilon": noise, "v_prediction": velocity(clean, noise, times)}[recipe.prediction]
    truth = noise - clean if recipe.path == "straight" else truth
    text = torch.zeros(6, 2, 4), torch.ones(6, 2)
    assert recipe.loss(lambda *_: truth, recipe.prediction, (clean, noise, times), text).item() < 1e-9
    assert recipe.loss(lambda *_: truth + 1, recipe.prediction, (clean, noise, times), text).item() > 0.01


def test_one_command_compares_the_recipes(
    wide_alpha_config: Path,
    trained_alpha: tuple[PictureSet, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pictures, runs = trained_alpha
    options = ["--config", str(wide_alpha_config), "--data", str(pictures.directory), "--runs", str(runs)]
    options += ["--out", str(tmp_path), "--steps", "16", "--seeds", "2", "--captions", "2"]
    monkeypatch.setattr(sys, "argv", ["compare_recipes", *options])
    compare_recipes.main()
    curves = {path.stem: json.loads(path.read_text()) for path in tmp_path.glob("*-seed-*.json")}
    assert len(curves) == 2 * len(RECIPES)
    assert {len(curve) for curve in curves.values()} == {8}
    assert len({curve["16"]["fid"] for curve in curves.values()}) == len(curves)  # each is another training
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert all(recipe.name in page for recipe in RECIPES)
    monkeypatch.setattr(sys, "argv", ["compare_recipes", *options, "--recipes", "v,muon"])
    with pytest.raises(SystemExit, match="--recipes: muon unknown"):
        compare_recipes.main()
