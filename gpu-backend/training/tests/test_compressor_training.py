import dataclasses
from pathlib import Path

import pytest
import torch
from conftest import CONFIGS, log_of

from wuerstchen.config import CompressorConfig, CompressorTraining, Config, load_config
from wuerstchen.models.blocks import SettlingNorm
from wuerstchen.train import train_stage
from wuerstchen.training.augment import augment, paste
from wuerstchen.training.compressor import new_autoencoder
from wuerstchen.training.data import PictureSet, batch_rng
from wuerstchen.training.distributed import Share
from wuerstchen.training.perturb import noised
from wuerstchen.training.reconstruction import reconstruction_loss

NETWORKS = CompressorConfig(
    channels=(8, 16, 24), blocks=(1, 1, 1), decoder_channels=(24, 16, 8), decoder_blocks=(1, 1, 1)
)
PLAN = CompressorTraining(
    steps=12,
    batch=4,
    learning_rate=2e-3,
    warmup_steps=2,
    decay_steps=4,
    weight_decay=0.0,
    ema_decay=0.9,
    crop_pixels=0,
    full_picture_steps=0,
    settled_from_step=6,
    noised_share=0.5,
    latent_noise=0.3,
    features_from_step=9,
    feature_weight=0.1,
)


def config_of(channels: int, **plan: object) -> Config:
    tiny = load_config(CONFIGS / "tiny.toml")
    training = dataclasses.replace(PLAN, **plan)
    return dataclasses.replace(tiny, picture_channels=channels, compressor=NETWORKS, train_compressor=training)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(("height", "width"), [(64, 64), (32, 96)])
def test_a_latent_has_a_sixteenth_of_each_side_and_decodes_to_the_whole(channels: int, height: int, width: int) -> None:
    parts, image = new_autoencoder(config_of(channels)).eval(), torch.rand(2, channels, height, width)
    with torch.no_grad():
        latent = parts["compressor"](image)
        assert latent.shape == (2, 16, height // 16, width // 16)
        assert parts["direct_decoder"](latent).shape == image.shape


def test_a_latent_does_not_depend_on_the_pictures_beside_it() -> None:
    compressor, image = new_autoencoder(config_of(4)).eval()["compressor"], torch.rand(3, 4, 32, 32)
    with torch.no_grad():
        assert torch.allclose(compressor(image)[1:2], compressor(image[1:2]), atol=1e-5)


def test_transparent_places_do_not_blow_up_the_first_gradient() -> None:
    parts, image = new_autoencoder(config_of(4)), torch.zeros(2, 4, 64, 64)
    image[:, :, 20:40, 20:40] = 1
    reconstruction_loss(parts["direct_decoder"](parts["compressor"](image)), image)[0].backward()
    assert max(parameter.grad.abs().max().item() for parameter in parts.parameters()) < 1e3


@pytest.mark.parametrize("channels", [3, 4])
def test_a_resumed_compressor_ends_in_the_same_weights(
    channels: int, pictures_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wuerstchen.training.compressor.EVALUATE_EVERY_STEPS", 5)
    config, pictures = config_of(channels), PictureSet(pictures_directory, 64)
    assert train_stage("compressor", config, pictures, tmp_path / "whole")
    for steps in (7, 10):  # each resumes the one before, in another part of the plan
        plan = dataclasses.replace(config.train_compressor, steps=steps, decay_steps=0)
        longer = dataclasses.replace(config.train_compressor, decay_steps=0)
        assert train_stage("compressor", dataclasses.replace(config, train_compressor=plan), pictures, tmp_path / "cut")
    assert train_stage("compressor", dataclasses.replace(config, train_compressor=longer), pictures, tmp_path / "cut")
    assert train_stage("compressor", dataclasses.replace(config, train_compressor=longer), pictures, tmp_path / "again")
    cut, again = (torch.load(tmp_path / name / "compressor.pt", weights_only=True) for name in ("cut", "again"))
    assert all(torch.equal(cut[key], again[key]) for key in again)
    assert (tmp_path / "whole" / "compressor.png").stat().st_size > 0


def test_a_finished_latent_has_mean_0_and_variance_1_over_training_pictures(
    pictures_directory: Path, tmp_path: Path
) -> None:
    config, pictures = config_of(4), PictureSet(pictures_directory, 64)
    assert train_stage("compressor", config, pictures, tmp_path)
    parts = new_autoencoder(config)
    parts.load_state_dict(torch.load(tmp_path / "compressor.pt", weights_only=True))
    with torch.no_grad():
        latent = parts.eval()["compressor"](pictures.premultiplied(pictures.train))
    # The statistics come from a random draw of these pictures.
    assert latent.mean((0, 2, 3)).abs().max() < 0.1
    assert (latent.var((0, 2, 3)) - 1).abs().max() < 0.2


def test_a_settled_latent_does_not_outgrow_the_noise(pictures_directory: Path, tmp_path: Path) -> None:
    """Strong noise for 350 steps: with statistics that stay, deviations reach some 2.5."""
    plan = {"steps": 400, "batch": 8, "learning_rate": 1e-3, "decay_steps": 0, "features_from_step": 400}
    config = config_of(4, settled_from_step=50, noised_share=1.0, latent_noise=3.0, **plan)
    pictures = PictureSet(pictures_directory, 64)
    assert train_stage("compressor", config, pictures, tmp_path)
    parts = new_autoencoder(config)
    parts.load_state_dict(torch.load(tmp_path / "compressor.checkpoint.pt", weights_only=True)["modules"])
    with torch.no_grad():
        deviation = parts.eval()["compressor"](pictures.premultiplied(pictures.train)).std((0, 2, 3))
    assert deviation.mean() < 1.6


def test_settled_statistics_follow_each_batch_by_a_hundredth_and_pass_no_gradient() -> None:
    norm, x = SettlingNorm(2).train(), (torch.randn(4, 2, 8, 8) * 3 + 1).requires_grad_()
    norm.settled = True
    norm(x).sum().backward()
    assert torch.allclose(norm.running_mean, 0.01 * x.detach().mean((0, 2, 3)))
    assert torch.allclose(norm.running_var, 0.99 + 0.01 * x.detach().var((0, 2, 3)))
    assert torch.allclose(x.grad, (norm.running_var + norm.eps).rsqrt()[None, :, None, None].expand_as(x))


def test_training_and_inference_normalise_alike_once_settled() -> None:
    norm, x = SettlingNorm(2).train(), torch.randn(4, 2, 8, 8)
    norm.settled = True
    trained = norm(x)
    assert torch.equal(trained, norm.eval()(x))


def test_it_learns_the_pictures(pictures_directory: Path, tmp_path: Path) -> None:
    config = config_of(
        4, steps=150, batch=8, decay_steps=60, learning_rate=4e-3, settled_from_step=100, features_from_step=150
    )
    assert train_stage("compressor", config, PictureSet(pictures_directory, 64), tmp_path)
    figures = log_of(tmp_path / "compressor.csv")
    assert figures[-1][1]["mse"] < 0.3 * figures[0][1]["mse"]
    assert figures[-1][1]["psnr"] > 10


def test_noise_reaches_a_share_of_the_latents_and_the_same_whoever_computes_them() -> None:
    latent = torch.zeros(64, 16, 2, 2)
    whole = noised(latent, 0.5, 0.3, Share(), torch.Generator().manual_seed(0))
    halves = [noised(latent[:32], 0.5, 0.3, Share(index, 2), torch.Generator().manual_seed(0)) for index in range(2)]
    assert torch.equal(whole, torch.cat(halves))
    untouched = (whole == 0).flatten(1).all(1).float().mean()
    assert 0.3 < untouched < 0.7
    assert whole.flatten(1).std(1).max() < 0.3 * 1.5


def test_augmented_pictures_are_still_premultiplied(pictures_directory: Path) -> None:
    pictures = PictureSet(pictures_directory, 64)
    image = pictures.premultiplied(pictures.train) * 0.5
    made = augment(image, batch_rng(0, 0)[0])
    assert made.shape == image.shape
    assert (made[:, :3] <= made[:, 3:] + 1e-6).all()
    assert not torch.equal(made, image)


def test_a_pasted_picture_hides_what_is_below_it_where_it_is_opaque() -> None:
    top, below = torch.ones(4, 32, 32), torch.zeros(4, 32, 32)
    below[3], below[0] = 1, 1
    made = paste(top, below, batch_rng(0, 0)[0])
    assert (made[3] == 1).all()
    share = (made[1] == 1).float().mean().item()
    assert 0.1 < share < 0.6
    empty = paste(torch.zeros(4, 32, 32), below, batch_rng(0, 0)[0])
    assert torch.equal(empty, below)


def test_an_error_of_alpha_alone_counts() -> None:
    target = torch.zeros(1, 4, 4, 4)
    target[:, 3] = 1
    output = target.clone()
    output[:, 3] = 0.5  # black: its premultiplied colours are right whatever the alpha
    assert reconstruction_loss(output, target)[0] > 0.1


def test_a_compressor_needs_both_of_its_sections(tmp_path: Path) -> None:
    text = (CONFIGS / "tiny.toml").read_text()
    section = (
        "[compressor]\nchannels = [8, 16, 24]\nblocks = [1, 1, 1]\ndecoder_channels = [24, 16, 8]\ndecoder_blocks = "
        "[1, 1, 1]\n"
    )
    (tmp_path / "half.toml").write_text(text + section)
    with pytest.raises(ValueError, match="compressor and train_compressor need each other"):
        load_config(tmp_path / "half.toml")
    (tmp_path / "five.toml").write_text("picture_channels = 5\n" + text)
    with pytest.raises(ValueError, match=r"picture_channels must be 3 \(RGB\) or 4 \(RGBA\), not 5"):
        load_config(tmp_path / "five.toml")
