"""Writes clip-tokens.json beside this file: a CLIP tokenizer with a handful of merges, and what transformers reads with it.

Bytes, pattern, normaliser and special tokens are those of the released tokenizers; the 48,894 merges are not needed to tell whether two
implementations agree. Run by hand:  python test/golden/make_clip_tokens_golden.py
The committed file came from transformers 5.23.0 and tokenizers 0.23.3.
"""

import json
from pathlib import Path

from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPTokenizer

END = "</w>"
MERGES = [
    "r e",
    f"re d{END}",
    "c a",
    f"ca t{END}",
    f"t h{END}",
    "i n",
    f"in g{END}",
    "p h",
    "o t",
    "ph ot",
    f"phot o{END}",
    f"' s{END}",
    f". .{END}",
]
TOKENS_MAX = 77
PROMPTS = [
    "a red cat",
    "A photo of a RED cat's cat!!",
    "",
    "  tabs\tand \n lines\u00a0and\u2003wide\u2028spaces ",
    "it's don't they'll we're I've I'm he'd",
    "café naïve e\u0301 a\u0301",
    "ﬁne ①②③ ½ Ｆｕｌｌ ㍿",
    "日本の猫、青い猫",
    "😀 👩🏽‍🚀 🏳️‍🌈",
    "1234567 3d 4K, f/1.4...",
    "<|endoftext|> cat <|startoftext|>cat<|endoftext|>cat",
    "Σίσυφος ΣΑΣ İstanbul ẞ",
    "under_score—dash\u0007bell\ufeffmark\u200bzero",
    "cat" * 40,
    "red cat " * 40,
    "red " * 75,
    "red " * 76,
]


def tokenizer() -> CLIPTokenizer:
    alphabet = sorted(ByteLevel.alphabet())
    merged = [merge.replace(" ", "") for merge in MERGES]
    tokens = [*alphabet, *(letter + END for letter in alphabet), *merged, "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    return CLIPTokenizer(vocabulary, [tuple(merge.split()) for merge in MERGES], model_max_length=TOKENS_MAX)


def main() -> None:
    tokens = tokenizer()
    cases = [{"text": text, "tokenIds": tokens(text, truncation=True).input_ids} for text in PROMPTS]
    content = {"tokenizer": json.loads(tokens.backend_tokenizer.to_str()), "tokensMax": TOKENS_MAX, "cases": cases}
    path = Path(__file__).parent / "clip-tokens.json"
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
