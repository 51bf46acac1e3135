"""Reads a mark: a filter that keeps what is weak and regular, a sum over all tiles, and the carriers as templates."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.marking.carriers import TILE, carriers

PLACES = TILE * TILE
FILTER_SIDE, ENERGY_SIDE = 9, 7
# What counts as weak at first: the deviation of a mark at 40 dB, of [0, 1].
NOISE_START = 0.02
# Below the length that a mark on a sixteenth of a picture has, a tile says nothing, and its direction teaches nothing.
LENGTH_MIN = 20.0
LUMINANCE = (0.299, 0.587, 0.114)


class Extractor(nn.Module):
    """Pictures (b, 3, h, w) in [0, 1], sides multiples of 16, of any size."""

    def __init__(self) -> None:
        super().__init__()
        sync, bits = carriers()
        self.colours = nn.Parameter(torch.tensor(LUMINANCE).view(1, 3, 1, 1))
        self.filter = nn.Parameter(_difference_from_surroundings())
        self.log_noise = nn.Parameter(torch.tensor(NOISE_START).log())
        # Kept with the weights: a mark is read by the carriers that it was trained with.
        self.register_buffer("sync", sync[None, None])  # (1, 1, 16, 16)
        self.register_buffer("bits", bits.flatten(1))

    def tile(self, image: Tensor) -> Tensor:
        """(b, 256): the mean tile of a picture, of length 1; shorter where there is hardly any. Where a picture changes
        strongly it counts little, as a mark is weak everywhere.
        """
        grey = F.conv2d(image, self.colours)
        kernel = self.filter - self.filter.mean()
        weak = F.conv2d(_bordered(grey, FILTER_SIDE // 2), kernel)
        energy = F.avg_pool2d(_bordered(weak * weak, ENERGY_SIDE // 2), ENERGY_SIDE, 1)
        cells = (weak / (energy + (2 * self.log_noise).exp())).unflatten(3, (-1, TILE)).unflatten(2, (-1, TILE))
        summed = cells.mean((1, 2, 4)).flatten(1)
        return summed / (summed.square().sum(1, keepdim=True) + LENGTH_MIN**2).sqrt()

    def places(self, tile: Tensor) -> Tensor:
        """(b, 256): how well a tile that begins at each place fits, from -1 to 1."""
        around = tile.unflatten(1, (1, TILE, TILE))
        around = torch.cat([around, around[:, :, :-1]], dim=2)
        around = torch.cat([around, around[..., :-1]], dim=3)  # (b, 1, 31, 31)
        return F.conv2d(around, self.sync).flatten(1)

    def bits_from(self, tile: Tensor, place: Tensor) -> Tensor:
        """(b, 32): each bit of tiles that begin at `place` (b,), positive for 1."""
        counted = torch.arange(PLACES, device=tile.device)[None]
        rows = (counted // TILE + place[:, None] // TILE) % TILE
        columns = (counted % TILE + place[:, None] % TILE) % TILE
        return tile.gather(1, rows * TILE + columns) @ self.bits.T

    @torch.no_grad()
    def decorrelate(self, words: Tensor) -> None:
        """Turns the carriers that read bits so that `words` (count, 32), readings of pictures without a mark, would
        have had independent ones: a picture has more of one frequency than of another, and the same in many blocks.
        The smallest such turn, so that a mark is read as before. Few readings turn them little.
        """
        scaled = words / words.square().mean(0).sqrt()
        known = len(words) / (len(words) + len(self.bits))
        correlation = torch.lerp(torch.eye(len(self.bits), device=words.device), scaled.T @ scaled / len(words), known)
        strengths, directions = torch.linalg.eigh(correlation)
        self.bits.copy_(directions @ torch.diag(strengths.rsqrt()) @ directions.T @ self.bits)

    def forward(self, image: Tensor) -> Tensor:
        """(b, 33): the bits from the place that fits best, then how well it fits."""
        tile = self.tile(image)
        fits = self.places(tile)
        return torch.cat([self.bits_from(tile, fits.argmax(1)), fits.amax(1, keepdim=True)], dim=1)


def _difference_from_surroundings() -> Tensor:
    kernel = torch.zeros(1, 1, FILTER_SIDE, FILTER_SIDE)
    around = F.avg_pool2d(F.pad(torch.ones(1, 1, 5, 5) / 25, (3, 3, 3, 3)), 3, 1)
    kernel[0, 0, FILTER_SIDE // 2, FILTER_SIDE // 2] = 1
    return kernel - around[..., :FILTER_SIDE, :FILTER_SIDE]


def _bordered(x: Tensor, width: int) -> Tensor:
    return F.pad(x, (width, width, width, width), mode="replicate")
