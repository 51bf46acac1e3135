"""Stage A: reconstruction + features of an ImageNet network + codebook. Quantisation is dropped for a tenth of the batches."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.config import Config
from wuerstchen.models.compressor import STRIDE_8_BLOCK, EfficientNetLite0
from wuerstchen.models.stage_a import StageA
from wuerstchen.training.contact_sheet import write_pairs
from wuerstchen.training.data import PictureSet, batch_rng
from wuerstchen.training.loop import StageRun, maybe_compile

FEATURE_WEIGHT = 0.1
QUANTISATION_DROP = 0.1
REVIVE_EVERY_STEPS = 50
REVIVE_UNTIL_SHARE = 0.6


class FeatureLoss(nn.Module):
    """Distance of unit-normalised EfficientNet-Lite0 features, mean over the blocks up to stride 8 (after Zhang et al. 2018)."""

    def __init__(self, imagenet_weights: str) -> None:
        super().__init__()
        self.network = EfficientNetLite0()
        self.network.load_imagenet(imagenet_weights)
        self.network.requires_grad_(False)
        self.network.eval()

    def train(self, mode: bool = True) -> "FeatureLoss":
        return super().train(False)

    def forward(self, image: Tensor, target: Tensor) -> Tensor:
        pairs = zip(self.network.pyramid(image, STRIDE_8_BLOCK), self.network.pyramid(target, STRIDE_8_BLOCK), strict=True)
        return torch.stack([(F.normalize(a, dim=1) - F.normalize(b, dim=1)).pow(2).sum(1).mean() for a, b in pairs]).mean()


def psnr(image: Tensor, target: Tensor) -> float:
    """Mean over pictures of the peak signal-to-noise ratio in dB, of [0, 1] pictures after clamping."""
    error = (image.clamp(0, 1) - target).pow(2).flatten(1).mean(1)
    return (-10 * error.clamp_min(1e-10).log10()).mean().item()


def stage_a_run(config: Config, pictures: PictureSet, imagenet_weights: str, directory: Path) -> StageRun:
    plan, features = config.train_a, FeatureLoss(imagenet_weights)
    model = StageA(config.stage_a).to(memory_format=torch.channels_last)
    encode, decode = maybe_compile(model.encoder, config), maybe_compile(model.decoder, config)
    used = torch.zeros(config.stage_a.codebook_size, dtype=torch.bool)
    if plan.decoder_only:
        model.requires_grad_(False).decoder.requires_grad_(True)

    def decoder_loss(step: int) -> tuple[Tensor, dict[str, float]]:
        rng, _ = batch_rng(config.seed, step)
        image, _ = pictures.crops(pictures.draw(plan.batch, rng), plan.crop_pixels, 4, rng)
        model.encoder.eval()  # its BatchNorm is frozen too
        with torch.no_grad():
            latent = encode(image)
            quantised, _, _ = model.codebook(latent)
        output = decode(latent if rng.random() < QUANTISATION_DROP else quantised)
        error = F.mse_loss(output, image)
        return error + FEATURE_WEIGHT * features(output, image), {"mse": error.item()}

    def loss(step: int) -> tuple[Tensor, dict[str, float]]:
        rng, noise = batch_rng(config.seed, step)
        image, _ = pictures.crops(pictures.draw(plan.batch, rng), plan.crop_pixels, 4, rng)
        latent = encode(image)
        quantised, codebook_loss, indices = model.codebook(latent)
        used[indices.flatten()] = True
        if (step + 1) % REVIVE_EVERY_STEPS == 0:
            if step < plan.steps * REVIVE_UNTIL_SHARE:
                model.codebook.revive(latent.detach(), used, noise)
            used.zero_()
        output = decode(latent if rng.random() < QUANTISATION_DROP else quantised)
        error = F.mse_loss(output, image)
        return error + FEATURE_WEIGHT * features(output, image) + codebook_loss * 0.1, {"mse": error.item()}

    def evaluate(step: int) -> dict[str, float]:
        image = pictures.images(pictures.held_out_batch(96))
        latent = model.encode(image)
        quantised, _, indices = model.codebook(latent)
        plain = model.decode(latent)
        write_pairs(directory / "stage-a.png", image[:32], plain[:32])
        use = len(indices.unique()) / config.stage_a.codebook_size
        return {"psnr": psnr(plain, image), "psnr_quantised": psnr(model.decode(quantised), image), "codebook_use": use}

    modules = nn.ModuleDict({"stage_a": model})
    if plan.decoder_only:
        return StageRun("stage-a", modules, decoder_loss, evaluate, 400, ("stage_a.encoder.", "stage_a.codebook."))
    return StageRun("stage-a", modules, loss, evaluate, 400)
