"""The semantic compressor of the releases: EfficientNetV2-S features at stride 32, a 1×1 projection and BatchNorm.

Module names are torchvision's, whose ImageNet weights load as they are. Its stochastic depth, active only while a
network trains, is left out: the releases ship the compressor frozen.
"""

import torch
from torch import Tensor, nn

from wuerstchen.published.configs import CompressorConfig

IMAGE_MEAN, IMAGE_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
FEATURE_CHANNELS = 1280
# (squeeze-and-excite, expansion, stride, channels, repeats) of each stage (Tan & Le 2021, table 4). The plain stages
# are fused.
STAGES = (
    (False, 1, 1, 24, 2),
    (False, 4, 2, 48, 4),
    (False, 4, 2, 64, 4),
    (True, 4, 2, 128, 6),
    (True, 6, 1, 160, 9),
    (True, 6, 2, 256, 15),
)


def _conv(
    c_in: int, c_out: int, kernel: int = 1, stride: int = 1, groups: int = 1, activation: bool = True
) -> nn.Sequential:
    convolution = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out")
    layers = [convolution, nn.BatchNorm2d(c_out, eps=1e-3)]
    return nn.Sequential(*layers, nn.SiLU()) if activation else nn.Sequential(*layers)


class SqueezeExcitation(nn.Module):
    """Weights channels by a function of their means."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        means = x.mean(dim=(2, 3), keepdim=True)  # (b, c, 1, 1)
        return x * self.fc2(nn.functional.silu(self.fc1(means))).sigmoid()


class MobileBlock(nn.Module):
    """Inverted residual (MBConv), or its fused form, whose expansion is a full 3×3 convolution."""

    def __init__(self, c_in: int, c_out: int, expansion: int, stride: int, excites: bool) -> None:
        super().__init__()
        hidden = c_in * expansion
        if excites:
            layers = [
                _conv(c_in, hidden),
                _conv(hidden, hidden, 3, stride, hidden),
                SqueezeExcitation(hidden, c_in // 4),
            ]
        else:
            layers = [_conv(c_in, hidden, 3, stride)] if expansion > 1 else []
        last = _conv(hidden, c_out, activation=False) if layers else _conv(c_in, c_out, 3, stride)
        self.block = nn.Sequential(*layers, last)
        self.residual = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        return x + self.block(x) if self.residual else self.block(x)


def efficientnet_v2_s_features() -> nn.Sequential:
    """(b, 3, 32h, 32w), normalised, to (b, 1280, h, w)."""
    stages, c_in = [_conv(3, 24, 3, 2)], 24
    for excites, expansion, stride, channels, repeats in STAGES:
        stages.append(
            nn.Sequential(
                *[
                    MobileBlock(channels if repeat else c_in, channels, expansion, 1 if repeat else stride, excites)
                    for repeat in range(repeats)
                ]
            )
        )
        c_in = channels
    return nn.Sequential(*stages, _conv(c_in, FEATURE_CHANNELS))


class Compressor(nn.Module):
    """(b, 3, H, W) in [0, 1], H and W multiples of 32, to the latent (b, 16, H/32, W/32) that Stage B reads.

    H is three quarters of the picture's side: 768 pixels, 24 cells, for a picture of 1024. Stage C of v2 works on (e +
    1) / 42.
    """

    def __init__(self, config: CompressorConfig) -> None:
        super().__init__()
        self.backbone = efficientnet_v2_s_features()
        self.mapper = nn.Sequential(
            nn.Conv2d(FEATURE_CHANNELS, config.latent_channels, 1, bias=False),
            nn.BatchNorm2d(config.latent_channels, affine=config.affine),
        )

    def forward(self, image: Tensor) -> Tensor:
        mean, std = (
            torch.tensor(values, dtype=image.dtype, device=image.device)[:, None, None]
            for values in (IMAGE_MEAN, IMAGE_STD)
        )
        return self.mapper(self.backbone((image - mean) / std))
