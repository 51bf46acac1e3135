"""What Stage A and the compressor share: pictures as their networks read them, and how near a reconstruction is."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.config import Config
from wuerstchen.models.alpha import on_background
from wuerstchen.models.compressor import STRIDE_8_BLOCK, EfficientNetLite0
from wuerstchen.training.data import PictureSet
from wuerstchen.training.masks import counted

ABSOLUTE_WEIGHT, SQUARED_WEIGHT = 0.5, 5.0


class FeatureLoss(nn.Module):
    """Distance of unit-normalised EfficientNet-Lite0 features, mean over the blocks up to stride 8 (after Zhang et
    al. 2018).
    """

    def __init__(self, imagenet_weights: str) -> None:
        super().__init__()
        self.network = EfficientNetLite0()
        self.network.load_imagenet(imagenet_weights)
        self.network.requires_grad_(False)
        self.network.eval()

    def train(self, mode: bool = True) -> "FeatureLoss":
        return super().train(False)

    def forward(self, image: Tensor, target: Tensor) -> Tensor:
        """Both (b, 3, h, w) in [0, 1]. Scalar."""
        pairs = zip(
            self.network.pyramid(image, STRIDE_8_BLOCK), self.network.pyramid(target, STRIDE_8_BLOCK), strict=True
        )
        return torch.stack(
            [(F.normalize(a, dim=1) - F.normalize(b, dim=1)).pow(2).sum(1).mean() for a, b in pairs]
        ).mean()


def as_configured(config: Config, image: Tensor) -> Tensor:
    """Premultiplied RGBA as the networks of this configuration read it: as it is, or RGB on white."""
    return image if config.picture_channels == 4 else on_background(image)


def split_mask(config: Config, image: Tensor, floor: float) -> tuple[Tensor, Tensor | None]:
    """What `augment` gave, as the networks read it, and how much each pixel counts, (b, 1, h, w): from `floor` where
    its mask is black to 1. None where the pictures brought no masks.
    """
    weights = counted(image[:, 4:], floor) if image.shape[1] > 4 else None
    return as_configured(config, image[:, :4]), weights


def as_counted(output: Tensor, target: Tensor, weights: Tensor | None) -> Tensor:
    """The output, drawn towards the target where it counts less: each loss then weighs its errors."""
    return output if weights is None else torch.lerp(target, output, weights)


def picture_batch(config: Config, pictures: PictureSet, indices: np.ndarray) -> Tensor:
    """(count, picture_channels, height, width) in [0, 1]."""
    return as_configured(config, pictures.premultiplied(indices))


def opaque(image: Tensor, background: float | Tensor = 1.0) -> Tensor:
    """(b, 3, h, w) of what a network read or made: pictures with alpha on a background, others as they are."""
    return on_background(image, background) if image.shape[1] == 4 else image


def reconstruction_loss(output: Tensor, target: Tensor) -> tuple[Tensor, dict[str, float]]:
    """Absolute and squared differences. Of pictures with alpha, of their premultiplied channels and of how they look on
    white: an error in alpha beside a bright colour shows on black alone, beside a dark colour on white alone."""
    if output.shape[1] == 4:
        output, target = (torch.cat([part, opaque(part)], dim=1) for part in (output, target))
    squared = F.mse_loss(output, target)
    return ABSOLUTE_WEIGHT * F.l1_loss(output, target) + SQUARED_WEIGHT * squared, {"mse": squared.item()}


def psnr(image: Tensor, target: Tensor) -> float:
    """Mean over pictures of the peak signal-to-noise ratio in dB, of [0, 1] pictures after clamping."""
    error = (image.clamp(0, 1) - target).pow(2).flatten(1).mean(1)
    return (-10 * error.clamp_min(1e-10).log10()).mean().item()
