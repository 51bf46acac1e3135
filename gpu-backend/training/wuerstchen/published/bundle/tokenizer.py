"""CLIP's tokenizer as one tokenizer.json, from either form in which a checkpoint has it.

Everything but vocabulary and merges is CLIP's own, as `transformers` sets it up whatever a file says: NFC, white space,
lower case, words apart by a pattern, byte-level pairs.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers import Tokenizer as FastTokenizer

from wuerstchen.published.bundle.architectures import read_json
from wuerstchen.published.bundle.checkpoint_error import at
from wuerstchen.published.bundle.special_tokens import END, START, read_special_tokens

WORDS = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
# Some configurations name an absurd number instead of the model's length.
LENGTH_MAX = 10_000
LENGTH_DEFAULT = 77


@dataclass(frozen=True)
class Tokenizer:
    """`json` is a tokenizer.json without padding and truncation. `length`: to which a prompt is padded, with `pad`.
    `tokens`: how many ids there are.
    """

    json: str
    start: int
    end: int
    pad: int
    length: int
    tokens: int
    files: tuple[Path, ...]

    def empty_prompt(self) -> tuple[list[int], list[int]]:
        """Ids and mask of the prompt "", padded."""
        padding = self.length - 2
        return [self.start, self.end, *[self.pad] * padding], [1, 1, *[0] * padding]


def read_tokenizer(folder: Path) -> Tokenizer:
    """Raises CheckpointError where files are missing or make no CLIP tokenizer."""
    fast = folder / "tokenizer.json"
    if fast.is_file():
        model = read_json(fast).get("model", {})
        vocabulary, merges, files = model.get("vocab"), model.get("merges"), [fast]
    else:
        files = [folder / "vocab.json", folder / "merges.txt"]
        if not all(file.is_file() for file in files):
            raise at(folder, "has neither tokenizer.json nor vocab.json and merges.txt")
        vocabulary, merges = read_json(files[0]), files[1].read_text(encoding="utf-8").splitlines()
    if not isinstance(vocabulary, dict) or not isinstance(merges, list) or not {START, END} <= vocabulary.keys():
        raise at(files[0], f"is not CLIP's: it has no pairs to merge, or no {START} and {END}")
    special = read_special_tokens(folder)
    length = special.config.get("model_max_length", LENGTH_DEFAULT)
    built = clip_tokenizer(vocabulary, _pairs(merges), special.added)
    text = json.dumps(json.loads(built.to_str()), ensure_ascii=False, separators=(",", ":"))
    start, end, pad = (built.token_to_id(token) for token in (START, END, special.pad))
    length = length if length <= LENGTH_MAX else LENGTH_DEFAULT
    return Tokenizer(text, start, end, pad, length, built.get_vocab_size(), (*files, *special.files))


def clip_tokenizer(
    vocabulary: dict[str, int], merges: list[tuple[str, str]], added: tuple[AddedToken, ...]
) -> FastTokenizer:
    """Of Rust's implementation, without padding and truncation. `added` take the next ids in turn, except those that
    the vocabulary has.
    """
    model = models.BPE(
        vocabulary, merges, continuing_subword_prefix="", end_of_word_suffix="</w>", fuse_unk=False, unk_token=END
    )
    tokenizer = FastTokenizer(model)
    # JavaScript lowers a Σ that ends a word to ς, Rust never does: so it is lowered before either.
    sigma = normalizers.Replace("Σ", "σ")
    spaces = normalizers.Replace(Regex(r"\s+"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), spaces, sigma, normalizers.Lowercase()])
    split = pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens(list(added))
    tokenizer.post_processor = processors.RobertaProcessing(
        (END, vocabulary[END]), (START, vocabulary[START]), False, False
    )
    return tokenizer


def _pairs(merges: list[Any]) -> list[tuple[str, str]]:
    """Both forms: "a b" and ["a", "b"]. A first line of merges.txt names its version."""
    pairs = [
        tuple(merge.split(" ")) if isinstance(merge, str) else tuple(merge)
        for merge in merges
        if not str(merge).startswith("#version")
    ]
    return [pair for pair in pairs if len(pair) == 2]
