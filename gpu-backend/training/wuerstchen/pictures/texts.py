"""Captions and labels: of `metadata.jsonl` or `metadata.csv`, as Hugging Face's imagefolder has them, or of a file
beside the picture.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from os.path import normpath
from pathlib import Path

from wuerstchen.pictures.left_out import LeftOut

CAPTION_KINDS = (".txt", ".caption", ".json")
METADATA = ("metadata.jsonl", "metadata.csv")
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
        text = data.decode("utf-8-sig")
        return text_of(json.loads(text) if kind == ".json" else {"captions": text.splitlines()})
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its {kind} file is not {'JSON' if kind == '.json' else 'UTF-8 text'}: {error}") from error


def read_metadata(path: Path, name: str, files: set[Path], listed: dict[Path, Text]) -> Iterator[LeftOut]:
    """Fills `listed`; lines that say nothing usable are left out by number."""
    for number, values in _lines(path):
        file_name = values.get("file_name") if isinstance(values, dict) else None
        if isinstance(values, ValueError):
            yield LeftOut(f"{name}:{number}", "bad", str(values))
        elif not isinstance(file_name, str):
            yield LeftOut(f"{name}:{number}", "bad", "the line has no 'file_name'")
        elif (target := Path(normpath(path.parent / file_name))) not in files:
            yield LeftOut(f"{name}:{number}", "bad", f"file_name {file_name!a} is not there")
        else:
            try:
                listed[target] = text_of(values)
            except ValueError as error:
                yield LeftOut(f"{name}:{number}", "bad", str(error))


def _lines(path: Path) -> Iterator[tuple[int, object]]:
    """(line number, fields) or, of a line that cannot be read, (line number, ValueError)."""
    try:
        data = path.read_bytes()
    except OSError as error:
        yield 1, ValueError(f"the file cannot be read: {error.strerror}")
        return
    yield from _json_lines(data) if path.suffix == ".jsonl" else _csv_lines(data)


def _json_lines(data: bytes) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            try:
                yield number, json.loads(line.decode("utf-8-sig"))
            except (ValueError, RecursionError) as error:
                yield number, ValueError(f"the line is not JSON: {error}")


def _csv_lines(data: bytes) -> Iterator[tuple[int, object]]:
    reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig", "surrogateescape"), newline=""))
    while True:
        try:
            values = next(reader)
            yield reader.line_num, values
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, ValueError(f"the line is not CSV: {error}")
            return


def _whole(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("the text is no UTF-8, or holds half of a character") from error
    return text
