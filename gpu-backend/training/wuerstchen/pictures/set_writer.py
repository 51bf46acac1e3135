"""Writes a data set beside the one that is there, and puts it in its place when it is whole."""

import json
import math
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, Self
from zlib import crc32

import numpy as np

from wuerstchen.pictures.preview import PREVIEW
from wuerstchen.training.data import file_name
from wuerstchen.training.masks import mask_name
from wuerstchen.training.records import REPORT, Record, is_held_out


class SetWriter:
    """`with SetWriter(…) as writer:` then `add` and `finish`. Left without `finish`, it leaves the previous set as it
    was.

    Training shuffles, so pictures stand in the order they came in. A killed run's files lie in .NAME.part and go at the
    next start.
    """

    def __init__(self, directory: Path, side: int, held_out_percent: float, masked: bool = False) -> None:
        """`masked`: pictures have masks; one without counts as a whole. Raises FileExistsError where `directory` holds
        something other than a set that was prepared.
        """
        self.directory, self.side, self.held_out_percent, self._masked = directory, side, held_out_percent, masked
        self._part, self._old = (directory.with_name(f".{directory.name}.{kind}") for kind in ("part", "old"))
        if self._old.exists() and not directory.exists():
            self._old.rename(directory)  # killed between the two renames of `finish`
        if directory.exists() and (
            not directory.is_dir() or (any(directory.iterdir()) and not (directory / REPORT).exists())
        ):
            raise FileExistsError(f"{directory} is there and is no prepared set: name another folder")
        self.records: list[Record] = []
        self._rows: dict[str, int] = {}
        self._files: dict[str, BinaryIO] = {}

    def __enter__(self) -> Self:
        for folder in (self._part, self._old):
            shutil.rmtree(folder, ignore_errors=True)
        self._part.mkdir(parents=True)
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()
        shutil.rmtree(self._part, ignore_errors=True)

    def add(self, record: Record, pixels: np.ndarray, mask: np.ndarray | None = None) -> None:
        """`pixels` (height, width, 3), `mask` (height, width) bytes. Fills in the record's bucket and row."""
        bucket = f"{pixels.shape[1]}x{pixels.shape[0]}"
        self._write(file_name(bucket), pixels)
        if self._masked:
            self._write(mask_name(bucket), np.full(pixels.shape[:2], 255, np.uint8) if mask is None else mask)
        row = self._rows.get(bucket, 0)
        self._rows[bucket] = row + 1
        self.records.append(Record(**{**asdict(record), "bucket": bucket, "index": row}))

    def _write(self, name: str, array: np.ndarray) -> None:
        if name not in self._files:
            self._files[name] = open(self._part / name, "wb")  # noqa: SIM115 (open over many calls)
        self._files[name].write(array.tobytes())

    def split(self) -> None:
        """Marks held-out records by their ids. Training and evaluation need one each, so where either has none, the id
        nearest to the limit goes there."""
        by_digest = sorted({record.id for record in self.records}, key=lambda name: (crc32(name.encode()) % 100, name))
        held_out = {name for name in by_digest if is_held_out(name, self.held_out_percent)} or set(by_digest[:1])
        if len(held_out) == len(by_digest):
            held_out.discard(by_digest[-1])
        self.records = [Record(**{**asdict(record), "held_out": record.id in held_out}) for record in self.records]

    def shown(self, record: Record) -> np.ndarray:
        """(height, width, 3) bytes of a record that was added, paler where its mask says that it does not count."""
        pixels = self._read(file_name(record.bucket), record, 3)
        if not self._masked:
            return pixels
        counts = self._read(mask_name(record.bucket), record, 1) / 255
        return (255 - (255 - pixels) * (0.25 + 0.75 * counts)).astype(np.uint8)

    def _read(self, name: str, record: Record, channels: int) -> np.ndarray:
        width, height = (int(side) for side in record.bucket.split("x"))
        self._files[name].flush()
        shape = (height, width, channels)
        read = np.fromfile(self._part / name, np.uint8, math.prod(shape), offset=record.index * math.prod(shape))
        return read.reshape(shape)

    def finish(self, report: dict, preview: str) -> None:
        """Writes records, report and preview and puts the new set in place of the previous one."""
        for file in self._files.values():
            file.close()
        square = f"{self.side}x{self.side}"
        squares_only = set(self._rows) == {square}
        if squares_only:
            for name_of in (file_name, *([mask_name] if self._masked else [])):
                (self._part / name_of(square)).rename(self._part / name_of(""))
        lines = [json.dumps(_line(record, squares_only), ensure_ascii=False) for record in self.records]
        (self._part / "records.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (self._part / REPORT).write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        (self._part / PREVIEW).write_text(preview, encoding="utf-8")
        if self.directory.exists():
            self.directory.rename(self._old)
        self._part.rename(self.directory)
        shutil.rmtree(self._old, ignore_errors=True)


def _line(record: Record, squares_only: bool) -> dict:
    """A set of squares keeps the plain layout: rows are lines."""
    absent = {"description", *(("bucket", "index") if squares_only else ())}
    return {name: value for name, value in asdict(record).items() if name not in absent}
