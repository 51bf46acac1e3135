"""The compressor with its direct decoder, for reconstruction. Frozen for good when Stage C begins: stored latents are
its language.

Three parts. First BatchNorm normalises the latent by each batch. From `settled_from_step` on by slow statistics, and
latents of a share of each batch get noise, so that near latents mean near pictures. From `features_from_step` on an
ImageNet network's features count too. The averaged weights get statistics of their own, measured on training pictures,
at every evaluation and at the end."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.config import Config
from wuerstchen.models.autoencoder import ConvolutionalCompressor
from wuerstchen.models.build import new_compressor, new_direct_decoder
from wuerstchen.training.augment import augment
from wuerstchen.training.contact_sheet import write_pairs
from wuerstchen.training.data import PictureSet, batch_rng
from wuerstchen.training.distributed import Share, training_device
from wuerstchen.training.loop import StageRun, maybe_compile
from wuerstchen.training.perturb import noised
from wuerstchen.training.reconstruction import (
    FeatureLoss,
    as_configured,
    opaque,
    picture_batch,
    psnr,
    reconstruction_loss,
)

NAME = "compressor"
EVALUATE_EVERY_STEPS = 500
# Statistics of 16 channels over 64 cells a picture: the variance of the variance is small long before this many
# pictures.
MEASURED_PICTURES, MEASURED_PICTURES_END = 512, 4096
BATCH = 64


def new_autoencoder(config: Config) -> nn.ModuleDict:
    """`compressor` and `direct_decoder`, fresh. Raises ValueError where the configuration has no `compressor`."""
    decoder = new_direct_decoder(config)
    return nn.ModuleDict({"compressor": new_compressor(config), "direct_decoder": decoder})


@torch.no_grad()
def measure_statistics(compressor: ConvolutionalCompressor, pictures: PictureSet, config: Config, count: int) -> None:
    """Sets the latent's mean and variance from training pictures, as the data set draws them."""
    rng, norm, device = np.random.default_rng(config.seed), compressor.norm, training_device()
    sums, squares, cells = torch.zeros_like(norm.running_mean), torch.zeros_like(norm.running_var), 0
    for _ in range(-(-count // BATCH)):
        features = compressor.network(picture_batch(config, pictures, pictures.draw(BATCH, rng)).to(device)).float()
        sums += features.sum((0, 2, 3))
        squares += features.pow(2).sum((0, 2, 3))
        cells += features.numel() // features.shape[1]
    norm.running_mean.copy_(sums / cells)
    norm.running_var.copy_(squares / cells - (sums / cells).pow(2))


def compressor_run(config: Config, pictures: PictureSet, imagenet_weights: str, directory: Path) -> StageRun:
    plan, device = config.train_compressor, training_device()
    if plan is None:
        raise ValueError("config: train_compressor is missing")
    modules, features = (
        new_autoencoder(config).to(memory_format=torch.channels_last),
        FeatureLoss(imagenet_weights).to(device),
    )
    compressor, decoder = modules["compressor"], modules["direct_decoder"]
    encode, decode = maybe_compile(compressor.network, config), maybe_compile(decoder, config)

    def loss(step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        rng, generator = batch_rng(config.seed + 4, step)
        image = share.take(as_configured(config, augment(pictures.premultiplied(pictures.draw(plan.batch, rng)), rng)))
        settled = step >= plan.settled_from_step
        compressor.norm.settled = settled
        latent = compressor.standardise(encode(image.contiguous(memory_format=torch.channels_last)))
        output = decode(
            noised(latent, plan.noised_share, plan.latent_noise, share, generator) if settled else latent
        ).float()
        total, figures = reconstruction_loss(output, image)
        if step >= plan.features_from_step:
            grounds = share.take(torch.from_numpy(rng.random((plan.batch, 3, 1, 1), np.float32)))
            total = total + plan.feature_weight * features(opaque(output, grounds), opaque(image, grounds))
        return total, figures

    def evaluate(step: int) -> dict[str, float]:
        last = step + 1 == plan.steps
        measure_statistics(compressor, pictures, config, MEASURED_PICTURES_END if last else MEASURED_PICTURES)
        chosen = pictures.held_out_batch(len(pictures.held_out))
        image = picture_batch(config, pictures, chosen)
        made = torch.cat([decoder(compressor(part.to(device))).float().cpu() for part in image.split(BATCH)])
        flat, flat_made = opaque(image), opaque(made)
        write_pairs(directory / f"{NAME}.png", flat[:32], flat_made[:32].clamp(0, 1))
        figures = {"psnr": psnr(flat_made, flat), "psnr_32": psnr(flat_made[:32], flat[:32])}
        if config.picture_channels == 4:
            figures["alpha_error"] = F.l1_loss(made[:, 3:].clamp(0, 1), image[:, 3:]).item()
        return figures

    return StageRun(NAME, modules, loss, evaluate, EVALUATE_EVERY_STEPS, seed=config.seed)
