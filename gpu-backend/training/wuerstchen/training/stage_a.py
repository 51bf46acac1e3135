"""Stage A: reconstruction + features of an ImageNet network + codebook, late also a discriminator. Some batches are not quantised."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.config import Config
from wuerstchen.models.build import new_stage_a
from wuerstchen.training.augment import augment
from wuerstchen.training.codebook_use import CodebookUse
from wuerstchen.training.contact_sheet import write_pairs
from wuerstchen.training.data import RGBA, PictureSet, batch_rng
from wuerstchen.training.discriminator import Adversary
from wuerstchen.training.distributed import Share, training_device
from wuerstchen.training.loop import StageRun, maybe_compile
from wuerstchen.training.precision import full_precision
from wuerstchen.training.reconstruction import FeatureLoss, as_configured, opaque, picture_batch, psnr, reconstruction_loss

CODEBOOK_WEIGHT = 0.1
# Crops begin at multiples of the latent's cell.
PATCH = 4


def stage_a_run(config: Config, pictures: PictureSet, imagenet_weights: str, directory: Path) -> StageRun:
    plan, device, size = config.train_a, training_device(), config.stage_a.codebook_size
    features, use = FeatureLoss(imagenet_weights).to(device), CodebookUse(size)
    model = new_stage_a(config).to(memory_format=torch.channels_last)
    encode, decode = maybe_compile(model.encoder, config), maybe_compile(model.decoder, config)
    adversary = Adversary(plan.crop_pixels, plan.adversarial_from_step) if plan.adversarial_weight > 0 else None
    if plan.decoder_only:
        model.requires_grad_(False).decoder.requires_grad_(True)

    def encoded(step: int, image: Tensor) -> Tensor:
        model.encoder.train(not plan.decoder_only)  # a frozen BatchNorm keeps its statistics
        model.encoder[-1].settled = plan.settled_from_step is not None and step >= plan.settled_from_step
        return encode(image).float()

    def quantised(latent: Tensor) -> tuple[Tensor, Tensor]:
        """Quantised latent, codebook loss."""
        with full_precision(device):
            codes, codebook_loss, indices = model.codebook(latent)
        use.mark(indices, latent)
        return codes, codebook_loss

    def loss(step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        rng, _ = batch_rng(config.seed, step)
        crops = pictures.premultiplied_crops(pictures.draw(plan.batch, rng), plan.crop_pixels, PATCH, rng)
        image = share.take(as_configured(config, augment(crops, rng)))
        passes_codebook, background = rng.random() < plan.quantised_share, rng.random((plan.batch, 3, 1, 1), np.float32)
        with torch.set_grad_enabled(not plan.decoder_only):
            latent, codebook_loss = encoded(step, image), torch.zeros(())
            if plan.quantised_share > 0:
                codes, codebook_loss = quantised(latent)
                latent = codes if passes_codebook else latent
        output = decode(latent).float()
        error, figures = reconstruction_loss(output, image)
        background = share.take(torch.from_numpy(background))
        total = error + plan.feature_weight * features(opaque(output, background), opaque(image, background))
        if plan.quantised_share > 0 and not plan.decoder_only:
            total = total + CODEBOOK_WEIGHT * codebook_loss
        if adversary and step >= plan.adversarial_from_step:
            deceived = adversary.deceive(opaque(image), opaque(output))
            total, figures = total + plan.adversarial_weight * deceived, {**figures, "adversarial": deceived.item()}
        return total, figures

    def evaluate(step: int) -> dict[str, float]:
        image = picture_batch(config, pictures, pictures.held_out_batch(96)).to(device)
        latent = model.encode(image)
        plain = model.decode(latent)
        write_pairs(directory / "stage-a.png", opaque(image)[:32], opaque(plain)[:32].clamp(0, 1))
        figures = {"psnr": psnr(opaque(plain), opaque(image))}
        if config.picture_channels == RGBA:
            figures["alpha_error"] = F.l1_loss(plain[:, 3:].clamp(0, 1), image[:, 3:]).item()
        if plan.quantised_share > 0:
            codes, _, indices = model.codebook(latent)
            figures["psnr_quantised"] = psnr(opaque(model.decode(codes)), opaque(image))
            figures["codebook_use"] = len(indices.unique()) / size
        return figures

    def after_step(step: int) -> None:
        if plan.quantised_share > 0 and not plan.decoder_only:
            use.revive(model.codebook.vectors, step, plan.steps, batch_rng(config.seed, step)[1])

    return StageRun(
        "stage-a",
        nn.ModuleDict({"stage_a": model}),
        loss,
        evaluate,
        400,
        frozen=("stage_a.encoder.", "stage_a.codebook.") if plan.decoder_only else (),
        critic=adversary.critic if adversary else None,
        after_step=after_step,
        memory=use,
        seed=config.seed,
    )
