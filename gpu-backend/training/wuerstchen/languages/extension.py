"""The English text encoder with further rows of its word embedding, and the two files that hold them:
RUNS/text-LANGUAGE.*
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save
from tokenizers import Tokenizer
from torch import Tensor, nn

from wuerstchen.models.text_encoder import TextEncoder
from wuerstchen.training.sources import text_encoder_directory
from wuerstchen.whole_file import whole_file, write_whole

ROWS = "words.added"


class ExtendedWords(nn.Module):
    """A word embedding whose first rows are frozen, `english` (n, width), and whose further ones, `added` (m,
    width), are trained.
    """

    def __init__(self, english: Tensor, added: nn.Parameter) -> None:
        super().__init__()
        self.register_buffer("english", english, persistent=False)
        self.added = added

    def forward(self, token_ids: Tensor) -> Tensor:
        first = len(self.english)
        english = F.embedding(token_ids.clamp(max=first - 1), self.english)
        added = F.embedding((token_ids - first).clamp(min=0), self.added)
        return torch.where((token_ids < first)[..., None], english, added)


def with_rows(encoder: TextEncoder, rows: Tensor, tokenizer: Tokenizer) -> TextEncoder:
    """The same encoder, changed in place: `rows` (m, width) behind its word embedding, and the tokenizer that names
    them.
    """
    encoder.words = nn.Embedding.from_pretrained(torch.cat([encoder.words.weight, rows.float()]), freeze=True)
    encoder.tokenizer = tokenizer
    return encoder


def rows_path(runs: Path, language: str) -> Path:
    return runs / f"text-{language}.safetensors"


def save_tokenizer(runs: Path, language: str, tokenizer: dict) -> None:
    """Before training: rows are known by their number alone. Raises ValueError where rows of another vocabulary are
    there.
    """
    write_tokenizer(runs, language, json.dumps(tokenizer, ensure_ascii=False))


def write_tokenizer(runs: Path, language: str, text: str) -> None:
    """As `save_tokenizer`, of a tokenizer.json's text."""
    path = rows_path(runs, language).with_suffix(".tokenizer.json")
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise ValueError(
            f"{path} has other words than {language} has now: delete {runs}/text-{language}.* to learn it again"
        )
    runs.mkdir(parents=True, exist_ok=True)
    write_whole(path, text)


def save_rows(runs: Path, language: str, rows: Tensor) -> None:
    with whole_file(rows_path(runs, language)) as file:
        file.write(save({ROWS: rows.contiguous()}))


def tokenizer_file(runs: Path) -> Path:
    """The tokenizer.json that a bundle of these runs takes: the published one, unless another language was learned.

    Raises ValueError where there are several languages: each was numbered as if it were the only one."""
    found = sorted(runs.glob("text-*.safetensors"))
    if len(found) > 1:
        raise ValueError(f"{runs} holds {', '.join(path.name for path in found)}: a bundle takes one further language")
    return found[0].with_suffix(".tokenizer.json") if found else text_encoder_directory() / "tokenizer.json"


def load_text_encoder(runs: Path) -> TextEncoder:
    """The published text encoder, with the rows of the language that was learned in `runs`, if any."""
    encoder, tokenizer = TextEncoder.load(text_encoder_directory()), tokenizer_file(runs)
    if tokenizer.parent != runs:
        return encoder
    rows = load_file(tokenizer.with_suffix("").with_suffix(".safetensors"))[ROWS]
    return with_rows(encoder, rows, Tokenizer.from_file(str(tokenizer)))
