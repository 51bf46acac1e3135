"""Stage B that reads the prompt: what its text is made of, and the graph that makes it.

As `diffusers`' decoder pipelines have it: v2's Stage B reads the states of an encoder of its own, Stable Cascade's the
pooled state. Where both halves of Stable Cascade hold one and the same encoder, the bundle holds it once.
"""

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor, nn

from wuerstchen.export.graphs import Port
from wuerstchen.published.bundle.checkpoint import Checkpoint, DecoderText
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.graphs import Function, Graph, keep_parts, text_port
from wuerstchen.published.bundle.record import FileFacts
from wuerstchen.published.cascade import TOKENS_PER_POOLED, CascadeUNet
from wuerstchen.published.clip_text import ClipText
from wuerstchen.published.stage_b import DiffNeXt

GUIDANCE_MAX = 20.0


def read_decoder_text(prompt: bool, guidance: float | None) -> DecoderText | None:
    """Of the options of the import: guidance needs a prompt, so it asks for one. Raises CheckpointError for a scale
    out of range.
    """
    if guidance is not None and not 0 <= guidance <= GUIDANCE_MAX:
        raise CheckpointError(f"--decoder-guidance: {guidance} is not from 0 to {GUIDANCE_MAX:.0f}")
    if not prompt and guidance is None:
        return None
    return DecoderText(guidance or 0.0)


def with_decoder_text(checkpoint: Checkpoint, text: DecoderText | None) -> Checkpoint:
    """The checkpoint whose Stage B reads the prompt. Raises CheckpointError where the halves read a prompt as different
    ids: a request has them once.
    """
    if text is None:
        return checkpoint
    ours, theirs = checkpoint.tokenizer, checkpoint.tokenizer_b
    if (ours.json, ours.length) != (theirs.json, theirs.length):
        raise CheckpointError(
            "--decoder-prompt: the tokenizers of prior and decoder differ, and a request is read by one. Import without"
        )
    return replace(checkpoint, decoder_text=text)


def shares_encoder(checkpoint: Checkpoint, sources: Mapping[str, FileFacts]) -> bool:
    """Whether Stage B's text follows from the states that Stage C reads. `sources`: as of `Checkpoint.sources`."""
    one, other = checkpoint.text_encoder, checkpoint.text_encoder_b
    if checkpoint.family != "stable-cascade" or one.adapters or checkpoint.tokenizer.pad != checkpoint.tokenizer_b.pad:
        return False
    digests = {path: sources[place].sha256 for place, path in checkpoint.sources().items()}
    first, second = ([digests[path] for path in part.sources] for part in (one, other))
    return one.config == other.config and first == second


def describe_decoder_text(checkpoint: Checkpoint) -> dict:
    """The manifest's `stageB.text`, for a checkpoint with `decoder_text`."""
    tokenizer, text = checkpoint.tokenizer_b, checkpoint.decoder_text
    described = {"emptyTokenIds": [tokenizer.start, tokenizer.end], "padTokenId": tokenizer.pad}
    return described | ({"guidanceScale": text.guidance} if text is not None and text.guided else {})


def stage_b_text(encoder: ClipText, network: DiffNeXt | CascadeUNet) -> Graph:
    """Token ids to what Stage B's attention reads."""
    config = encoder.float().eval().requires_grad_(False).config
    pools = isinstance(network, CascadeUNet)
    keep_parts(network, "clip_txt_pooled_mapper" if pools else "clip_mapper", "clip_norm" if pools else "seq_norm")

    def tokens(ids: Tensor, mask: Tensor) -> Tensor:
        if not pools:
            return network.tokens(encoder(ids, mask))
        return network.tokens(encoder.pooled(ids, encoder.unnormalised(ids, mask)))

    positions = TOKENS_PER_POOLED if pools else config.positions
    inputs = tuple(Port(name, "int64", ("b", config.positions)) for name in ("token_ids", "token_mask"))
    outputs = (text_port(positions, network.config.condition_channels),)
    both = nn.ModuleList([encoder, network])
    return Graph("stageBText", inputs, outputs, tokens, lambda: Function(both, tokens), end_token=config.end_token)


def pooled_stage_b_text(network: CascadeUNet, positions: int, width: int) -> Graph:
    """Stable Cascade's text states, the pooled one first, to what Stage B's attention reads."""
    keep_parts(network, "clip_txt_pooled_mapper", "clip_norm")

    def tokens(states: Tensor) -> Tensor:
        return network.tokens(states[:, :1, : network.config.pooled_channels])

    inputs = (Port("text_states", "float32", ("b", 1 + positions, width)),)
    outputs = (text_port(TOKENS_PER_POOLED, network.config.condition_channels),)
    return Graph("stageBText", inputs, outputs, tokens, lambda: Function(network, tokens))
