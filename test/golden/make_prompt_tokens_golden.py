"""Writes prompt-tokens.json beside this file: ids of the embedded bundle's tokenizer, by the reference implementation in Rust.

Run by hand when the bundle's tokenizer changes:  python test/golden/make_prompt_tokens_golden.py
The committed file came from tokenizers 0.23.3.
"""

import json
import sys
import unicodedata
from pathlib import Path

from tokenizers import Tokenizer

HERE = Path(__file__).parent
BUNDLE = HERE.parents[1] / "gpu-backend" / "models" / "emoji-128"
sys.path.append(str(HERE.parents[1] / "gpu-backend" / "training"))
from wuerstchen.models.emoji_words import emoji_to_words  # noqa: E402: the training's own reading of captions
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
    "🍎",
    "赤い🍎と犬",
    "1st place medal #1 100%",
    "flag of Åland Islands",
    "don't",
    "",
]

tokenizer = Tokenizer.from_file(str(BUNDLE / "tokenizer.json"))
read = {text: emoji_to_words(unicodedata.normalize("NFKC", text), tokenizer) for text in TEXTS}
cases = [{"text": text, "tokenIds": tokenizer.encode(words).ids} for text, words in read.items()]
(HERE / "prompt-tokens.json").write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")
