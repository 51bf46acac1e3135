"""Captions that `metadata.jsonl` or `metadata.csv` lists, as Hugging Face's imagefolder has them."""

import csv
import io
import json
from collections.abc import Iterator
from os.path import normpath
from pathlib import Path

from wuerstchen.pictures.left_out import LeftOut
from wuerstchen.pictures.texts import Text, as_utf8, text_of, together

METADATA = ("metadata.jsonl", "metadata.csv")
FILE_NAME = "file_name"
# Excel writes semicolons where a comma stands in decimal numbers, and tabs as "Unicode text".
SEPARATORS = (",", ";", "\t")


def read_metadata(path: Path, name: str, files: set[Path], listed: dict[Path, Text]) -> Iterator[LeftOut]:
    """Fills `listed`; several lines for one picture add up. Lines that say nothing usable are left out by number."""
    for number, values in _lines(path):
        file_name = values.get(FILE_NAME) if isinstance(values, dict) else None
        if isinstance(values, ValueError):
            yield LeftOut(f"{name}:{number}", "bad", str(values))
        elif not isinstance(file_name, str):
            yield LeftOut(f"{name}:{number}", "bad", f"the line has no '{FILE_NAME}'")
        elif (target := Path(normpath(path.parent / file_name))) not in files:
            yield LeftOut(f"{name}:{number}", "bad", f"{FILE_NAME} {file_name!a} is not there")
        else:
            try:
                listed[target] = together([*([listed[target]] if target in listed else []), text_of(values)])
            except ValueError as error:
                yield LeftOut(f"{name}:{number}", "bad", str(error))


def _lines(path: Path) -> Iterator[tuple[int, object]]:
    """(line number, fields) or, of a line that cannot be read, (line number, ValueError)."""
    try:
        data = as_utf8(path.read_bytes())
        lines = _json_lines(data) if path.suffix.lower() == ".jsonl" else _csv_lines(data)
    except OSError as error:
        yield 1, ValueError(f"the file cannot be read: {error.strerror}")
    except ValueError as error:
        yield 1, error
    else:
        yield from lines


def _json_lines(data: bytes) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            try:
                yield number, json.loads(line.decode("utf-8-sig"))
            except (ValueError, RecursionError) as error:
                yield number, ValueError(f"the line is not JSON: {error}")


def _csv_lines(data: bytes) -> Iterator[tuple[int, object]]:
    text = data.decode("utf-8-sig", "surrogateescape")
    first = io.StringIO(text, newline=None).readline()
    separator = next((one for one in SEPARATORS if FILE_NAME in _columns(first, one)), None)
    if separator is None:
        yield 1, ValueError(f"no column of the first line is called '{FILE_NAME}', between commas, semicolons or tabs")
        return
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    while True:
        try:
            values = next(reader)
            yield reader.line_num, values
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, ValueError(f"the line is not CSV: {error}")
            return


def _columns(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\n")], delimiter=separator), [])
    except csv.Error:
        return []
