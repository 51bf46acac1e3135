"""The previewer on latents of the compressor: what a picture will roughly be, told from Stage C's estimate of its
latent.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.config import Config
from wuerstchen.diffusion import add_noise
from wuerstchen.models.build import new_previewer
from wuerstchen.training.contact_sheet import write_pairs
from wuerstchen.training.data import BucketArrays, PictureSet, batch_rng
from wuerstchen.training.distributed import Share, training_device
from wuerstchen.training.loop import StageRun, maybe_compile
from wuerstchen.training.reconstruction import psnr

# Estimates of the clean latent are off by more the earlier the step; half of the latents are off too, up to the noise
# of this time.
NOISED_SHARE = 0.5
NOISE_TIME_MAX = 0.4


def perturb(latent: Tensor, generator: torch.Generator) -> Tensor:
    """Half of a batch, each with a little noise of its own; the latents of the other half as they are."""
    times = torch.rand(len(latent), generator=generator) * NOISE_TIME_MAX
    noised = add_noise(latent, torch.randn(latent.shape, generator=generator), times)
    chosen = torch.rand(len(latent), generator=generator) < NOISED_SHARE
    return torch.where(chosen[:, None, None, None], noised, latent)


def previewer_run(config: Config, pictures: PictureSet, latents: BucketArrays, runs: Path) -> StageRun:
    """`latents`: (c, h, w) a picture, of the compressor."""
    plan, device = config.train_previewer, training_device()
    if plan is None:
        raise ValueError("config: train_previewer is missing")
    model = new_previewer(config).to(memory_format=torch.channels_last)
    predict = maybe_compile(model, config)

    def loss(step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        rng, generator = batch_rng(config.seed + 3, step)
        indices = pictures.draw(plan.batch, rng)
        latent = share.take(perturb(torch.from_numpy(latents[indices]).float(), generator))
        image = share.place(pictures.images(share.take(indices)))
        output = predict(latent).float()
        # Squares alone leave edges blurred that absolute differences draw.
        return F.mse_loss(output, image) + 0.1 * F.l1_loss(output, image), {}

    def evaluate(step: int) -> dict[str, float]:
        chosen = pictures.held_out_batch(256)
        image, latent = pictures.images(chosen), torch.from_numpy(latents[chosen]).float()
        # Held-out pictures of a small set may be few; one batch of them is enough for a figure.
        made = model.picture(latent.to(device)).cpu()
        write_pairs(runs / "previewer.png", image[:32], made[:32])
        return {"psnr": psnr(made, image)}

    return StageRun("previewer", nn.ModuleDict({"previewer": model}), loss, evaluate, 400, seed=config.seed)
