"""Writes prompt-tokens.json beside this file: ids of the embedded bundle's tokenizer, by the reference implementation in Rust.

Run by hand when the bundle's tokenizer changes:  python test/golden/make_prompt_tokens_golden.py
The committed file came from tokenizers 0.23.3.
"""

import json
import unicodedata
from pathlib import Path

from tokenizers import Tokenizer

HERE = Path(__file__).parent
BUNDLE = HERE.parents[1] / "gpu-backend" / "models" / "emoji-128"
TEXTS = [
    "red apple, 3D",
    "Café au lait: naïve façade!",
    "unbelievably-long_compound/words & punctuation… (really?)",
    "赤いりんご",
    "犬、3D",
    "3Dのロケット",
    "ﾊﾟﾝﾀﾞ",
    "사과",
    "яблоко",
    "😀 grinning 👩‍🚀 astronaut",
    "1st place medal #1 100%",
    "flag of Åland Islands",
    "don't",
    "",
]

tokenizer = Tokenizer.from_file(str(BUNDLE / "tokenizer.json"))
cases = [{"text": text, "tokenIds": tokenizer.encode(unicodedata.normalize("NFKC", text)).ids} for text in TEXTS]
(HERE / "prompt-tokens.json").write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")
