"""The road of a model whose compressor has a stage of its own, with transparency: A, compressor, B in one step, C
in v, previewer.
"""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from conftest import CONFIGS, log_of

from wuerstchen.config import Config, load_config
from wuerstchen.diffusion import add_noise, as_noise, ddim_step, sample, velocity
from wuerstchen.export.bundle import trained_stages, write_bundle
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.export.tiny import tiny_stages
from wuerstchen.models.alpha import premultiply
from wuerstchen.models.build import load_compressor, load_part, new_direct_decoder, new_stage_b, new_stage_c
from wuerstchen.train import train_stage
from wuerstchen.training.data import PictureSet
from wuerstchen.training.sources import text_encoder_directory
from wuerstchen.training.stages import stages_of


def alpha_config() -> Config:
    return load_config(CONFIGS / "tiny-alpha.toml")


def test_stages_are_trained_in_an_order_in_which_each_finds_what_it_reads() -> None:
    assert stages_of(alpha_config()) == ("a", "compressor", "b", "c", "previewer")
    assert stages_of(load_config(CONFIGS / "tiny.toml")) == ("a", "b", "c", "previewer")


def test_transparent_pictures_train_into_a_bundle(pictures_directory: Path, tmp_path: Path) -> None:
    config, pictures = alpha_config(), PictureSet(pictures_directory, 64)
    config = dataclasses.replace(config, text=dataclasses.replace(config.text, width=384))  # the real text encoder's
    for stage in stages_of(config):
        assert train_stage(stage, config, pictures, tmp_path)
    # The whole road to a served picture (smoke.sh) exports the real text encoder.
    text_encoder = tiny_stages(config).text_encoder
    stages = dataclasses.replace(trained_stages(config, tmp_path), text_encoder=text_encoder)
    bundle = tmp_path / "bundle"
    write_bundle(config, stages, text_encoder_directory() / "tokenizer.json", bundle, "2026-11-26")
    manifest = json.loads((bundle / "model.json").read_text())
    assert sorted(manifest["files"]) == sorted(path.name for path in bundle.iterdir() if path.name != "model.json")
    assert manifest["image"]["channels"] == 4
    assert manifest["sampler"]["stageB"]["prediction"] == "sample"
    assert manifest["sampler"]["stageC"]["prediction"] == "v_prediction"

    opened, image = Bundle(bundle), torch.rand(2, 4, 64, 64)  # straight alpha, as a file has it
    latent = opened.run("compressor", image)
    expected = load_compressor(config, tmp_path)(premultiply(image))
    assert torch.allclose(latent, expected, atol=1e-2)
    painted = opened.paint(latent, config)
    assert painted.shape == (2, 4, 64, 64)
    preview = opened.run("previewer", torch.randn(2, 16, 4, 3))
    assert preview.shape == (2, 3, 64, 48)
    for made in (painted, preview):
        assert made.min() >= 0
        assert made.max() <= 1


def test_stage_b_starts_from_the_direct_decoder_and_leaves_the_compressor_alone(
    pictures_directory: Path, tmp_path: Path
) -> None:
    config, pictures = alpha_config(), PictureSet(pictures_directory, 64)
    for stage in ("a", "compressor"):
        assert train_stage(stage, config, pictures, tmp_path)
    before = (tmp_path / "compressor.pt").read_bytes()
    none = dataclasses.replace(config.train_b, steps=1, learning_rate=0.0)
    assert train_stage("b", dataclasses.replace(config, train_b=none), pictures, tmp_path)
    decoder = load_part(tmp_path, "compressor", "direct_decoder", new_direct_decoder(config))
    stage_b = load_part(tmp_path, "stage-b", "stage_b", new_stage_b(config))
    for ours, theirs in zip(stage_b.mapper[0].parameters(), decoder.features.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert (tmp_path / "compressor.pt").read_bytes() == before


def test_stage_b_learns_to_paint_in_one_step(pictures_directory: Path, tmp_path: Path) -> None:
    config, pictures = alpha_config(), PictureSet(pictures_directory, 64)
    longer = {"steps": 150, "batch": 8, "learning_rate": 4e-3, "decay_steps": 60}
    compressor = dataclasses.replace(config.train_compressor, settled_from_step=100, features_from_step=150, **longer)
    stage_a = dataclasses.replace(config.train_a, settled_from_step=100, **longer)
    stage_b = dataclasses.replace(config.train_b, **{**longer, "steps": 100})
    config = dataclasses.replace(config, train_compressor=compressor, train_a=stage_a, train_b=stage_b)
    for stage in ("a", "compressor", "b"):
        assert train_stage(stage, config, pictures, tmp_path)
    figures = log_of(tmp_path / "stage-b.csv")
    assert figures[-1][1]["mse"] < 0.5 * figures[0][1]["mse"]
    assert figures[-1][1]["psnr_1_step"] > 10


def test_stage_b_must_predict_the_clean_latent(pictures_directory: Path, tmp_path: Path) -> None:
    config = alpha_config()
    config = dataclasses.replace(config, stage_b=dataclasses.replace(config.stage_b, prediction="epsilon"))
    with pytest.raises(ValueError, match=r'stage_b\.prediction must be "sample", not "epsilon"'):
        train_stage("b", config, PictureSet(pictures_directory, 64), tmp_path)


@pytest.mark.parametrize("prediction", ["epsilon", "sample", "v_prediction"])
def test_every_prediction_implies_the_noise_that_was_added(prediction: str) -> None:
    clean, noise, t = torch.randn(3, 4, 2, 2), torch.randn(3, 4, 2, 2), torch.tensor([0.1, 0.5, 0.9])
    said = {"epsilon": noise, "sample": clean, "v_prediction": velocity(clean, noise, t)}[prediction]
    assert torch.allclose(as_noise(prediction, said, add_noise(clean, noise, t), t), noise, atol=1e-4)


def test_one_step_gives_the_clean_estimate_as_it_is() -> None:
    """Through the noise and back, at a time where the signal has a hundredth of its amplitude."""
    x, clean = torch.randn(1, 4, 8, 8), torch.randn(1, 4, 8, 8)
    made = sample(lambda noisy, t: as_noise("sample", clean, noisy, t), x, 1)
    assert torch.allclose(made, clean, atol=1e-3 + 0.01 * 4)  # alpha_bar ends at 0.9999: a hundredth of the noise stays
    back = ddim_step(x, as_noise("sample", clean, x, torch.ones(1)), torch.tensor(1.0), torch.tensor(0.0))
    assert torch.allclose(back, made)


def test_a_new_stage_c_that_predicts_v_says_0() -> None:
    config, x = alpha_config(), torch.randn(2, 16, 4, 4)
    with torch.no_grad():
        noise = new_stage_c(config)(x, torch.ones(2), torch.randn(2, 3, 32), torch.ones(2, 3))
    assert torch.allclose(noise, x, atol=1e-3)  # at time 1, v = 0 means that all of x is noise
