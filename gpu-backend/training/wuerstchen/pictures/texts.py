"""Captions and labels, as a line of a metadata file or a file beside the picture says them."""

import codecs
import json
from collections.abc import Iterable
from dataclasses import dataclass

CAPTION_KINDS = (".txt", ".caption", ".json")
CAPTION_FIELDS = ("text", "caption", "captions")
LABEL_FIELD = "label"


@dataclass(frozen=True)
class Text:
    """What is said of a picture. `label` is empty where nothing names it."""

    captions: tuple[str, ...]
    label: str = ""


def text_of(values: object) -> Text:
    """Of a metadata line or JSON file: a text or a list of texts in any of CAPTION_FIELDS; blank ones and repeats go.

    Raises ValueError for text that is no Unicode: JSON can spell half of a character (a lone surrogate), which no file
    can hold."""
    fields = values if isinstance(values, dict) else {}
    found = [fields[field] for field in CAPTION_FIELDS if field in fields]
    texts = [text for value in found for text in (value if isinstance(value, list) else [value])]
    label = fields.get(LABEL_FIELD)
    captions = dict.fromkeys(_whole(text).strip() for text in texts if isinstance(text, str) and text.strip())
    return Text(tuple(captions), _whole(label).strip() if isinstance(label, str) else "")


def text_beside(kind: str, data: bytes) -> Text:
    """Of a text file, one caption a line, or of a JSON file. Raises ValueError with what is wrong."""
    try:
        text = as_utf8(data).decode("utf-8-sig")
        return text_of(json.loads(text) if kind == ".json" else {"captions": text.splitlines()})
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its {kind} file is not {'JSON' if kind == '.json' else 'UTF-8 text'}: {error}") from error


def together(texts: Iterable[Text]) -> Text:
    """All captions, each once, and the first label."""
    told = list(texts)
    captions = dict.fromkeys(caption for text in told for caption in text.captions)
    return Text(tuple(captions), next((text.label for text in told if text.label), ""))


def as_utf8(data: bytes) -> bytes:
    """Text that says to be UTF-16, as Excel and Notepad write it, as UTF-8; other bytes as they are. Raises ValueError
    where it is none.
    """
    if not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data
    try:
        return data.decode("utf-16").encode()
    except UnicodeDecodeError as error:
        raise ValueError(f"the file begins as UTF-16 text and is none: save it as UTF-8 ({error.reason})") from error


def _whole(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("the text is no UTF-8, or holds half of a character") from error
    return text
