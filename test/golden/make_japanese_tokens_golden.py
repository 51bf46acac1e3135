"""Writes japanese-tokens.json beside this file: a small tokenizer.json with Japanese words, and ids by the Rust implementation.

Run by hand when gpu-backend/training/wuerstchen/languages/vocabulary.py changes:
    PYTHONPATH=gpu-backend/training python test/golden/make_japanese_tokens_golden.py
The committed file came from tokenizers 0.23.3.
"""

import json
import unicodedata
from pathlib import Path

from wuerstchen.export.tiny import tiny_tokenizer
from wuerstchen.languages.lexicon import Lexicon, Pair
from wuerstchen.languages.vocabulary import common_letters, extend_tokenizer, tokenizer_of

TEXTS = [
    "犬",
    "青いハート",
    "犬、3D",
    "犬, 3D",
    "3Dの犬",
    "　青色の　イヌ。",
    "ﾛｹｯﾄ",  # half-width, as some keyboards write it
    "ガラスの家",
    "カ\u3099ラスの家",  # the mark of voiced kana as a character of its own
    "red ロケット with 青い犬",
    "茨犬",  # a letter that no word has, beside one that is known
    "龘犬",  # a letter that is not common: the whole run is unknown
    "A red apple, 3D",
]
LEXICON = Lexicon(
    spellings={"dog": ("犬", "イヌ", "いぬ"), "rocket": ("ロケット",), "heart": ("ハート",), "blue": ("青い", "青色の")},
    colours=("blue",),
    nouns=("dog", "rocket", "heart"),
    names=(Pair("ガラスの家", "glass house"),),
    words=(),
    wrappers=(Pair("{0}", "{0}"), Pair("{0}の絵", "{0}")),
    joins=(),
)

table = extend_tokenizer(json.loads(tiny_tokenizer().to_str()), LEXICON, 100).tokenizer
table["model"]["vocab"] = {
    piece: number
    for piece, number in table["model"]["vocab"].items()
    if number != 1 or piece.removeprefix("##") not in common_letters() or piece.removeprefix("##") in "".join(TEXTS)
}
tokenizer = tokenizer_of(table)
cases = [{"text": text, "tokenIds": tokenizer.encode(unicodedata.normalize("NFKC", text)).ids} for text in TEXTS]
path = Path(__file__).parent / "japanese-tokens.json"
path.write_text(json.dumps({"tokenizer": table, "cases": cases}, ensure_ascii=False, indent=1) + "\n")
