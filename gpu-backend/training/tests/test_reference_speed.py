"""The networks in PyTorch, as the benchmark reads them from a bundle."""

import sys
from pathlib import Path

import pytest
from tiny_bundle import TRAINING

from wuerstchen.config import load_config
from wuerstchen.evaluation import reference_weights
from wuerstchen.evaluation.reference_speed import Reference

MODELS = TRAINING.parent.parent / "test" / "support" / "models"
ORDER = {
    "batch": 2,
    "seed": 3,
    "latentSide": 4,
    "steps": 2,
    "stepsB": 1,
    "tokenIds": [2, 5, 6, 3],
    "negativeTokenIds": [2, 3],
}


@pytest.mark.parametrize("name", ["tiny", "tiny-alpha"])
def test_a_bundle_of_either_kind_makes_pictures_in_pytorch(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config_file, weights = TRAINING / "configs" / f"{name}.toml", tmp_path / "weights.safetensors"
    command = ["reference_weights", "--bundle", MODELS / name, "--config", config_file, "--out", weights]
    monkeypatch.setattr(sys, "argv", [str(part) for part in command])
    reference_weights.main()
    config = load_config(config_file)
    pictures = Reference(config, weights).picture(ORDER)
    assert pictures.shape == (2, config.picture_channels, 4 * config.latent.downscale, 4 * config.latent.downscale)
    assert not pictures[0].equal(pictures[1])
