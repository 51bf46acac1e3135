"""Stage A's decoder with a mark in its weights: one more bias, of 8x8 places of its last map, repeated over a picture.

The decoder's last block and last convolution are trained with it, so that the mark adapts to what it lies on. A sum
over one small map is all that a decode takes longer.
"""

import copy

import torch
from torch import Tensor, nn

from wuerstchen.config import Config
from wuerstchen.marking.carriers import TILE, carriers
from wuerstchen.marking.message import BITS
from wuerstchen.models.build import new_stage_a
from wuerstchen.models.stage_a import StageA

# After the last upsampling: a block, a convolution and a pixel shuffle by 2 follow.
TAIL_LAYERS, SHUFFLE = 3, 2
CELLS = TILE // SHUFFLE
# Deviation of the mark before training, of [0, 1], and how much stronger its own place is marked than a bit.
DEVIATION_START, SYNC_START = 0.0145, 3.0
# Patterns are a thousandth of a weight; kept in units of a few of their deviations, one learning rate fits both.
UNIT_DEVIATIONS = 4.0


class Repeated(nn.Module):
    """Adds a pattern (c, 8, 8) to maps (b, c, h, w), repeated from the top left corner on."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pattern = nn.Parameter(torch.zeros(channels, CELLS, CELLS))

    def forward(self, x: Tensor) -> Tensor:
        return x + repeated(self.pattern[None], x)


def repeated(pattern: Tensor, like: Tensor) -> Tensor:
    """Patterns (b, c, 8, 8) at the size of maps (b, c, h, w)."""
    height, width = like.shape[2:]
    rows, columns = (torch.arange(side, device=like.device) % CELLS for side in (height, width))
    # Columns first, while there are few rows: single numbers are copied there, and whole rows then.
    return pattern.index_select(3, columns).index_select(2, rows)


class Patterns(nn.Module):
    """One pattern for the place and one for each bit; a message adds them up, so that one of them can be kept."""

    def __init__(self, last: nn.Conv2d) -> None:
        """`last`: the decoder's last convolution, by which the carriers are found again in its input."""
        super().__init__()
        sync, bits = carriers()
        pixels = torch.cat([sync[None] * SYNC_START, bits])  # (33, 16, 16)
        pixels = pixels * (DEVIATION_START * TILE / (BITS + SYNC_START**2) ** 0.5)
        patterns = _before(last, pixels)  # (33, c, 8, 8)
        self.register_buffer("unit", UNIT_DEVIATIONS * patterns.square().mean().sqrt())
        self.patterns = nn.Parameter(patterns / self.unit)

    def forward(self, signs: Tensor) -> Tensor:
        """(b, 32) of -1 and 1 to (b, c, 8, 8)."""
        return self.unit * (self.patterns[0] + torch.einsum("bk,kcyx->bcyx", signs, self.patterns[1:]))


def _before(last: nn.Conv2d, pixels: Tensor) -> Tensor:
    """The smallest input of the last convolution that adds these grey tiles to the colours of a picture, and nothing to
    its alpha.
    """
    colours = last.out_channels // SHUFFLE**2
    image = pixels[:, None].expand(-1, colours, -1, -1).clone()
    image[:, 3:] = 0
    inverse = torch.linalg.pinv(last.weight.detach()[:, :, 0, 0])
    return torch.einsum("co,koyx->kcyx", inverse, nn.functional.pixel_unshuffle(image, SHUFFLE))


class MarkedTail(nn.Module):
    """A copy of the decoder's tail; the mark enters before it."""

    def __init__(self, stage_a: StageA) -> None:
        super().__init__()
        self.layers = copy.deepcopy(stage_a.decoder[-TAIL_LAYERS:])
        self.layers.requires_grad_(True)
        self.marks = Patterns(self.layers[-2])

    def forward(self, features: Tensor, signs: Tensor) -> Tensor:
        """Maps before the tail and messages (b, 32) to pictures, not clamped."""
        return self.layers(features + repeated(self.marks(signs), features))


def marked_stage_a(config: Config) -> StageA:
    """A fresh Stage A whose decoder holds a pattern."""
    stage_a = new_stage_a(config)
    layers = list(stage_a.decoder)
    layers.insert(len(layers) - TAIL_LAYERS, Repeated(config.stage_a.hidden_channels // 2))
    stage_a.decoder = nn.Sequential(*layers)
    return stage_a


def with_message(config: Config, stage_a: StageA, tail: MarkedTail, signs: Tensor) -> StageA:
    """Stage A with one message in its decoder's weights."""
    marked = marked_stage_a(config)
    marked.encoder, marked.codebook = stage_a.encoder, stage_a.codebook
    place = len(marked.decoder) - TAIL_LAYERS - 1
    pattern = Repeated(config.stage_a.hidden_channels // 2)
    pattern.pattern = nn.Parameter(tail.marks(signs[None])[0].detach())
    marked.decoder = nn.Sequential(*stage_a.decoder[:place], pattern, *tail.layers)
    return marked.eval()
