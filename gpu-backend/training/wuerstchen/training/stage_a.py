"""Stage A: reconstruction + features of an ImageNet network + codebook, late also a discriminator. Some batches are
not quantised.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.config import Config
from wuerstchen.models.build import new_stage_a
from wuerstchen.models.stage_a import StageA
from wuerstchen.training.augment import augment
from wuerstchen.training.codebook_use import CodebookUse
from wuerstchen.training.contact_sheet import write_pairs
from wuerstchen.training.data import RGBA, PictureSet, batch_rng
from wuerstchen.training.discriminator import Adversary
from wuerstchen.training.distributed import Share, training_device
from wuerstchen.training.loop import StageRun, maybe_compile
from wuerstchen.training.precision import full_precision
from wuerstchen.training.reconstruction import (
    FeatureLoss,
    as_counted,
    opaque,
    picture_batch,
    psnr,
    reconstruction_loss,
    split_mask,
)

CODEBOOK_WEIGHT = 0.1
# Crops begin at multiples of the latent's cell.
PATCH = 4


def stage_a_run(
    config: Config, pictures: PictureSet, imagenet_weights: str, directory: Path, mask_floor: float | None = None
) -> StageRun:
    """`mask_floor`: how much counts what is black in its mask, of a set with masks; None: all counts alike."""
    plan, stage = config.train_a, _Training(config, pictures, imagenet_weights, mask_floor)

    def evaluate(step: int) -> dict[str, float]:
        return _evaluate(stage.model, config, pictures, directory / "stage-a.png")

    return StageRun(
        "stage-a",
        nn.ModuleDict({"stage_a": stage.model}),
        stage.loss,
        evaluate,
        400,
        frozen=("stage_a.encoder.", "stage_a.codebook.") if plan.decoder_only else (),
        critic=stage.adversary.critic if stage.adversary else None,
        after_step=stage.after_step,
        memory=stage.use,
        seed=config.seed,
    )


class _Training:
    """The model with what its loss reads: features, codebook use, and late a discriminator."""

    def __init__(
        self, config: Config, pictures: PictureSet, imagenet_weights: str, mask_floor: float | None = None
    ) -> None:
        self.config, self.pictures, self.plan, self.device = config, pictures, config.train_a, training_device()
        self.mask_floor = mask_floor if pictures.masks is not None else None
        self.features, self.use = (
            FeatureLoss(imagenet_weights).to(self.device),
            CodebookUse(config.stage_a.codebook_size),
        )
        self.model = new_stage_a(config).to(memory_format=torch.channels_last)
        self.encode, self.decode = (
            maybe_compile(part, config, recompute_views=True) for part in (self.model.encoder, self.model.decoder)
        )
        plan = self.plan
        self.adversary = (
            Adversary(plan.crop_pixels, plan.adversarial_from_step) if plan.adversarial_weight > 0 else None
        )
        if plan.decoder_only:
            self.model.requires_grad_(False).decoder.requires_grad_(True)

    def loss(self, step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        plan, (rng, _) = self.plan, batch_rng(self.config.seed, step)
        drawn = self.pictures.draw(plan.batch, rng)
        crops = self.pictures.premultiplied_crops(drawn, plan.crop_pixels, PATCH, rng, self.mask_floor is not None)
        image, weights = split_mask(self.config, share.take(augment(crops, rng)), self.mask_floor or 0.0)
        passes_codebook, background = rng.random() < plan.quantised_share, rng.random((plan.batch, 3, 1, 1), np.float32)
        latent, codebook_loss = self._latent(step, image, passes_codebook)
        output = as_counted(self.decode(latent).float(), image, weights)
        error, figures = reconstruction_loss(output, image)
        background = share.take(torch.from_numpy(background))
        total = error + plan.feature_weight * self.features(opaque(output, background), opaque(image, background))
        if plan.quantised_share > 0 and not plan.decoder_only:
            total = total + CODEBOOK_WEIGHT * codebook_loss
        if self.adversary and step >= plan.adversarial_from_step:
            deceived = self.adversary.deceive(opaque(image), opaque(output))
            total, figures = total + plan.adversarial_weight * deceived, {**figures, "adversarial": deceived.item()}
        return total, figures

    def after_step(self, step: int) -> None:
        plan = self.plan
        if plan.quantised_share > 0 and not plan.decoder_only:
            self.use.revive(self.model.codebook.vectors, step, plan.steps, batch_rng(self.config.seed, step)[1])

    def _latent(self, step: int, image: Tensor, passes_codebook: bool) -> tuple[Tensor, Tensor]:
        """The latent, quantised where it passes the codebook, and the codebook's loss."""
        with torch.set_grad_enabled(not self.plan.decoder_only):
            latent = self._encoded(step, image)
            if self.plan.quantised_share == 0:
                return latent, torch.zeros(())
            with full_precision(self.device):
                codes, codebook_loss, indices = self.model.codebook(latent)
            self.use.mark(indices, latent)
            return codes if passes_codebook else latent, codebook_loss

    def _encoded(self, step: int, image: Tensor) -> Tensor:
        plan, encoder = self.plan, self.model.encoder
        encoder.train(not plan.decoder_only)  # a frozen BatchNorm keeps its statistics
        encoder[-1].settled = plan.settled_from_step is not None and step >= plan.settled_from_step
        return self.encode(image).float()


def _evaluate(model: StageA, config: Config, pictures: PictureSet, sheet: Path) -> dict[str, float]:
    image = picture_batch(config, pictures, pictures.held_out_batch(96)).to(training_device())
    latent = model.encode(image)
    plain = model.decode(latent)
    write_pairs(sheet, opaque(image)[:32], opaque(plain)[:32].clamp(0, 1))
    figures = {"psnr": psnr(opaque(plain), opaque(image))}
    if config.picture_channels == RGBA:
        figures["alpha_error"] = F.l1_loss(plain[:, 3:].clamp(0, 1), image[:, 3:]).item()
    if config.train_a.quantised_share > 0:
        codes, _, indices = model.codebook(latent)
        figures["psnr_quantised"] = psnr(opaque(model.decode(codes)), opaque(image))
        figures["codebook_use"] = len(indices.unique()) / config.stage_a.codebook_size
    return figures
