"""Writes clip-vocabulary.json beside this file: the importer's tokenizer.json on CLIP's own vocabulary, and ids by `transformers`.

Only the merges that these texts use are kept, with their real ids, so the file is small; what a merge that never happens does is nothing.
    PYTHONPATH=gpu-backend/training python test/golden/make_clip_vocabulary_golden.py bpe_simple_vocab_16e6.txt.gz
The merges are CLIP's (MIT), inside the PyPI package open_clip_torch 3.3.0. The committed file came from transformers 5.23.0 and tokenizers
0.23.3.
"""

import gzip
import json
import sys
import tempfile
from pathlib import Path

from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPTokenizer

from wuerstchen.published.bundle.tokenizer import END, START, clip_tokenizer, read_tokenizer

VOCABULARY_SIZE = 49408
TEXTS = [
    "",
    "a photo of a red cat",
    "A Photo Of A RED CAT!",
    "  runs \t of   spaces \n and\r\nlines  ",
    "it's the artist's, they're here; we've won, I'd say 'll do",
    "1024x1024, f/1.8 & 50 mm -- (masterpiece:1.2) [deep] {sharp} <b>bold</b>",
    "émigré naïve café, Ångström, ÜBER, İstanbul, ΣΊΣΥΦΟΣ, ß ẞ",
    "cafe\u0301 with a combining accent",
    "青い猫と赤い犬、桜の木の下で。",
    "ﾛｹｯﾄ ロケット １２３",
    "Привет, мир! مرحبا بالعالم שלום नमस्ते สวัสดี 안녕하세요",
    "😀 grinning 👩‍🚀 astronaut 🇯🇵 flag 🐕‍🦺 👍🏽",
    "zero\u200bwidth, no\u00a0break, ideographic\u3000space, next\u0085line, mark\ufeffhere",
    "!!! ??? ... ,,, ;;; — – “quotes” ‘single’ «guillemets» … ™ © ½ ² №",
    "snake_case camelCase kebab-case a/b\\c user@example.com https://example.com/?q=1",
    "<|endoftext|> in the text, and <|startoftext|> too",
    "antidisestablishmentarianism supercalifragilisticexpialidocious qzxjk",
    "a very long prompt, " * 30,
    "dog " * 75,
    "dog " * 76,
]


def full_vocabulary(merges_file: Path) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """As OpenAI's tokenizer orders them: bytes, bytes that end a word, merges, the two ends."""
    lines = gzip.decompress(merges_file.read_bytes()).decode().split("\n")
    merges = [tuple(line.split()) for line in lines[1 : VOCABULARY_SIZE - 512 - 2 + 1]]
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(byte) for byte in printable] + [chr(256 + number) for number in range(256 - len(printable))]
    assert sorted(letters) == sorted(ByteLevel.alphabet())
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(merge) for merge in merges), START, END]
    return {piece: number for number, piece in enumerate(pieces)}, merges


def pruned(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> dict:
    """The tokenizer with the merges that the texts' words come from, each with all that it is made of."""
    full = clip_tokenizer(vocabulary, merges)
    parts = {"".join(merge): merge for merge in merges}
    kept: set[str] = set()
    waiting = {token for text in TEXTS for token in full.encode(text).tokens}
    while waiting:
        token = waiting.pop()
        if token in parts and token not in kept:
            kept.add(token)
            waiting.update(parts[token])
    small = {piece: number for piece, number in vocabulary.items() if piece in kept or piece not in parts}
    return json.loads(clip_tokenizer(small, [merge for merge in merges if "".join(merge) in kept]).to_str())


def main() -> None:
    vocabulary, merges = full_vocabulary(Path(sys.argv[1]))
    assert (vocabulary[START], vocabulary[END]) == (49406, 49407)
    reference = CLIPTokenizer(vocabulary, merges, model_max_length=77)
    with tempfile.TemporaryDirectory() as folder:
        reference.save_pretrained(folder)
        imported = read_tokenizer(Path(folder))
    assert json.loads(imported.json)["model"]["vocab"] == vocabulary
    small = pruned(vocabulary, merges)
    cases = [{"text": text, "tokenIds": reference(text, truncation=True).input_ids} for text in TEXTS]
    for case in cases:
        assert clip_tokenizer(small["model"]["vocab"], [tuple(pair) for pair in small["model"]["merges"]]).encode(case["text"]).ids[:76] == case["tokenIds"][:76], case
    content = {"madeBy": f"test/golden/{Path(__file__).name}", "tokensMax": 77, "padTokenId": imported.pad, "tokenizer": small, "cases": cases}
    (Path(__file__).parent / "clip-vocabulary.json").write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
