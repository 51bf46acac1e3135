"""The frozen text encoder: all-MiniLM-L6-v2 (Apache-2.0), a BERT of 6 layers and width 384.

Token states condition Stage C, and the mean of them, which is what the model was trained for, stands in front as one
more token.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from wuerstchen.models.emoji_words import emoji_to_words


class BertLayer(nn.Module):
    """Post-norm transformer layer; names follow the published checkpoint."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.attention_out, self.attention_norm = nn.Linear(width, width), nn.LayerNorm(width, eps=1e-12)
        self.intermediate, self.output = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.output_norm = nn.LayerNorm(width, eps=1e-12)

    def _split(self, tokens: Tensor) -> Tensor:
        return tokens.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (b, heads, t, width / heads)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        query, key, value = self._split(self.query(x)), self._split(self.key(x)), self._split(self.value(x))
        scores = query @ key.transpose(-1, -2) * (query.shape[-1] ** -0.5) + bias
        mixed = (scores.softmax(dim=-1) @ value).transpose(1, 2).flatten(2)
        x = self.attention_norm(x + self.attention_out(mixed))
        return self.output_norm(x + self.output(F.gelu(self.intermediate(x))))


class TextEncoder(nn.Module):
    """(b, t) token ids and (b, t) mask (1 token, 0 padding; both int64) to states (b, 1 + t, width): pooled first,
    then tokens.
    """

    def __init__(self, vocabulary: int, positions: int, width: int, heads: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.words, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(positions, width)
        self.segment = nn.Parameter(torch.zeros(width))
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(BertLayer(width, heads, hidden) for _ in range(layers))
        self.tokenizer: Tokenizer | None = None

    @staticmethod
    def load(directory: Path) -> "TextEncoder":
        """Reads config.json, model.safetensors and tokenizer.json of a BERT checkpoint in the Hugging Face layout."""
        config = json.loads((directory / "config.json").read_text())
        model = TextEncoder(
            config["vocab_size"],
            config["max_position_embeddings"],
            config["hidden_size"],
            config["num_attention_heads"],
            config["intermediate_size"],
            config["num_hidden_layers"],
        )
        model.load_state_dict(_renamed(load_file(directory / "model.safetensors"), config["num_hidden_layers"]))
        model.tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        return model.eval().requires_grad_(False)

    def forward(self, token_ids: Tensor, mask: Tensor) -> Tensor:
        positions = torch.arange(token_ids.shape[1], device=token_ids.device)
        x = self.norm(self.words(token_ids) + self.positions(positions)[None] + self.segment)
        weight = mask.to(x.dtype)
        bias = ((weight - 1) * 1e4)[:, None, None, :]  # (b, 1, 1, t)
        for layer in self.layers:
            x = layer(x, bias)
        pooled = (x * weight[:, :, None]).sum(1, keepdim=True) / weight.sum(1)[:, None, None]
        return torch.cat([pooled, x], dim=1)

    def tokenise(self, texts: list[str], tokens_max: int) -> list[list[int]]:
        """Ids with [CLS] and [SEP]; at most `tokens_max` in all, [SEP] kept."""
        assert self.tokenizer is not None, "load the encoder from a directory first"
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(tokens_max)
        return [encoding.ids for encoding in self.tokenizer.encode_batch(self._as_words(texts))]

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Of each text before it is cut, with [CLS] and [SEP]."""
        assert self.tokenizer is not None, "load the encoder from a directory first"
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        return [len(encoding.ids) for encoding in self.tokenizer.encode_batch(self._as_words(texts))]

    def _as_words(self, texts: list[str]) -> list[str]:
        return [emoji_to_words(text, self.tokenizer) for text in texts]

    @torch.no_grad()
    def encode_texts(self, texts: list[str], tokens_max: int) -> list[np.ndarray]:
        """One (1 + t, width) float32 array a text, without padding."""
        ids = self.tokenise(texts, tokens_max)
        longest = max(len(row) for row in ids)
        padded = torch.tensor([row + [0] * (longest - len(row)) for row in ids])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
        states = self(padded, mask)
        return [states[index, : 1 + len(row)].numpy() for index, row in enumerate(ids)]


_LAYER_NAMES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention_out": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "intermediate": "intermediate.dense",
    "output": "output.dense",
    "output_norm": "output.LayerNorm",
}


def _renamed(state: dict[str, Tensor], layers: int) -> dict[str, Tensor]:
    """The published names to ours; segment 0 is the only segment of a single text."""
    state = {name.removeprefix("bert."): tensor.float() for name, tensor in state.items()}
    renamed = {
        "words.weight": state["embeddings.word_embeddings.weight"],
        "positions.weight": state["embeddings.position_embeddings.weight"],
        "segment": state["embeddings.token_type_embeddings.weight"][0],
        "norm.weight": state["embeddings.LayerNorm.weight"],
        "norm.bias": state["embeddings.LayerNorm.bias"],
    }
    for layer in range(layers):
        for ours, theirs in _LAYER_NAMES.items():
            for kind in ("weight", "bias"):
                renamed[f"layers.{layer}.{ours}.{kind}"] = state[f"encoder.layer.{layer}.{theirs}.{kind}"]
    return renamed
