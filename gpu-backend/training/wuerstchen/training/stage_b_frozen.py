"""Stage B on a compressor that is frozen: it estimates the clean Stage A latent, and the picture that Stage A makes of
it counts too.

The latent says nearly all of the picture, so one step is enough: at time 1 there is nothing but noise to see, and what
is learned there is the direct way from latent to picture. The other times teach what further steps refine. Pictures are
whole, as at inference.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.config import Config, StageBTraining
from wuerstchen.diffusion import add_noise, sample, training_times
from wuerstchen.models.blocks import timestep_embedding
from wuerstchen.models.build import (
    STAGE_A_DOWNSCALE,
    load_compressor,
    load_part,
    load_stage_a,
    new_direct_decoder,
    new_stage_b,
)
from wuerstchen.training.augment import augment
from wuerstchen.training.contact_sheet import write_pairs
from wuerstchen.training.data import PictureSet, batch_rng
from wuerstchen.training.distributed import Share, training_device
from wuerstchen.training.loop import StageRun, maybe_compile
from wuerstchen.training.perturb import noised
from wuerstchen.training.reconstruction import (
    FeatureLoss,
    as_counted,
    opaque,
    picture_batch,
    psnr,
    reconstruction_loss,
    split_mask,
)

LATENT_WEIGHT = 0.2
REPORTED_STEPS = (1, 2, 4)


class ToClean(nn.Module):
    """(b, c_a, h, w) noisy latent, (b,) time, Stage C latent to the clean latent: what is compiled as one."""

    def __init__(self, stage_b: nn.Module) -> None:
        super().__init__()
        self.stage_b = stage_b

    def forward(self, x: Tensor, t: Tensor, latent: Tensor) -> Tensor:
        embedding = timestep_embedding(t, self.stage_b.config.timestep_width)
        return self.stage_b.predict(x, embedding, self.stage_b.condition(latent))


def step_times(plan: StageBTraining, generator: torch.Generator) -> Tensor:
    """(batch,) times: `first_step_share` of them 1, where a run starts, the others anywhere."""
    times, first = (
        training_times(plan.batch, generator),
        torch.rand(plan.batch, generator=generator) < plan.first_step_share,
    )
    return torch.where(first, 1.0, times)


def frozen_stage_b_run(
    config: Config, pictures: PictureSet, imagenet_weights: str, runs: Path, mask_floor: float | None = None
) -> StageRun:
    """`mask_floor`: as Stage A's. Raises ValueError where Stage B is configured to predict anything but the clean
    latent.
    """
    if config.stage_b.prediction != "sample":
        raise ValueError(
            f'config: with a compressor, stage_b.prediction must be "sample", not "{config.stage_b.prediction}"'
        )
    plan, device = config.train_b, training_device()
    stage_a, compressor = load_stage_a(config, runs).to(device), load_compressor(config, runs).to(device)
    features, model = FeatureLoss(imagenet_weights).to(device), new_stage_b(config)
    decoder = load_part(runs, "compressor", "direct_decoder", new_direct_decoder(config))
    model.mapper[0].load_state_dict(decoder.features.state_dict())
    model.to(memory_format=torch.channels_last).requires_grad_(True)
    estimate = maybe_compile(ToClean(model), config)
    decode = maybe_compile(stage_a.decoder, config, recompute_views=True)
    encode, compress = maybe_compile(stage_a.encoder, config), maybe_compile(compressor, config)

    read = pictures.premultiplied if pictures.masks is None or mask_floor is None else pictures.masked

    def loss(step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        rng, generator = batch_rng(config.seed + 1, step)
        drawn = share.take(augment(read(pictures.draw(plan.batch, rng)), rng))
        image, weights = split_mask(config, drawn, mask_floor or 0.0)
        with torch.no_grad():
            clean, latent = encode(image).float(), compress(image).float()
        latent = noised(latent, plan.noised_share, plan.latent_noise, share, generator)
        times = share.take(step_times(plan, generator))
        noise = share.take(torch.randn((plan.batch, *clean.shape[1:]), generator=generator))
        background = share.take(torch.from_numpy(rng.random((plan.batch, 3, 1, 1), np.float32)))
        made = estimate(add_noise(clean, noise, times), times, latent).float()
        output = as_counted(decode(made).float(), image, weights)
        total, figures = reconstruction_loss(output, image)
        total = total + plan.feature_weight * features(opaque(output, background), opaque(image, background))
        cells = None if weights is None else F.avg_pool2d(weights, STAGE_A_DOWNSCALE)
        error = F.mse_loss(as_counted(made, clean, cells), clean)
        return total + LATENT_WEIGHT * error, {**figures, "latent_mse": error.item()}

    def evaluate(step: int) -> dict[str, float]:
        image = picture_batch(config, pictures, pictures.held_out_batch(64)).to(device)
        latent, figures = compressor(image), {}
        for steps in REPORTED_STEPS:
            noise = torch.randn(
                (len(image), *stage_a.encode(image[:1]).shape[1:]), generator=torch.Generator().manual_seed(0)
            ).to(device)
            painted = opaque(stage_a.decode(sample(lambda x, t: model(x, t, latent), noise, steps)))
            figures[f"psnr_{steps}_step"] = psnr(painted, opaque(image))
            if steps == config.sampler_b.steps:
                write_pairs(runs / "stage-b.png", opaque(image)[:32], painted[:32].clamp(0, 1))
        return figures

    return StageRun("stage-b", nn.ModuleDict({"stage_b": model}), loss, evaluate, 300, seed=config.seed)
