"""CLIP's text transformer under the parameter names of `transformers`, plain enough to become a graph.

Radford et al. 2021; both families use OpenCLIP's bigG, v2's Stage B its H. A prompt is padded to the model's length,
and the mask takes part: causal attention keeps padding out of the prompt's own states, but Stages B and C read the
padding's states too.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# OpenAI's first configurations name 2 where they mean the largest id of the vocabulary.
MISNAMED_END = 2


@dataclass(frozen=True)
class ClipTextConfig:
    """`projection` is 0 for an encoder without one. `end_token` closes a prompt; the pooled state is that of the
    first.
    """

    vocabulary: int
    width: int
    inner_width: int
    layers: int
    heads: int
    positions: int
    projection: int
    activation: str  # "gelu" or "quick_gelu"
    norm_epsilon: float
    end_token: int


class SelfAttention(nn.Module):
    """Multi-head attention with a bias on every projection."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """x (b, t, width); bias (b, 1, t, t) is added to the scores."""
        q, k, v = (
            project(x).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        scores = q @ k.transpose(2, 3) * (q.shape[3] ** -0.5) + bias  # (b, heads, t, t)
        return self.out_proj((scores.softmax(dim=3) @ v).transpose(1, 2).flatten(2))


class Perceptron(nn.Module):
    """Two Linears with CLIP's activation between them."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.activation = config.activation
        self.fc1, self.fc2 = nn.Linear(config.width, config.inner_width), nn.Linear(config.inner_width, config.width)

    def forward(self, x: Tensor) -> Tensor:
        h = self.fc1(x)
        return self.fc2(F.gelu(h) if self.activation == "gelu" else h * (1.702 * h).sigmoid())


class Layer(nn.Module):
    """A transformer layer that normalises before it computes."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.layer_norm1, self.layer_norm2 = (nn.LayerNorm(config.width, eps=config.norm_epsilon) for _ in range(2))
        self.self_attn, self.mlp = SelfAttention(config.width, config.heads), Perceptron(config)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x), bias)
        return x + self.mlp(self.layer_norm2(x))


class Embeddings(nn.Module):
    """Of tokens and of their positions."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocabulary, config.width)
        self.position_embedding = nn.Embedding(config.positions, config.width)

    def forward(self, ids: Tensor) -> Tensor:
        return self.token_embedding(ids) + self.position_embedding.weight


class Encoder(nn.Module):
    """The layers, one after the other."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x, bias)
        return x


class ClipText(nn.Module):
    """(b, positions) token ids and mask (1 for a real token, 0 for padding) to states."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings, self.encoder = Embeddings(config), Encoder(config)
        self.final_layer_norm = nn.LayerNorm(config.width, eps=config.norm_epsilon)
        self.text_projection = nn.Linear(config.width, config.projection, bias=False) if config.projection else None

    def unnormalised(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(b, positions, width) after the last layer, before the final norm: what Stable Cascade reads."""
        unseen = torch.full((ids.shape[1], ids.shape[1]), -1e4, device=ids.device).triu(1)  # what comes later
        return self.encoder(self.embeddings(ids), unseen + ((mask - 1).float() * 1e4)[:, None, None, :])

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(b, positions, width) after the final norm: what v2 reads."""
        return self.final_layer_norm(self.unnormalised(ids, mask))

    def pooled(self, ids: Tensor, states: Tensor) -> Tensor:
        """(b, 1, projection): the projected state at the first end token, of states before the final norm."""
        ends = ids if self.config.end_token == MISNAMED_END else (ids == self.config.end_token).long()
        place = ends.argmax(dim=1)[:, None, None].expand(-1, 1, states.shape[2])
        return self.text_projection(self.final_layer_norm(states.gather(1, place)))
