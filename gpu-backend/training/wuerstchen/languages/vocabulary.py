"""A WordPiece vocabulary with Japanese words behind the English ones. English text gives the ids that it gave before.

BERT's tokenizer puts spaces around every kanji, so no word of two could be a token; here it no longer does, and the
longest known piece is taken from a run of letters as within English words. It also drops the marks of voiced kana
(ガ is カ), as it drops accents.
"""

import copy
import json
import re
from dataclasses import dataclass

from tokenizers import Tokenizer

from wuerstchen.languages.lexicon import Lexicon, single_concepts

JAPANESE = re.compile(r"[\u3005\u3041-\u30ff\u3400-\u9fff]")
RUNS = re.compile(r"[\u3400-\u9fff\u3005]+|[\u30a1-\u30fa\u30fc]+|[\u3041-\u309f]+")
PIECE_CHARACTERS_MAX = 12
# A hiragana run is mostly endings and particles; from three letters on it is a word more often than not.
HIRAGANA_WORD_MIN = 3
SAME_MARKS = {"、": ",", "。": ".", "・": ","}


@dataclass(frozen=True)
class Vocabulary:
    """`tokenizer` is tokenizer.json; ids from `first` on are `count` new rows. `letters` cuts all but English into
    single letters.
    """

    tokenizer: dict
    letters: dict
    first: int
    count: int
    ids: dict[str, int]


def extend_tokenizer(english: dict, lexicon: Lexicon, first: int) -> Vocabulary:
    """`english`: the published tokenizer.json, whose embedding has `first` rows. Spellings of one word share a row."""
    extended = copy.deepcopy(english)
    extended |= {"padding": None, "truncation": None}
    extended["normalizer"]["handle_chinese_chars"] = False
    pieces = _number_pieces(lexicon, tokenizer_of(extended), first)
    unknown = english["model"]["vocab"][english["model"]["unk_token"]]
    entries = {letter: unknown for letter in common_letters()} | pieces
    entries |= {mark: english["model"]["vocab"][same] for mark, same in SAME_MARKS.items()}
    letters = copy.deepcopy(extended)
    for piece, number in entries.items():
        for table in [extended, letters] if len(piece) == 1 else [extended]:
            # A word is the same at the start of a run of letters and within it.
            table["model"]["vocab"] |= {piece: number, f"##{piece}": number}
    return Vocabulary(extended, letters, first, len(set(pieces.values())), pieces)


def _number_pieces(lexicon: Lexicon, tokenizer: Tokenizer, first: int) -> dict[str, int]:
    numbers: dict[str, int] = {}

    def add(spellings: list[str]) -> None:
        normal = [tokenizer.normalizer.normalize_str(spelling) for spelling in spellings]
        fitting = [s for s in normal if JAPANESE.search(s) and len(tokenizer.pre_tokenizer.pre_tokenize_str(s)) == 1]
        fresh = [s for s in fitting if s not in numbers and len(s) <= PIECE_CHARACTERS_MAX]
        if fresh:
            number = first + len(set(numbers.values()))
            numbers.update(dict.fromkeys(fresh, number))

    for spellings in lexicon.spellings.values():
        add(list(spellings))
    for pair in lexicon.words:
        add([pair.text])
    texts = [
        pair.text for pair in (*single_concepts(lexicon), *lexicon.wrappers, *lexicon.joins, *lexicon.arrangements)
    ]
    for run in dict.fromkeys(run for text in texts for run in RUNS.findall(text)):
        if not re.match(r"[\u3041-\u309f]", run) or len(run) >= HIRAGANA_WORD_MIN:
            add([run])
    for letter in sorted(
        {letter for text in texts for letter in tokenizer.normalizer.normalize_str(text)} - set(SAME_MARKS)
    ):
        add([letter])
    return _with_hiragana(numbers)


def _with_hiragana(numbers: dict[str, int]) -> dict[str, int]:
    """Names of animals and plants are katakana in CLDR and often hiragana elsewhere: both spellings share a row."""
    twins = {
        "".join(chr(ord(letter) - 0x60) for letter in piece): number
        for piece, number in numbers.items()
        if re.fullmatch(rf"[\u30a1-\u30f6]{{{HIRAGANA_WORD_MIN},}}", piece)
    }
    return twins | numbers


def common_letters() -> list[str]:
    """Kana and the 2,965 kanji of JIS X 0208 level 1: one that no pair has must not make its whole run of letters
    unknown.
    """
    kana = [chr(code) for code in (*range(0x3041, 0x3097), *range(0x30A1, 0x30FB), 0x30FC, 0x3005)]
    cells = [bytes([0xA0 + row, 0xA0 + cell]) for row in range(16, 48) for cell in range(1, 95 if row < 47 else 52)]
    return [*kana, *(cell.decode("euc_jp") for cell in cells)]


def tokenizer_of(table: dict) -> Tokenizer:
    """A tokenizer from the contents of a tokenizer.json."""
    return Tokenizer.from_str(json.dumps(table, ensure_ascii=False))
