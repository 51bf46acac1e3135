"""Stage A's decoder with a mark in its weights: a tile of 16x16 pixels, repeated over what the decoder draws.

The tile is added to the colours after the last convolution, where nothing bends it, and is nothing where the picture is
transparent. How strong it is, the decoder's last features say, for the whole picture and for each of its pixels: a
picture that is drawn in a tenth of its pixels bears a stronger mark there, at the same distance to the unmarked one.
A decode takes a convolution with four outputs longer; without the tile its pictures are the unmarked ones.
"""

import torch
from torch import Tensor, nn

from wuerstchen.config import Config
from wuerstchen.marking.carriers import TILE, carriers
from wuerstchen.marking.extractor import LUMINANCE
from wuerstchen.marking.message import BITS
from wuerstchen.models.build import new_stage_a
from wuerstchen.models.stage_a import StageA

# The last convolution and the pixel shuffle by 2: what a marked decoder has anew.
TAIL_LAYERS, SHUFFLE = 2, 2
COLOURS = 3
# Deviation of the mark's brightness before training, of [0, 1], and how much stronger its place is marked than a bit.
DEVIATION_START, SYNC_START = 0.0185, 3.45
# Of the strength, so that it follows the picture as fast as patterns and filter learn.
STEEPNESS = 8.0
# Patterns are hundredths; kept in units of a few of their deviations, one learning rate fits all.
UNIT_DEVIATIONS = 4.0


class Strength(nn.Module):
    """How strong the mark is, from 0 to 2, by the decoder's last features (b, c, h, w): (b, 1, 2h, 2w)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.everywhere, self.places = nn.Linear(channels, 1, bias=False), nn.Conv2d(channels, SHUFFLE**2, 1)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        places = nn.functional.pixel_shuffle(self.places(x), SHUFFLE)
        return 2 * (STEEPNESS * (places + self.everywhere(x.mean((2, 3)))[:, :, None, None])).sigmoid()


class Marked(nn.Module):
    """The decoder's last convolution and pixel shuffle, with one message in a tile (3, 16, 16)."""

    def __init__(self, last: nn.Conv2d) -> None:
        super().__init__()
        self.last, self.strength = last, Strength(last.in_channels)
        self.tile = nn.Parameter(torch.zeros(COLOURS, TILE, TILE))

    def forward(self, x: Tensor) -> Tensor:
        return self.drawn(x, self.tile[None])

    def drawn(self, x: Tensor, tiles: Tensor) -> Tensor:
        """The decoder's last features and tiles (b or 1, 3, 16, 16) to pictures, not clamped."""
        image = nn.functional.pixel_shuffle(self.last(x), SHUFFLE)
        mark = self.strength(x) * repeated(tiles, image)
        if image.shape[1] == COLOURS:
            return image + mark
        colours, alpha = image.split((COLOURS, 1), dim=1)
        return torch.cat([colours + mark * alpha.clamp(0, 1), alpha], dim=1)


def repeated(tiles: Tensor, like: Tensor) -> Tensor:
    """Tiles (b, c, 16, 16) at the size of pictures, from the top left corner on."""
    height, width = like.shape[2:]
    rows, columns = (torch.arange(side, device=like.device) % TILE for side in (height, width))
    # Columns first, while there are few rows: single numbers are copied there, and whole rows then.
    return tiles.index_select(3, columns).index_select(2, rows)


class Patterns(nn.Module):
    """One pattern for the place and one for each bit; a message adds them up, so that one of them can be kept."""

    def __init__(self) -> None:
        super().__init__()
        sync, bits = carriers()
        pixels = torch.cat([sync[None] * SYNC_START, bits])[:, None]  # (33, 1, 16, 16)
        pixels = pixels * (DEVIATION_START * TILE / (BITS + SYNC_START**2) ** 0.5)
        # The shortest change of a colour that changes its brightness so: that is what the extractor and codecs see.
        luminance = torch.tensor(LUMINANCE)
        patterns = pixels * (luminance / luminance.square().sum()).view(1, COLOURS, 1, 1)
        self.register_buffer("unit", UNIT_DEVIATIONS * patterns.square().mean().sqrt())
        self.patterns = nn.Parameter(patterns / self.unit)

    def forward(self, signs: Tensor) -> Tensor:
        """(b, 32) of -1 and 1 to (b, 3, 16, 16)."""
        return self.unit * (self.patterns[0] + torch.einsum("bk,kcyx->bcyx", signs, self.patterns[1:]))


class MarkedTail(nn.Module):
    """What is trained: any message, in a decoder whose own layers stay as they are."""

    def __init__(self, stage_a: StageA) -> None:
        super().__init__()
        self.marks, self.marked = Patterns(), Marked(stage_a.decoder[-TAIL_LAYERS])
        self.marked.tile.requires_grad_(False)

    def forward(self, features: Tensor, signs: Tensor) -> Tensor:
        """The decoder's last features and messages (b, 32) to pictures, not clamped."""
        return self.marked.drawn(features, self.marks(signs))


def marked_stage_a(config: Config) -> StageA:
    """A fresh Stage A whose decoder holds a tile."""
    stage_a = new_stage_a(config)
    stage_a.decoder = _with(stage_a, Marked(stage_a.decoder[-TAIL_LAYERS]))
    return stage_a


def with_message(config: Config, stage_a: StageA, tail: MarkedTail, signs: Tensor) -> StageA:
    """Stage A with one message in its decoder's weights."""
    marked, last = marked_stage_a(config), Marked(stage_a.decoder[-TAIL_LAYERS])
    last.strength = tail.marked.strength
    last.tile = nn.Parameter(tail.marks(signs[None])[0].detach())
    marked.encoder, marked.codebook, marked.decoder = stage_a.encoder, stage_a.codebook, _with(stage_a, last)
    return marked.eval()


def _with(stage_a: StageA, last: Marked) -> nn.Sequential:
    return nn.Sequential(*stage_a.decoder[:-TAIL_LAYERS], last)
