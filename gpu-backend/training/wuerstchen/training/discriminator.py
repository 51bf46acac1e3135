"""The adversarial part of Stage A: a discriminator of patches, and its quarrel with the decoder."""

import itertools
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils.parametrizations import spectral_norm

from wuerstchen.training.distributed import Share
from wuerstchen.training.trainer import Critic

LAYERS_MAX = 6
CHANNELS_MIN, CHANNELS_MAX = 64, 512


class Discriminator(nn.Module):
    """(b, 3, h, w) pictures in [0, 1] to (b, 1, h / 2^layers, w / 2^layers) logits, positive for real ones.

    Strided 3×3 convolutions of spectral norm 1 (Miyato et al. 2018) with instance norm, as published with Paella; its
    sigmoid is in the loss. On crops of less than 256 pixels it has fewer than six layers: instance norm of a map of one
    cell would be 0."""

    def __init__(self, crop_pixels: int) -> None:
        super().__init__()
        layers = min(LAYERS_MAX, int(math.log2(crop_pixels)) - 2)
        widths = [min(CHANNELS_MIN * 2**layer, CHANNELS_MAX) for layer in range(layers)]
        self.first = spectral_norm(nn.Conv2d(3, widths[0], 3, stride=2, padding=1))
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(narrow, wide, 3, stride=2, padding=1))
            for narrow, wide in itertools.pairwise(widths)
        )
        self.head = nn.Conv2d(widths[-1], 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        x = F.leaky_relu(self.first(image), 0.2)
        for layer in self.layers:
            x = F.leaky_relu(F.instance_norm(layer(x)), 0.2)
        return self.head(x)


class Adversary:
    """Holds the discriminator and the pair of pictures that the last share's reconstruction left for it."""

    def __init__(self, crop_pixels: int, from_step: int) -> None:
        self.discriminator = Discriminator(crop_pixels)
        self.critic = Critic(nn.ModuleDict({"discriminator": self.discriminator}), self._loss, from_step)
        self._pair: tuple[Tensor, Tensor] | None = None

    def deceive(self, image: Tensor, output: Tensor) -> Tensor:
        """The generator's loss (non-saturating; Goodfellow et al. 2014), a scalar. Its gradient passes through the
        discriminator only.
        """
        self._pair = image, output.detach()
        # The estimate of the spectral norm moves once a step, in the discriminator's own loss.
        self.discriminator.eval()
        fixed = {name: parameter.detach() for name, parameter in self.discriminator.named_parameters()}
        return F.softplus(-functional_call(self.discriminator, fixed, (output,)).float()).mean()

    def _loss(self, step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        assert self._pair is not None, "the generator's loss comes first"
        image, output = self._pair
        self.discriminator.train()
        real, made = self.discriminator(torch.cat([image, output])).float().chunk(2)
        return (F.softplus(-real).mean() + F.softplus(made).mean()) / 2, {}
