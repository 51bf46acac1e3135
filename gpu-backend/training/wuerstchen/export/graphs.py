"""The graphs of a bundle: which inputs and outputs each has, and the module that computes it.

Timestep embeddings are inputs: computed inside a graph, a constant-folded exp that is one ulp off is multiplied by
10^4. What depends on the text or on the Stage C latent alone has a graph of its own, so a sampler runs it once and not
at every step.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.export import Dim

from wuerstchen.config import Config, Prediction
from wuerstchen.marking.carriers import TILE
from wuerstchen.marking.extractor import Extractor
from wuerstchen.marking.message import BITS
from wuerstchen.models.alpha import premultiply, straight
from wuerstchen.models.autoencoder import ConvolutionalCompressor
from wuerstchen.models.blocks import timestep_embedding
from wuerstchen.models.compressor import Compressor
from wuerstchen.models.previewer import Previewer
from wuerstchen.models.stage_a import StageA
from wuerstchen.models.stage_b import StageB
from wuerstchen.models.stage_c import StageC
from wuerstchen.models.text_encoder import TextEncoder

RGB = 3


@dataclass(frozen=True)
class Stages:
    text_encoder: TextEncoder
    compressor: Compressor | ConvolutionalCompressor
    stage_a: StageA
    stage_b: StageB
    stage_c: StageC
    previewer: Previewer | None = None
    # Of a marked Stage A.
    extractor: Extractor | None = None


@dataclass(frozen=True)
class Port:
    """An input or output. A dimension is a number, or a name where it varies: b batch, t text positions, h and w
    latent sides.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]


@dataclass(frozen=True)
class Graph:
    key: str
    inputs: tuple[Port, ...]
    outputs: tuple[
        Port, ...
    ]  # the server reads the first; heads are there for parity checks, previews and other samplers
    compute: Callable[..., Tensor | tuple[Tensor, ...]]
    module: nn.Module
    weights: str  # "int8", "float16" or "float32": how they are stored; they compute in float32


class Exported(nn.Module):
    """Gives torch.export a module whose forward is one method of ours."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.owner, self.compute = graph.module, graph.compute

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        return self.compute(*inputs)


def bundle_graphs(config: Config, stages: Stages) -> tuple[Graph, ...]:
    graphs = (
        _text_encoder(config, stages.text_encoder),
        *_stage_c(config, stages.stage_c),
        *decoder_graphs(config, stages.stage_a, stages.stage_b),
        _compressor(config, stages.compressor),
    )
    if stages.previewer is not None:
        graphs = (*graphs, _previewer(config, stages.previewer))
    return graphs if stages.extractor is None else (*graphs, mark_graph(stages.extractor))


def _text_encoder(config: Config, model: TextEncoder) -> Graph:
    tokens = (Port("token_ids", "int64", ("b", "t")), Port("token_mask", "int64", ("b", "t")))
    return Graph(
        "textEncoder",
        tokens,
        (Port("text_states", "float32", ("b", "1+t", config.text.width)),),
        model.forward,
        model,
        "int8",
    )


def _stage_c(config: Config, model: StageC) -> tuple[Graph, Graph]:
    c, latent = config.stage_c, _latent(config)
    states = Port("text_states", "float32", ("b", "t", config.text.width))
    condition, mask = (
        Port("text_condition", "float32", ("b", c.depth, 2, "t", c.channels)),
        Port("text_mask", "float32", ("b", "t")),
    )
    inputs = (latent, _embedding(c.timestep_width), condition, mask)
    return (
        Graph("textConditioner", (states,), (condition,), model.condition, model, "float16"),
        Graph("stageC", inputs, *_prediction(c.prediction, model, latent), model, "float16"),
    )


def decoder_graphs(config: Config, stage_a: StageA, stage_b: StageB) -> tuple[Graph, Graph, Graph]:
    """From a Stage C latent to a picture: what Stage B computes once, Stage B and Stage A."""
    channels, ratio, latent = config.stage_b.channels[0], config.latent.downscale // 4, _latent(config)
    painted = Port("stage_b_latent", "float32", ("b", config.stage_a.latent_channels, "h", "w"))
    # One condition, at the size of the Stage C latent where it is made and of Stage B's where it is read.
    made = Port("picture_condition", "float32", ("b", channels, f"{ratio}*h", f"{ratio}*w"))
    read = replace(made, shape=("b", channels, "h", "w"))
    inputs = (painted, _embedding(config.stage_b.timestep_width), read)
    image = Port("image", "float32", ("b", config.picture_channels, "4*h", "4*w"))
    decode = stage_a.decode if config.picture_channels == RGB else lambda latent: straight(stage_a.decode(latent))
    return (
        Graph("stageBConditioner", (latent,), (made,), stage_b.condition, stage_b, "float16"),
        Graph("stageB", inputs, *_prediction(config.stage_b.prediction, stage_b, painted), stage_b, "float16"),
        Graph("stageA", (painted,), (image,), decode, stage_a, "float16"),
    )


def _compressor(config: Config, model: Compressor | ConvolutionalCompressor) -> Graph:
    compress = model.forward if config.picture_channels == RGB else lambda picture: model(premultiply(picture))
    return Graph(
        "compressor", (_image(config, config.picture_channels),), (_latent(config),), compress, model, "float16"
    )


def _previewer(config: Config, model: Previewer) -> Graph:
    return Graph("previewer", (_latent(config),), (_image(config, RGB),), model.picture, model, "float16")


def mark_graph(model: Extractor) -> Graph:
    """From a picture on any background to the bits of its mark."""
    image = Port("image", "float32", ("b", RGB, f"{TILE}*h", f"{TILE}*w"))
    return Graph("mark", (image,), (Port("reading", "float32", ("b", BITS + 1)),), model.forward, model, "float32")


def _latent(config: Config) -> Port:
    return Port("stage_c_latent", "float32", ("b", config.latent.channels, "h", "w"))


def _image(config: Config, channels: int) -> Port:
    """A whole picture, in cells of the Stage C latent."""
    return Port("image", "float32", ("b", channels, f"{config.latent.downscale}*h", f"{config.latent.downscale}*w"))


def _embedding(width: int) -> Port:
    return Port("timestep_embedding", "float32", ("b", width))


def _prediction(
    prediction: Prediction, stage: StageB | StageC, latent: Port
) -> tuple[tuple[Port, ...], Callable[..., Tensor | tuple[Tensor, ...]]]:
    """The outputs of a denoising graph and what computes them. Of the noise: noise = (x - clean_head) /
    deviation_head.
    """
    if prediction == "epsilon":
        return tuple(
            Port(name, latent.dtype, latent.shape) for name in ("noise", "clean_head", "deviation_head")
        ), stage.noise_and_heads
    return (Port("prediction", latent.dtype, latent.shape),), stage.predict


def example_inputs(graph: Graph, batch: int, side: int, tokens: int, seed: int) -> tuple[Tensor, ...]:
    """Random inputs for a latent of `side` cells a side and `tokens` text positions."""
    generator = torch.Generator().manual_seed(seed)
    sizes = {"b": batch, "t": tokens, "h": side, "w": side}

    def one(port: Port) -> Tensor:
        shape = [_size(dimension, sizes) for dimension in port.shape]
        if port.name == "token_ids":
            return torch.randint(0, 100, shape, generator=generator)
        if port.name.endswith("_mask"):
            kind = torch.int64 if port.dtype == "int64" else torch.float32
            return (torch.arange(shape[1]) < max(2, shape[1] - 3)).to(kind).expand(shape).contiguous()
        if port.name == "timestep_embedding":
            # Real times: an embedding that no time has puts the noise heads near their singularity, where rounding is
            # all one sees.
            return timestep_embedding(torch.linspace(0.3, 1, shape[0]), shape[1])
        random = torch.randn(shape, generator=generator)
        return random.sigmoid() if port.name == "image" else random

    return tuple(one(port) for port in graph.inputs)


def _size(dimension: int | str, sizes: dict[str, int]) -> int:
    if isinstance(dimension, int):
        return dimension
    factor, _, name = dimension.rpartition("*")
    return sizes[name] * int(factor or 1)


def dynamic_shapes(graph: Graph) -> tuple[dict[int, object], ...]:
    """For torch.export, one entry an input."""
    return tuple(
        {axis: Dim.DYNAMIC for axis, dimension in enumerate(port.shape) if isinstance(dimension, str)}
        for port in graph.inputs
    )
