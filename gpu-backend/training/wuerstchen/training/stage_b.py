"""Stage B with the semantic compressor, jointly, on crops; the last steps see whole pictures."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from wuerstchen.config import Config
from wuerstchen.diffusion import add_noise, sample, training_times, weighted_noise_loss
from wuerstchen.models.build import STAGE_A_DOWNSCALE, load_stage_a, new_stage_b
from wuerstchen.models.compressor import Compressor
from wuerstchen.training.contact_sheet import write_pairs
from wuerstchen.training.data import BucketArrays, PictureSet, batch_rng
from wuerstchen.training.distributed import Share, require_even_shares, training_device
from wuerstchen.training.loop import StageRun, maybe_compile
from wuerstchen.training.masks import counted, over_cells
from wuerstchen.training.precision import full_precision
from wuerstchen.training.reconstruction import psnr

LATENT_DROP = 0.05
LATENT_NOISE = 0.3
WHOLE_PICTURE_BATCH_SHARE = 4


def perturb(latent: Tensor, rng: np.random.Generator, noise: torch.Generator, share: Share) -> Tensor:
    """Per batch: 5 % see no latent; of the rest 30 % see one noised to a time in [0, 0.5), so that B bears Stage
    C's errors.
    """
    if rng.random() < LATENT_DROP:
        return torch.zeros_like(latent)
    if rng.random() < LATENT_NOISE:
        rows = len(latent) * share.count
        times = torch.rand(rows, generator=noise) * 0.5
        return add_noise(latent, share.take(torch.randn((rows, *latent.shape[1:]), generator=noise)), share.take(times))
    return latent


def _batch(
    config: Config, pictures: PictureSet, latents: BucketArrays, step: int, rng: np.random.Generator, share: Share
) -> tuple[Tensor, Tensor, np.ndarray | None]:
    """A share's pictures, their Stage A latents, and their masks, (b, height, width) bytes, where the set has masks:
    crops first, whole pictures at the end.
    """
    plan = config.train_b
    whole = step >= plan.steps - plan.full_picture_steps
    indices = pictures.draw(plan.batch // (WHOLE_PICTURE_BATCH_SHARE if whole else 1), rng)
    if whole:
        indices = share.take(indices)
        clean = share.place(torch.from_numpy(latents[indices]).float())
        return share.place(pictures.images(indices)), clean, None if pictures.masks is None else pictures.masks[indices]
    image, corners = pictures.crops(indices, plan.crop_pixels, config.latent.downscale, rng)
    size, cells = plan.crop_pixels // STAGE_A_DOWNSCALE, share.take(corners) // STAGE_A_DOWNSCALE
    cut = [latents[i][:, y : y + size, x : x + size] for i, (y, x) in zip(share.take(indices), cells, strict=True)]
    indices, corners = share.take(indices), share.take(corners)
    masks = None if pictures.masks is None else pictures.mask_crops(indices, corners, plan.crop_pixels)
    return share.take(image), share.place(torch.from_numpy(np.stack(cut)).float()), masks


def stage_b_run(
    config: Config,
    pictures: PictureSet,
    latents: BucketArrays,
    imagenet_weights: str,
    runs: Path,
    mask_floor: float | None = None,
) -> StageRun:
    """`latents`: (c_a, height/4, width/4) a picture, of Stage A, unquantised. `mask_floor`: as Stage A's."""
    plan, compressor, model = config.train_b, Compressor(config.latent.channels), new_stage_b(config)
    compressor.backbone.load_imagenet(imagenet_weights)
    for network in (compressor, model):
        network.to(memory_format=torch.channels_last)  # convolutions next to norms over channels
    if plan.full_picture_steps > 0:
        require_even_shares(plan.batch // WHOLE_PICTURE_BATCH_SHARE, plan.accumulate)
    device = training_device()
    stage_a = load_stage_a(config, runs).to(device)

    compressor.requires_grad_(not plan.freeze_compressor)
    compress, predict = maybe_compile(compressor, config), maybe_compile(model, config)

    def loss(step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        rng, generator = batch_rng(config.seed + 1, step)
        image, clean, masks = _batch(config, pictures, latents, step, rng, share)
        cells = None
        if masks is not None and mask_floor is not None:
            cells = share.place(torch.from_numpy(counted(over_cells(masks, STAGE_A_DOWNSCALE), mask_floor)))
        compressor.train(not plan.freeze_compressor)  # a frozen BatchNorm keeps its statistics
        with full_precision(device):  # the latent is what Stage C will be asked for
            latent = perturb(compress(image), rng, generator, share)
        rows = len(clean) * share.count
        times, noise = training_times(rows, generator), torch.randn((rows, *clean.shape[1:]), generator=generator)
        times, noise = share.take(times), share.take(noise)
        return weighted_noise_loss(predict(add_noise(clean, noise, times), times, latent), noise, times, cells), {}

    def evaluate(step: int) -> dict[str, float]:
        chosen = pictures.held_out_batch(32)
        image = pictures.images(chosen).to(device)
        noise = torch.randn(latents[chosen].shape, generator=torch.Generator().manual_seed(0)).to(device)
        latent = compressor(image)
        painted = stage_a.decode(sample(lambda x, t: model(x, t, latent), noise, config.sampler_b.steps))
        write_pairs(runs / "stage-b.png", image, painted.clamp(0, 1))
        return {"psnr": psnr(painted, image), "latent_std": latent.std().item()}

    frozen = ("compressor.",) if plan.freeze_compressor else ()
    modules = nn.ModuleDict({"compressor": compressor, "stage_b": model})
    return StageRun("stage-b", modules, loss, evaluate, 300, frozen, seed=config.seed)
