"""What a ratio of compression is measured by: a compressor and what makes pictures of its latent, trained together for
some steps.

With a compressor of its own, a model is measured by that compressor and its direct decoder, for reconstruction. Else by
an EfficientNet compressor and a small Stage B, by the noise loss, as in the paper.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from rich.progress import track
from torch import Tensor, nn

from wuerstchen.config import Config, StageBConfig
from wuerstchen.diffusion import add_noise, sample, training_times, weighted_noise_loss
from wuerstchen.evaluation.context import Context
from wuerstchen.evaluation.features import to_tensor
from wuerstchen.models.blocks import timestep_embedding
from wuerstchen.models.build import new_compressor, new_direct_decoder
from wuerstchen.models.compressor import Compressor
from wuerstchen.models.stage_b import StageB
from wuerstchen.training.augment import augment
from wuerstchen.training.data import RGB, batch_rng
from wuerstchen.training.reconstruction import as_configured, opaque, picture_batch, reconstruction_loss
from wuerstchen.training.sources import imagenet_weights

# Of Stage B: it predicts the noise, so one step would not do even where the model's own needs one.
STEPS = 8
WARMUP_SHARE, DECAY_SHARE = 0.05, 0.3
# Batches of pictures that set the statistics of a latent at the end.
MEASURED_BATCHES, MEASURED_BATCH = 16, 32


class DirectRatio(nn.Module):
    """The model's own compressor on smaller pictures, and its direct decoder on latents enlarged to the cells of the
    whole ones: the same two networks at every ratio.
    """

    LEARNING_RATE, WEIGHT_DECAY = 1.5e-3, 0.0

    def __init__(self, context: Context, share: float) -> None:
        super().__init__()
        self.context, self.share, config = context, share, context.config
        self.compressor, self.decoder = new_compressor(config), new_direct_decoder(config)

    def loss(self, step: int, batch: int) -> Tensor:
        rng, _ = batch_rng(self.context.config.seed + 3, step)
        pictures = self.context.pictures
        drawn = augment(pictures.premultiplied(pictures.draw(batch, rng)), rng)
        image = as_configured(self.context.config, drawn)
        return reconstruction_loss(self.decode(self.compress(image), image), image)[0]

    def compress(self, image: Tensor) -> Tensor:
        return self.compressor(smaller_picture(image, self.share))

    def decode(self, latent: Tensor, image: Tensor) -> Tensor:
        cells = image.shape[-1] // self.context.config.latent.downscale
        return self.decoder(F.interpolate(latent, size=(cells, cells), mode="bilinear", align_corners=False))

    @torch.no_grad()
    def settle(self) -> None:
        """Statistics of the trained weights, on pictures as the set draws them."""
        rng, norm, pictures = np.random.default_rng(0), self.compressor.norm, self.context.pictures
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches
        for _ in range(MEASURED_BATCHES):
            self.compress(picture_batch(self.context.config, pictures, pictures.draw(MEASURED_BATCH, rng)))

    @torch.no_grad()
    def reconstruct(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        """Latents of pictures, and what they become, (n, 3, h, w) in [0, 1] on white."""
        image = picture_batch(self.context.config, self.context.pictures, rows)
        latent = self.compress(image)
        return latent, opaque(self.decode(latent, image)).clamp(0, 1)


class NoiseRatio(nn.Module):
    """An EfficientNet compressor on smaller pictures and a small Stage B, on latents of the model's Stage A."""

    LEARNING_RATE, WEIGHT_DECAY = 1e-3, 0.01

    def __init__(self, context: Context, share: float) -> None:
        super().__init__()
        self.context, self.share, config = context, share, context.config
        self.compressor = Compressor(config.latent.channels)
        self.stage_b = StageB(smaller(config.stage_b), config.stage_a.latent_channels, config.latent.channels, 1)
        self.compressor.backbone.load_imagenet(imagenet_weights())

    def loss(self, step: int, batch: int) -> Tensor:
        rng, generator = batch_rng(self.context.config.seed + 3, step)  # the same pictures and noise at every ratio
        image = to_tensor(self.context.pictures.pixels[self.context.pictures.draw(batch, rng)])
        clean = self._clean(image)
        times, noise = training_times(batch, generator), torch.randn(clean.shape, generator=generator)
        condition = self._condition(self.compressor(smaller_picture(image, self.share)), clean.shape[-1])
        return weighted_noise_loss(self._noise(add_noise(clean, noise, times), times, condition), noise, times)

    def settle(self) -> None:
        """Running statistics do."""

    @torch.no_grad()
    def reconstruct(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        """As `DirectRatio.reconstruct`."""
        originals = to_tensor(self.context.pictures.pixels[rows])
        latent, clean = self.compressor(smaller_picture(originals, self.share)), self._clean(originals)
        condition = self._condition(latent, clean.shape[-1])
        noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
        painted = sample(lambda x, t: self._noise(x, t, condition), noise, STEPS)
        return latent, opaque(self.context.stages.stage_a.decode(painted)).clamp(0, 1)

    @torch.no_grad()
    def _clean(self, image: Tensor) -> Tensor:
        return self.context.stages.stage_a.encode(_as_read(self.context.config, image))

    def _condition(self, latent: Tensor, side: int) -> Tensor:
        return F.interpolate(self.stage_b.condition(latent), size=(side, side), mode="bilinear", align_corners=False)

    def _noise(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        return self.stage_b.denoise(x, timestep_embedding(t, self.stage_b.config.timestep_width), condition)


Ratio = DirectRatio | NoiseRatio


def trained_ratio(context: Context, share: float, steps: int, batch: int) -> Ratio:
    """`share`: side of the compressor's input over the picture's side."""
    torch.manual_seed(context.config.seed)
    kind: Callable[[Context, float], Ratio] = NoiseRatio if context.config.compressor is None else DirectRatio
    model = kind(context, share)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=model.LEARNING_RATE, weight_decay=model.WEIGHT_DECAY, betas=(0.9, 0.99)
    )
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min(1, (step + 1) / (WARMUP_SHARE * steps + 1), (steps - step) / (DECAY_SHARE * steps + 1)),
    )
    for step in track(range(steps), description=f"compressor input × {share}"):
        optimiser.zero_grad(set_to_none=True)
        model.loss(step, batch).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        rate.step()
    model.settle()
    return model.eval().requires_grad_(False)


def smaller_picture(image: Tensor, share: float) -> Tensor:
    side = round(image.shape[-1] * share)
    return F.interpolate(image, size=(side, side), mode="bilinear", antialias=True) if share < 1 else image


def smaller(config: StageBConfig) -> StageBConfig:
    """Half the channels and at most two blocks a level: a sweep compares ratios, it does not aim at the best
    picture. It predicts the noise whatever the model's own does.
    """
    return dataclasses.replace(
        config,
        prediction="epsilon",
        channels=tuple(max(8, width // 2) for width in config.channels),
        blocks=tuple(min(2, count) for count in config.blocks),
        mapper_channels=max(8, config.mapper_channels // 2),
    )


def _as_read(config: Config, image: Tensor) -> Tensor:
    """Pictures on white as the model's Stage A reads them."""
    return image if config.picture_channels == RGB else torch.cat([image, torch.ones_like(image[:, :1])], 1)
