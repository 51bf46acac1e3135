"""Stage C: the text-conditional prior. Isotropic, no U-Net; residual, timestep and attention blocks on the compact
latent.
"""

import torch
from torch import Tensor, nn

from wuerstchen.config import StageCConfig
from wuerstchen.diffusion import as_noise
from wuerstchen.models.blocks import (
    ACTIVATIONS,
    AttentionBlock,
    ResBlock,
    TimestepBlock,
    attention_bias,
    channel_norm,
    channels_first,
    channels_last,
    initialise,
    timestep_embedding,
)


class StageC(nn.Module):
    """(b, c, h, w) noisy latent, (b,) time, text states (b, t, text_width) and their mask (b, t) to the noise in x."""

    def __init__(self, config: StageCConfig, latent_channels: int, text_width: int) -> None:
        super().__init__()
        self.config = config
        width, patch = config.channels, config.patch
        self.embed = nn.Sequential(nn.PixelUnshuffle(patch), nn.Conv2d(latent_channels * patch**2, width, 1))
        self.text = nn.Sequential(nn.Linear(text_width, width), nn.LeakyReLU(0.2), nn.Linear(width, width))
        # The pooled text also scales and shifts every block, as the pooled text of Stable Cascade enters beside its
        # tokens: what is drawn is then known at once, and attention is left with how its words belong together.
        self.pooled = nn.ModuleList(nn.Linear(text_width, width * 2) for _ in range(config.depth))
        self.blocks = nn.ModuleList(
            nn.ModuleList(
                [
                    ResBlock(width, dropout=config.dropout, activation=ACTIVATIONS[config.activation]),
                    TimestepBlock(width, config.timestep_width),
                    AttentionBlock(width, config.heads, width),
                ]
            )
            for _ in range(config.depth)
        )
        heads = 2 if config.prediction == "epsilon" else 1
        self.head = nn.Conv2d(width, latent_channels * heads * patch**2, 1)
        self.shuffle = nn.PixelShuffle(patch)
        initialise(self, config.depth)
        nn.init.zeros_(self.head.weight)
        for mapper in self.pooled:
            nn.init.zeros_(mapper.weight)

    def condition(self, text: Tensor) -> Tensor:
        """Text states (b, t, text_width), pooled state first, to (b, depth, 2, t, width), once a prompt.

        Position 0 holds the scale and shift of a block, the others the keys and values of the tokens."""
        film, keys_values = zip(*self.block_conditions(text), strict=True)
        return torch.cat([torch.stack(film, dim=1).unsqueeze(3), torch.stack(keys_values, dim=1)], dim=3)

    def block_conditions(self, text: Tensor) -> list[tuple[Tensor, Tensor]]:
        """What `condition` gives, block by block: (b, 2, width) and (b, 2, t - 1, width). Training reads it so: in one
        tensor, its gradient would be added up over all blocks.
        """
        tokens = self.text(text[:, 1:])  # (b, t - 1, width)
        return [
            (mapper(text[:, 0]).unflatten(1, (2, -1)), attention.text_keys_values(tokens))
            for mapper, (_, _, attention) in zip(self.pooled, self.blocks, strict=True)
        ]

    def heads(self, x: Tensor, embedding: Tensor, condition: Tensor, text_mask: Tensor) -> tuple[Tensor, Tensor]:
        """A, an estimate of the scaled clean latent, and D = |1 - B| + 1e-5, of the noise level: eps = (x - A) / D."""
        a, b = self._head(x, embedding, condition, text_mask).chunk(2, dim=1)
        return a, (1 - b).abs() + 1e-5

    def predict(self, x: Tensor, embedding: Tensor, condition: Tensor, text_mask: Tensor) -> Tensor:
        """What a network says that predicts the clean latent or v."""
        return self._head(x, embedding, condition, text_mask)

    def predict_for(self, x: Tensor, embedding: Tensor, text: Tensor, text_mask: Tensor) -> Tensor:
        """As `predict`, from the text states that `condition` reads."""
        return self._blocks(x, embedding, self.block_conditions(text), text_mask)

    def _head(self, x: Tensor, embedding: Tensor, condition: Tensor, text_mask: Tensor) -> Tensor:
        return self._blocks(x, embedding, [(part[:, :, 0], part[:, :, 1:]) for part in condition.unbind(1)], text_mask)

    def _blocks(
        self, x: Tensor, embedding: Tensor, conditions: list[tuple[Tensor, Tensor]], text_mask: Tensor
    ) -> Tensor:
        h = channels_last(self.embed(x))  # (b, h / patch, w / patch, width)
        bias = attention_bias(h.shape[1] * h.shape[2], text_mask[:, 1:])
        for (film, keys_values), (residual, timestep, attention) in zip(conditions, self.blocks, strict=True):
            scale, shift = film[:, :, None, None].unbind(1)  # (b, 1, 1, width) each
            h = timestep(residual(h), embedding) * (1 + scale) + shift
            h = attention(h, keys_values, bias)
        return self.shuffle(self.head(channels_first(channel_norm(h))))

    def denoise(self, x: Tensor, embedding: Tensor, condition: Tensor, text_mask: Tensor) -> Tensor:
        """Noise in x from a timestep embedding (b, timestep_width), of a network that predicts epsilon.

        At a new network's zero head it is x itself."""
        return self.noise_and_heads(x, embedding, condition, text_mask)[0]

    def noise_and_heads(
        self, x: Tensor, embedding: Tensor, condition: Tensor, text_mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        a, d = self.heads(x, embedding, condition, text_mask)
        return (x - a) / d, a, d

    def forward(self, x: Tensor, t: Tensor, text: Tensor, text_mask: Tensor) -> Tensor:
        embedding, condition = timestep_embedding(t, self.config.timestep_width), self.condition(text)
        if self.config.prediction == "epsilon":
            return self.denoise(x, embedding, condition, text_mask)
        return as_noise(self.config.prediction, self.predict(x, embedding, condition, text_mask).float(), x, t)
