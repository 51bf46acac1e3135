"""A bundle of random weights at the smallest size, with all paths live: what the servers' tests load.

`python -m wuerstchen.export.tiny --config configs/tiny.toml --out ../../test/support/models/tiny`
"""

import argparse
import tempfile
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from torch import nn

from wuerstchen.config import Config, load_config
from wuerstchen.export.bundle import write_bundle
from wuerstchen.export.graphs import Stages
from wuerstchen.models.build import new_compressor, new_previewer, new_stage_a, new_stage_b, new_stage_c
from wuerstchen.models.text_encoder import TextEncoder

WORDS = [
    "red",
    "green",
    "blue",
    "apple",
    "dog",
    "cat",
    "house",
    "rocket",
    "heart",
    "face",
    "flat",
    "3d",
    "noto",
    "a",
    "the",
    "with",
    ",",
    ".",
    "##s",
    "##es",
]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def tiny_tokenizer() -> Tokenizer:
    """WordPiece as BERT's, over a vocabulary of 100 pieces; any ASCII word falls apart into letters."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS, *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    tokenizer = Tokenizer(models.WordPiece({piece: number for number, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def randomise(module: nn.Module, generator: torch.Generator, deviation: float = 0.05) -> nn.Module:
    """Zero-initialised gates and heads would make most paths identities, so every parameter gets a little noise."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * deviation)
    return module.eval().requires_grad_(False)


def tiny_stages(config: Config) -> Stages:
    torch.manual_seed(config.seed)
    generator = torch.Generator().manual_seed(config.seed)
    return Stages(
        text_encoder=randomise(TextEncoder(128, config.text.tokens_max, config.text.width, 2, 64, 1), generator),
        compressor=randomise(new_compressor(config), generator),
        stage_a=randomise(new_stage_a(config), generator),
        stage_b=randomise(new_stage_b(config), generator),
        # More would bring its noise head near the singularity, where rounding is amplified at every step.
        stage_c=randomise(new_stage_c(config), generator, 0.03),
        previewer=randomise(new_previewer(config), generator),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = Path(folder) / "tokenizer.json"
        tiny_tokenizer().save(str(tokenizer))
        # Nothing is rounded in a run, so that results can be held against PyTorch's.
        write_bundle(config, tiny_stages(config), tokenizer, arguments.out, "2026-11-22", weights="float16")


if __name__ == "__main__":
    main()
