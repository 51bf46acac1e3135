"""Each graph of a checkpoint as something that can be built by itself: one network is in memory at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from wuerstchen.published.bundle import graphs, picture_graphs
from wuerstchen.published.bundle.checkpoint import Checkpoint
from wuerstchen.published.bundle.component import Component
from wuerstchen.published.bundle.decoder_text import pooled_stage_b_text, stage_b_text
from wuerstchen.published.bundle.graphs import Graph
from wuerstchen.published.bundle.image_prompts import image_encoder, image_text_conditioner


@dataclass(frozen=True)
class Plan:
    """`build` loads the network. `components`: whose files it reads."""

    key: str
    components: tuple[Component, ...]
    build: Callable[[], Graph]


def plan_graphs(checkpoint: Checkpoint, shares_encoder: bool = False) -> tuple[Plan, ...]:
    """In the manifest's order. `shares_encoder`: the prompt of Stage B follows from Stage C's text states."""
    text, c, text_b, b, a = checkpoint.components[:5]
    positions, cascade = text.config.positions, checkpoint.family == "stable-cascade"
    conditioner, resize = (
        (graphs.cascade_text_conditioner, picture_graphs.cascade_stage_b_conditioner)
        if cascade
        else (graphs.v2_text_conditioner, picture_graphs.v2_stage_b_conditioner)
    )
    extras = {"compressor": graphs.compressor, "previewer": graphs.previewer}
    latents = c.config.latent_channels
    return (
        Plan("textEncoder", (text,), lambda: graphs.text_encoder(text.load(), pools=cascade)),
        Plan("textConditioner", (c,), lambda: conditioner(c.load(), positions)),
        *_image_prompts(checkpoint),
        Plan("stageC", (c,), partial(_stage_c, checkpoint)),
        Plan("stageBConditioner", (), lambda: resize(b.empty())),
        *_stage_b_text(checkpoint, shares_encoder),
        Plan("stageB", (text_b, b), partial(_stage_b, checkpoint)),
        Plan("stageA", (a,), lambda: graphs.stage_a(a.load(), a.config.latent_channels)),
        *(
            Plan(name, (part,), partial(_extra, extras[name], part, latents))
            for name, part in checkpoint.extras.items()
        ),
    )


def _stage_c(checkpoint: Checkpoint) -> Graph:
    network, positions = checkpoint.stage_c.load(), checkpoint.text_encoder.config.positions
    if checkpoint.family == "stable-cascade":
        return graphs.cascade_stage_c(network, positions, pictures=checkpoint.images is not None)
    return graphs.v2_stage_c(network, positions)


def _image_prompts(checkpoint: Checkpoint) -> tuple[Plan, ...]:
    """Nothing where a prompt is of words alone."""
    images, c, positions = checkpoint.images, checkpoint.stage_c, checkpoint.text_encoder.config.positions
    if images is None:
        return ()
    return (
        Plan("imageEncoder", (images.encoder,), lambda: image_encoder(images)),
        Plan("imageTextConditioner", (c,), lambda: image_text_conditioner(c.load(), positions)),
    )


def _stage_b(checkpoint: Checkpoint) -> Graph:
    text = empty_text(checkpoint) if checkpoint.decoder_text is None else None
    network = checkpoint.stage_b.load()
    if checkpoint.family == "stable-cascade":
        return picture_graphs.cascade_stage_b(network, text)
    return picture_graphs.v2_stage_b(network, text, checkpoint.text_encoder_b.config.positions)


def _stage_b_text(checkpoint: Checkpoint, shares_encoder: bool) -> tuple[Plan, ...]:
    """Nothing where Stage B's text is a constant."""
    b, own, states = checkpoint.stage_b, checkpoint.text_encoder_b, checkpoint.text_encoder.config
    if checkpoint.decoder_text is None:
        return ()
    if shares_encoder:
        width = max(states.width, states.projection)
        return (Plan("stageBText", (b,), lambda: pooled_stage_b_text(b.load(), states.positions, width)),)
    return (Plan("stageBText", (own, b), lambda: stage_b_text(own.load(), b.load())),)


def _extra(make: Callable[..., Graph], part: Component, latents: int) -> Graph:
    return make(part.load(), latents)


@torch.no_grad()
def empty_text(checkpoint: Checkpoint) -> Tensor:
    """What the decoder's text encoder says of "": states (1, positions, width) for v2, pooled (1, 1, width) for
    Stable Cascade.
    """
    encoder = checkpoint.text_encoder_b.load().float().eval()
    ids, mask = (torch.tensor([row]) for row in checkpoint.tokenizer_b.empty_prompt())
    return (
        encoder.pooled(ids, encoder.unnormalised(ids, mask))
        if checkpoint.family == "stable-cascade"
        else encoder(ids, mask)
    )
