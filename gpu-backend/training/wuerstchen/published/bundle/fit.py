"""Whether the parts of a checkpoint are of one model."""

from dataclasses import replace

from wuerstchen.published.bundle.adapters import Adapter, require_targets
from wuerstchen.published.bundle.checkpoint import Checkpoint
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.image_prompts import require_fit_of_pictures
from wuerstchen.published.bundle.picture_graphs import STAGE_B_CELLS


def checked(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint, after the header of every weight file was held against its network. Raises CheckpointError
    naming the first thing that is wrong.
    """
    for component in checkpoint.all_components:
        component.check()
    require_fit(checkpoint)
    if checkpoint.images is not None:
        require_fit_of_pictures(checkpoint.images, checkpoint.stage_c)
    return checkpoint


def require_fit(checkpoint: Checkpoint) -> None:
    """Raises CheckpointError where two components speak of different widths."""
    text, c, text_b, b, a = (component.config for component in checkpoint.components[:5])
    cascade = checkpoint.family == "stable-cascade"
    pairs = [
        ("the text encoder's states", text.width, "Stage C's text", c.text_channels),
        ("Stage C's latent", c.latent_channels, "Stage B's condition", b.stage_c_channels),
        ("Stage B's latent", b.latent_channels, "Stage A's", a.latent_channels),
        ("Stage C's timestep embedding", c.timestep_width, "Stage B's", b.timestep_width),
        (
            "the text encoder's positions",
            text.positions,
            "the tokenizer's model_max_length",
            checkpoint.tokenizer.length,
        ),
        (
            "the decoder's text encoder's positions",
            text_b.positions,
            "its tokenizer's model_max_length",
            checkpoint.tokenizer_b.length,
        ),
    ]
    if cascade:
        pairs.append(("the text encoder's projection", text.projection, "Stage C's pooled text", c.pooled_channels))
        pairs.append(
            ("the decoder's text encoder's projection", text_b.projection, "Stage B's pooled text", b.pooled_channels)
        )
    else:
        pairs.append(("the decoder's text encoder's states", text_b.width, "Stage B's text", b.text_channels))
    for tokens, encoder in ((checkpoint.tokenizer.tokens, text), (checkpoint.tokenizer_b.tokens, text_b)):
        if tokens > encoder.vocabulary:
            raise CheckpointError(
                f"these parts are not of one model: a tokenizer has {tokens} tokens, "
                f"its text encoder {encoder.vocabulary}"
            )
    for one, left, other, right in pairs:
        if left != right:
            raise CheckpointError(f"these parts are not of one model: {one} has {left}, {other} {right}")
    if STAGE_B_CELLS % (b.patch * 2 ** (len(b.channels) - 1)):
        raise CheckpointError(
            f"Stage B of {len(b.channels)} levels and patches of {b.patch} does not fit pictures of 128 pixels a side"
        )


def with_adapters(checkpoint: Checkpoint, adapters: tuple[Adapter, ...]) -> Checkpoint:
    """The checkpoint whose Stage C and text encoder take these adapters, in turn. Raises CheckpointError where a layer
    of one fits neither.
    """
    changed = {name: getattr(checkpoint, name) for name in ("stage_c", "text_encoder")}
    for adapter in adapters:
        require_targets(adapter, {name: component.empty() for name, component in changed.items()})
    return replace(checkpoint, **{name: replace(part, adapters=adapters) for name, part in changed.items()})
