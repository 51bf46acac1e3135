"""Folders of pictures as users have them, and settings to prepare them by."""

import dataclasses
import io
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from wuerstchen.pictures.prepare import Settings, prepare

SQUARE = Settings(side=64, buckets=((64, 64),), side_min=32, near_bits=6, held_out_percent=20, licence="own")
MIXED = dataclasses.replace(SQUARE, buckets=((32, 96), (64, 64), (96, 32)))


def picture(number: int, size: tuple[int, int] = (100, 100)) -> Image.Image:
    """A smooth picture of its own for each number."""
    cells = np.random.default_rng(number).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(cells).resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def put(folder: Path, name: str, data: bytes, caption: str | None = "a picture") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if caption is not None:
        path.with_suffix(".txt").write_text(caption)


def folder_of(tmp_path: Path, count: int = 6) -> Path:
    folder = tmp_path / "from"
    for number in range(count):
        put(folder, f"p{number}.png", encoded(picture(number)), f"picture {number}")
    return folder


def set_of(folder: Path, captions: list[str], settings: Settings, size: tuple[int, int] = (100, 100)) -> Path:
    """A prepared set of smooth pictures, one caption each."""
    for number, caption in enumerate(captions):
        put(folder / "from", f"{number:03}.png", encoded(picture(number, size if number % 3 else (100, 100))), caption)
    prepare(folder / "from", folder / "set", settings)
    return folder / "set"


def left_out(report: dict, reason: str) -> dict[str, str]:
    return {item["file"]: item["detail"] for item in report["left_out"][reason]}


def bomb() -> bytes:
    """A PNG whose header claims 30000×30000 pixels."""
    data = bytearray(encoded(Image.new("L", (8, 8))))
    data[16:24] = (30000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)
