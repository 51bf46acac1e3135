"""Prompts to the text states that the released networks were trained on.

Tokeniser and encoder are those of `transformers` (CLIPTokenizer, CLIPTextModel, CLIPTextModelWithProjection), passed
in. Every prompt is padded to the encoder's length and the attention mask is handed over: without it the padding's
states, which the networks read, differ.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class CascadeText:
    """Stable Cascade's text: states (b, 77, w) before the final norm, and pooled (b, 1, p), the projected state of
    the end token.
    """

    states: Tensor
    pooled: Tensor


def _encode(tokeniser: Any, encoder: Any, prompts: list[str]) -> Any:
    padding = {"padding": "max_length", "max_length": tokeniser.model_max_length, "truncation": True}
    tokens = tokeniser(prompts, return_tensors="pt", **padding).to(encoder.device)
    return encoder(tokens.input_ids, attention_mask=tokens.attention_mask, output_hidden_states=True)


@torch.no_grad()
def encode_v2_text(tokeniser: Any, encoder: Any, prompts: list[str]) -> Tensor:
    """(b, 77, w) states after the final norm. v2 has two encoders: CLIP-bigG for Stage C, CLIP-H for Stage B."""
    return _encode(tokeniser, encoder, prompts).last_hidden_state


@torch.no_grad()
def encode_cascade_text(tokeniser: Any, encoder: Any, prompts: list[str]) -> CascadeText:
    """Both stages of Stable Cascade read one encoder, CLIP-bigG with its projection."""
    output = _encode(tokeniser, encoder, prompts)
    return CascadeText(output.hidden_states[-1], output.text_embeds[:, None])
