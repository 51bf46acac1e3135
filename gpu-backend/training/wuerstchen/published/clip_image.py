"""CLIP's picture transformer under the parameter names of `transformers`, plain enough to become a graph.

Radford et al. 2021. Stable Cascade's prior was trained with ViT-L/14: a picture of 224×224 pixels becomes 768 numbers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from wuerstchen.published.clip_text import Encoder


@dataclass(frozen=True)
class ClipImageConfig:
    """`side` pixels of the square picture, `patch` of a square of it; `projection` numbers come out."""

    width: int
    inner_width: int
    layers: int
    heads: int
    side: int
    patch: int
    projection: int
    activation: str  # "gelu" or "quick_gelu"
    norm_epsilon: float


class PictureEmbeddings(nn.Module):
    """Of the squares of a picture, and of one place before them that gathers what the whole shows."""

    def __init__(self, config: ClipImageConfig) -> None:
        super().__init__()
        self.class_embedding = nn.Parameter(torch.randn(config.width))
        self.patch_embedding = nn.Conv2d(3, config.width, config.patch, stride=config.patch, bias=False)
        self.position_embedding = nn.Embedding((config.side // config.patch) ** 2 + 1, config.width)

    def forward(self, picture: Tensor) -> Tensor:
        """(b, 3, side, side) to (b, 1 + squares, width)."""
        squares = self.patch_embedding(picture).flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(squares.shape[0], 1, -1)
        return torch.cat([first, squares], dim=1) + self.position_embedding.weight


class ClipImage(nn.Module):
    """(b, 3, side, side) normalised picture to (b, projection)."""

    def __init__(self, config: ClipImageConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings, self.encoder = PictureEmbeddings(config), Encoder(config)
        self.pre_layrnorm, self.post_layernorm = (nn.LayerNorm(config.width, eps=config.norm_epsilon) for _ in range(2))
        self.visual_projection = nn.Linear(config.width, config.projection, bias=False)

    def forward(self, picture: Tensor) -> Tensor:
        x = self.pre_layrnorm(self.embeddings(picture))  # (b, t, width)
        everywhere = torch.zeros(1, 1, x.shape[1], x.shape[1])
        return self.visual_projection(self.post_layernorm(self.encoder(x, everywhere)[:, 0]))
