"""The further language of a bundle's text encoder, taken back into a folder of runs."""

from pathlib import Path

import onnx

from wuerstchen.export.open_bundle import Bundle
from wuerstchen.export.stored_parameters import read_parameters
from wuerstchen.languages.extension import save_rows, write_tokenizer
from wuerstchen.models.text_encoder import TextEncoder
from wuerstchen.training.sources import text_encoder_directory

WORDS = "words.weight"


def take_language(directory: Path, runs: Path) -> int:
    """Writes the rows that a bundle's word embedding has behind the published one's, and its tokenizer, to
    RUNS/text-ID.*, so that what is exported from RUNS reads the language too. Returns the number of rows: 0 where the
    bundle has none, or RUNS holds a language.

    Rows that the bundle stores in int8 come back as it reads them, and the export stores the same int8 again.
    """
    if any(runs.glob("text-*.safetensors")):
        return 0
    bundle = Bundle(directory)
    words = read_parameters(onnx.load(bundle.path("textEncoder"))).get(WORDS)
    english = TextEncoder.load(text_encoder_directory()).words.weight
    if words is None or words.shape[1] != english.shape[1] or len(words) <= len(english):
        return 0
    name = bundle.manifest["id"]
    write_tokenizer(runs, name, (directory / bundle.manifest["text"]["tokenizer"]).read_text(encoding="utf-8"))
    save_rows(runs, name, words[len(english) :])
    return len(words) - len(english)
