"""How a Stage C latent reaches Stage B: resized once a picture, then read at every step.

Every three cells of the Stage C latent are 32 of Stage B's and 128 pixels; only such sizes are offered, as others fit
no release exactly. v2 reads the latent at several levels. Packed by pixel unshuffle onto the innermost level's grid
they are one tensor of fixed channels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.export.graphs import Port
from wuerstchen.published.blocks import Conditioning
from wuerstchen.published.bundle.fold import fix_tokens, fold_picture_mappers, fold_responses, fold_timestep_conditions
from wuerstchen.published.bundle.graphs import (
    HEADS,
    Function,
    Graph,
    Outputs,
    keep_parts,
    like_port,
    text_port,
    time_port,
    unet_parts,
    with_conditions,
)
from wuerstchen.published.bundle.resize import cubic_weights, linear_weights, resize
from wuerstchen.published.cascade import TOKENS_PER_POOLED, CascadeUNet
from wuerstchen.published.configs import DiffNeXtConfig
from wuerstchen.published.stage_b import DiffNeXt

CELLS, STAGE_B_CELLS = 3, 32


def pack(levels: list[Tensor | None]) -> Tensor:
    """Levels (b, c, h * 2^k, w * 2^k), outermost first, the last with k = 0, to (b, c * (4^k + … + 1), h, w)."""
    deepest = len(levels) - 1
    return torch.cat(
        [F.pixel_unshuffle(x, 2 ** (deepest - level)) for level, x in enumerate(levels) if x is not None], dim=1
    )


def unpack(packed: Tensor, config: DiffNeXtConfig) -> list[Tensor | None]:
    """The inverse of `pack`."""
    deepest = len(config.injects) - 1
    factors = [2 ** (deepest - level) if used else 0 for level, used in enumerate(config.injects)]
    parts = iter(packed.split([config.stage_c_channels * factor**2 for factor in factors if factor], dim=1))
    return [F.pixel_shuffle(next(parts), factor) if factor else None for factor in factors]


def v2_stage_b_conditioner(network: DiffNeXt) -> Graph:
    """Reads no parameter, so the network may be on `meta`."""
    config = network.config
    deepest, unit = len(config.injects) - 1, _unit(config.patch, len(config.injects))
    side = STAGE_B_CELLS // unit  # cells of the innermost level for each three of Stage C's

    def resized(latent: Tensor) -> Tensor:
        height, width = (latent.shape[axis] // CELLS * side for axis in (2, 3))
        factors = [2 ** (deepest - level) if used else 0 for level, used in enumerate(config.injects)]
        return pack(
            [resize(latent, cubic_weights, height * factor, width * factor) if factor else None for factor in factors]
        )

    def expected(latent: Tensor) -> Tensor:
        height, width = (latent.shape[axis] // CELLS * STAGE_B_CELLS for axis in (2, 3))
        return pack(network.resized(latent, (height, width)))

    output = Port("picture_condition", "float32", ("b", _packed_channels(config), _times(side, "h"), _times(side, "w")))
    return Graph(
        "stageBConditioner",
        (_stage_c_latent(config.stage_c_channels),),
        (output,),
        expected,
        lambda: Function(nn.Module(), resized),
    )


def v2_stage_b(network: DiffNeXt, text: Tensor | None, positions: int = 0) -> Graph:
    """`text` (1, positions, text_channels): the states of every picture's text; None: an input says what they are."""
    config = network.config
    network.float().eval().requires_grad_(False)
    tokens, unit = None if text is None else network.tokens(text), _unit(config.patch, len(config.injects))
    x = Port("stage_b_latent", "float32", ("b", config.latent_channels, f"{unit}*h", f"{unit}*w"))
    picture = Port("picture_condition", "float32", ("b", _packed_channels(config), "h", "w"))

    def noise_and_heads(x: Tensor, embedding: Tensor, packed: Tensor, read: Tensor | None = None) -> Outputs:
        read = tokens.expand(x.shape[0], -1, -1) if read is None else read
        a, b = network.heads_of(x, unpack(packed, config), Conditioning(embedding, read))
        return (x - a) / b, a, b

    def module() -> nn.Module:
        if tokens is not None:
            fix_tokens(network, tokens)
        fold_picture_mappers(network)
        fold_responses(network)
        keep_parts(network, "embedding", "effnet_mappers", "down_blocks", "up_blocks", "clf")
        return Function(network, noise_and_heads)

    inputs = (x, time_port(config.timestep_width), picture, *_read_text(tokens, positions, config.condition_channels))
    return Graph("stageB", inputs, like_port(x, HEADS), noise_and_heads, module)


def cascade_stage_b_conditioner(network: CascadeUNet) -> Graph:
    """Reads no parameter, so the network may be on `meta`."""
    channels, side = network.config.stage_c_channels, STAGE_B_CELLS // network.config.patch

    def size(latent: Tensor) -> tuple[int, int]:
        return latent.shape[2] // CELLS * side, latent.shape[3] // CELLS * side

    def expected(latent: Tensor) -> Tensor:
        return F.interpolate(latent, size=size(latent), mode="bilinear", align_corners=True)

    def module() -> nn.Module:
        return Function(nn.Module(), lambda latent: resize(latent, linear_weights, *size(latent)))

    output = Port("picture_condition", "float32", ("b", channels, _times(side, "h"), _times(side, "w")))
    return Graph("stageBConditioner", (_stage_c_latent(channels),), (output,), expected, module)


def cascade_stage_b(network: CascadeUNet, pooled: Tensor | None) -> Graph:
    """`pooled` (1, 1, pooled_channels): the text of every picture; None: an input says what it is."""
    config = network.config
    keep_parts(
        network,
        "embedding",
        "clip_txt_pooled_mapper",
        "clip_norm",
        "effnet_mapper",
        "pixels_mapper",
        *unet_parts(network),
    )
    tokens, unit = None if pooled is None else network.tokens(pooled), _unit(config.patch, len(config.channels))
    black = (
        None if network.pixels_mapper is None else network.pixels_mapper(torch.zeros(1, config.pixels_channels, 1, 1))
    )
    x = Port("stage_b_latent", "float32", ("b", config.latent_channels, f"{unit}*h", f"{unit}*w"))
    side = unit // config.patch
    picture = Port("picture_condition", "float32", ("b", config.stage_c_channels, f"{side}*h", f"{side}*w"))

    def noise(x: Tensor, embedding: Tensor, picture: Tensor, tokens: Tensor) -> Tensor:
        h = network.embedding(x) + network.effnet_mapper(picture)
        return network.denoise(h if black is None else h + black, Conditioning(embedding, tokens))

    def expected(x: Tensor, t: Tensor, picture: Tensor, read: Tensor | None = None) -> Tensor:
        read = tokens.expand(x.shape[0], -1, -1) if read is None else read
        return noise(x, with_conditions(network, t), picture, read)

    def module() -> nn.Module:
        fold_timestep_conditions(network)
        if tokens is not None:
            fix_tokens(network, tokens)
        fold_responses(network)
        for unused in ("clip_txt_pooled_mapper", "pixels_mapper"):
            delattr(network, unused)
        return Function(network, noise if tokens is None else lambda x, t, picture: noise(x, t, picture, tokens))

    read = _read_text(tokens, TOKENS_PER_POOLED, config.condition_channels)
    return Graph(
        "stageB", (x, time_port(config.timestep_width), picture, *read), like_port(x, ("noise",)), expected, module
    )


def _read_text(tokens: Tensor | None, positions: int, channels: int) -> tuple[Port, ...]:
    """The port of a text that is no constant."""
    return (text_port(positions, channels),) if tokens is None else ()


def _stage_c_latent(channels: int) -> Port:
    return Port("stage_c_latent", "float32", ("b", channels, f"{CELLS}*h", f"{CELLS}*w"))


def _packed_channels(config: DiffNeXtConfig) -> int:
    deepest = len(config.injects) - 1
    return config.stage_c_channels * sum(4 ** (deepest - level) for level, used in enumerate(config.injects) if used)


def _unit(patch: int, levels: int) -> int:
    """Stage B's sides are multiples of it."""
    return patch * 2 ** (levels - 1)


def _times(factor: int, letter: str) -> str:
    return letter if factor == 1 else f"{factor}*{letter}"
