"""The graphs of a published model: their ports, what the released network says, and the module that becomes the graph.

Ports are those of the project's own bundles. Each function takes a network of its own: it drops the parts that its
graph does not need and turns the rest into float32, so that no more than one graph's weights are in memory.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.export.graphs import Port
from wuerstchen.models.blocks import timestep_embedding
from wuerstchen.published.blocks import Conditioning
from wuerstchen.published.bundle.fold import fold_responses, fold_timestep_conditions
from wuerstchen.published.bundle.fold_mixes import fold_mixes
from wuerstchen.published.cascade import TOKENS_PER_POOLED, CascadeUNet
from wuerstchen.published.clip_text import ClipText
from wuerstchen.published.compressor import Compressor
from wuerstchen.published.previewer import Previewer
from wuerstchen.published.stage_a import PaellaVQ
from wuerstchen.published.stage_c import Prior

Outputs = Tensor | tuple[Tensor, ...]
HEADS = ("noise", "clean_head", "deviation_head")  # noise = (x - clean_head) / deviation_head


@dataclass(frozen=True)
class Graph:
    """`expected` asks the released network. `exported` makes the graph's module of it, after which `expected` must
    not be asked again.
    """

    key: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    expected: Callable[..., Outputs]
    exported: Callable[[], nn.Module]
    # Batch norms are folded into convolutions when a graph is optimised, so rounded weights would not stay what was
    # checked.
    compressible: bool = True
    end_token: int = 0


class Function(nn.Module):
    """A function of tensors as a module, with the network whose parameters it reads."""

    def __init__(self, network: nn.Module, compute: Callable[..., Outputs]) -> None:
        super().__init__()
        self.network, self.compute = network, compute

    def forward(self, *inputs: Tensor) -> Outputs:
        return self.compute(*inputs)


def keep_parts(network: nn.Module, *names: str) -> None:
    """Drops every other direct child. What is kept becomes float32, set to inference."""
    for name in [name for name, _ in network.named_children() if name not in names]:
        delattr(network, name)
    network.float().eval().requires_grad_(False)


def text_encoder(network: ClipText, pools: bool) -> Graph:
    """`pools`: row 0 is the projected state of the prompt's end, as Stable Cascade has it."""
    config = network.float().eval().requires_grad_(False).config
    width, extra = max(config.width, config.projection) if pools else config.width, 1 if pools else 0

    def states(ids: Tensor, mask: Tensor) -> Tensor:
        if not pools:
            return network(ids, mask)
        own = network.unnormalised(ids, mask)
        parts = (network.pooled(ids, own), own)
        return torch.cat([F.pad(part, (0, width - part.shape[2])) for part in parts], dim=1)

    inputs = tuple(Port(name, "int64", ("b", config.positions)) for name in ("token_ids", "token_mask"))
    outputs = (Port("text_states", "float32", ("b", config.positions + extra, width)),)
    return Graph("textEncoder", inputs, outputs, states, lambda: Function(network, states), end_token=config.end_token)


def v2_text_conditioner(network: Prior, positions: int) -> Graph:
    keep_parts(network, "cond_mapper")
    states = Port("text_states", "float32", ("b", positions, network.config.text_channels))
    mapper, output = network.cond_mapper, _v2_condition(network, positions)
    return Graph("textConditioner", (states,), (output,), mapper, lambda: Function(mapper, mapper.forward))


def v2_stage_c(network: Prior, positions: int) -> Graph:
    keep_parts(network, "projection", "blocks", "out")
    x = Port("stage_c_latent", "float32", ("b", network.config.latent_channels, "h", "w"))

    def noise_and_heads(x: Tensor, embedding: Tensor, tokens: Tensor) -> Outputs:
        a, d = network.heads_of(x, Conditioning(embedding, tokens))
        return (x - a) / d, a, d

    def module() -> nn.Module:
        fold_responses(network)
        return Function(network, noise_and_heads)

    inputs = (x, time_port(network.config.timestep_width), _v2_condition(network, positions))
    return Graph("stageC", inputs, like_port(x, HEADS), noise_and_heads, module)


def cascade_text_conditioner(network: CascadeUNet, positions: int) -> Graph:
    """`positions`: those of the states without the pooled one. There is no picture among the conditions, for which
    zeros stand.
    """
    keep_parts(network, "clip_txt_pooled_mapper", "clip_txt_mapper", "clip_img_mapper", "clip_norm")
    config = network.config

    def tokens(states: Tensor) -> Tensor:
        pooled, text = states[:, :1, : config.pooled_channels], states[:, 1:, : config.text_channels]
        return network.tokens(pooled, text, torch.zeros_like(states[:, :1, :1]).expand(-1, -1, config.image_channels))

    states = Port("text_states", "float32", ("b", 1 + positions, max(config.text_channels, config.pooled_channels)))
    outputs = (_cascade_condition(network, positions),)
    return Graph("textConditioner", (states,), outputs, tokens, lambda: Function(network, tokens))


def cascade_stage_c(network: CascadeUNet, positions: int, pictures: bool = False) -> Graph:
    """`pictures`: there may be several among the conditions, or none."""
    keep_parts(network, "embedding", *unet_parts(network))
    x = Port("stage_c_latent", "float32", ("b", network.config.latent_channels, "h", "w"))

    def noise(x: Tensor, embedding: Tensor, tokens: Tensor) -> Tensor:
        return network.denoise(network.embedding(x), Conditioning(embedding, tokens))

    def module() -> nn.Module:
        fold_timestep_conditions(network)
        fold_responses(network)
        return Function(network, noise)

    condition = _cascade_condition(network, "t" if pictures else positions)
    inputs = (x, time_port(network.config.timestep_width), condition)
    return Graph(
        "stageC",
        inputs,
        like_port(x, ("noise",)),
        lambda x, t, tokens: noise(x, with_conditions(network, t), tokens),
        module,
    )


def stage_a(network: PaellaVQ, latent_channels: int) -> Graph:
    """Its input is scaled already."""
    keep_parts(network, "up_blocks", "out_block")

    def image(latent: Tensor) -> Tensor:
        return network.out_block(network.up_blocks(latent)).clamp(0, 1)

    def module() -> nn.Module:
        fold_mixes(network.up_blocks)
        return Function(network, image)

    inputs = (Port("stage_b_latent", "float32", ("b", latent_channels, "h", "w")),)
    return Graph("stageA", inputs, (Port("image", "float32", ("b", 3, "4*h", "4*w")),), image, module)


def compressor(network: Compressor, latent_channels: int) -> Graph:
    keep_parts(network, "backbone", "mapper")
    inputs = (Port("image", "float32", ("b", 3, "32*h", "32*w")),)
    outputs = (Port("stage_c_latent", "float32", ("b", latent_channels, "h", "w")),)
    return Graph("compressor", inputs, outputs, network, lambda: Function(network, network.forward), compressible=False)


def previewer(network: Previewer, latent_channels: int) -> Graph:
    keep_parts(network, "blocks")

    def image(latent: Tensor) -> Tensor:
        return network(latent).clamp(0, 1)

    inputs = (Port("stage_c_latent", "float32", ("b", latent_channels, "h", "w")),)
    outputs = (Port("image", "float32", ("b", 3, "8*h", "8*w")),)
    return Graph("previewer", inputs, outputs, image, lambda: Function(network, image), compressible=False)


def text_port(positions: int | str, channels: int) -> Port:
    """Text as a stage's attention reads it."""
    return Port("text_condition", "float32", ("b", positions, channels))


def _v2_condition(network: Prior, positions: int) -> Port:
    return text_port(positions, network.config.channels)


def _cascade_condition(network: CascadeUNet, positions: int | str) -> Port:
    """The pooled state and the picture become four tokens each; a letter: any number of tokens."""
    tokens = positions if isinstance(positions, str) else positions + 2 * TOKENS_PER_POOLED
    return text_port(tokens, network.config.condition_channels)


def time_port(width: int) -> Port:
    return Port("timestep_embedding", "float32", ("b", width))


def like_port(latent: Port, names: tuple[str, ...]) -> tuple[Port, ...]:
    return tuple(Port(name, latent.dtype, latent.shape) for name in names)


def unet_parts(network: CascadeUNet) -> tuple[str, ...]:
    return (*(name for name, _ in network.named_children() if name.startswith(("down_", "up_"))), "clf")


def with_conditions(network: CascadeUNet, embedding: Tensor) -> Tensor:
    """Time's embedding (b, width), and behind it that of 0 for each further condition."""
    zero = timestep_embedding(torch.zeros(embedding.shape[0]), network.config.timestep_width)
    return torch.cat([embedding, *[zero] * len(network.config.timestep_conditions)], dim=1)
