"""Each graph of a checkpoint as something that can be built by itself: one network is in memory at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from wuerstchen.published.bundle import graphs, picture_graphs
from wuerstchen.published.bundle.checkpoint import Checkpoint
from wuerstchen.published.bundle.component import Component
from wuerstchen.published.bundle.graphs import Graph


@dataclass(frozen=True)
class Plan:
    """`build` loads the network. `components`: whose files it reads."""

    key: str
    components: tuple[Component, ...]
    build: Callable[[], Graph]


def plan_graphs(checkpoint: Checkpoint) -> tuple[Plan, ...]:
    """In the manifest's order."""
    text, c, text_b, b, a = checkpoint.components[:5]
    positions, cascade = text.config.positions, checkpoint.family == "stable-cascade"
    conditioner, stage_c, resize, stage_b = (
        (
            graphs.cascade_text_conditioner,
            graphs.cascade_stage_c,
            picture_graphs.cascade_stage_b_conditioner,
            picture_graphs.cascade_stage_b,
        )
        if cascade
        else (
            graphs.v2_text_conditioner,
            graphs.v2_stage_c,
            picture_graphs.v2_stage_b_conditioner,
            picture_graphs.v2_stage_b,
        )
    )
    extras = {"compressor": graphs.compressor, "previewer": graphs.previewer}
    latents = c.config.latent_channels
    return (
        Plan("textEncoder", (text,), lambda: graphs.text_encoder(text.load(), pools=cascade)),
        Plan("textConditioner", (c,), lambda: conditioner(c.load(), positions)),
        Plan("stageC", (c,), lambda: stage_c(c.load(), positions)),
        Plan("stageBConditioner", (), lambda: resize(b.empty())),
        Plan("stageB", (text_b, b), lambda: stage_b(b.load(), empty_text(checkpoint))),
        Plan("stageA", (a,), lambda: graphs.stage_a(a.load(), a.config.latent_channels)),
        *(
            Plan(name, (part,), partial(_extra, extras[name], part, latents))
            for name, part in checkpoint.extras.items()
        ),
    )


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
