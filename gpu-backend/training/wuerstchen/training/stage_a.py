"""Stage A: reconstruction + features of an ImageNet network + codebook, late also a discriminator. A tenth of batches are not quantised."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.config import Config
from wuerstchen.models.stage_a import StageA
from wuerstchen.training.codebook_use import CodebookUse
from wuerstchen.training.contact_sheet import write_pairs
from wuerstchen.training.data import PictureSet, batch_rng
from wuerstchen.training.discriminator import Adversary
from wuerstchen.training.distributed import Share, training_device
from wuerstchen.training.loop import StageRun, maybe_compile
from wuerstchen.training.precision import full_precision
from wuerstchen.training.reconstruction import FeatureLoss, psnr

FEATURE_WEIGHT = 0.1
CODEBOOK_WEIGHT = 0.1
QUANTISATION_DROP = 0.1


def stage_a_run(config: Config, pictures: PictureSet, imagenet_weights: str, directory: Path) -> StageRun:
    plan, device, size = config.train_a, training_device(), config.stage_a.codebook_size
    features, use = FeatureLoss(imagenet_weights).to(device), CodebookUse(size)
    model = StageA(config.stage_a).to(memory_format=torch.channels_last)
    encode, decode = maybe_compile(model.encoder, config), maybe_compile(model.decoder, config)
    adversary = Adversary(plan.crop_pixels, plan.adversarial_from_step) if plan.adversarial_weight > 0 else None
    if plan.decoder_only:
        model.requires_grad_(False).decoder.requires_grad_(True)

    def encoded(image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Latent, quantised latent, codebook loss."""
        model.encoder.train(not plan.decoder_only)  # a frozen BatchNorm keeps its statistics
        latent = encode(image).float()
        with full_precision(device):
            quantised, codebook_loss, indices = model.codebook(latent)
        use.mark(indices, latent)
        return latent, quantised, codebook_loss

    def loss(step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        rng, _ = batch_rng(config.seed, step)
        image = share.take(pictures.crops(pictures.draw(plan.batch, rng), plan.crop_pixels, 4, rng)[0])
        with torch.set_grad_enabled(not plan.decoder_only):
            latent, quantised, codebook_loss = encoded(image)
        output = decode(latent if rng.random() < QUANTISATION_DROP else quantised).float()
        error, figures = F.mse_loss(output, image), {}
        total = error + FEATURE_WEIGHT * features(output, image)
        if not plan.decoder_only:
            total = total + CODEBOOK_WEIGHT * codebook_loss
        if adversary and step >= plan.adversarial_from_step:
            deceived = adversary.deceive(image, output)
            total, figures = total + plan.adversarial_weight * deceived, {"adversarial": deceived.item()}
        return total, {"mse": error.item(), **figures}

    def evaluate(step: int) -> dict[str, float]:
        image = pictures.images(pictures.held_out_batch(96)).to(device)
        latent = model.encode(image)
        quantised, _, indices = model.codebook(latent)
        plain = model.decode(latent)
        write_pairs(directory / "stage-a.png", image[:32], plain[:32])
        figures = {"psnr": psnr(plain, image), "psnr_quantised": psnr(model.decode(quantised), image)}
        return {**figures, "codebook_use": len(indices.unique()) / size}

    def after_step(step: int) -> None:
        if not plan.decoder_only:
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
