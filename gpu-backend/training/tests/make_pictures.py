"""Writes a folder of small captioned pictures, one of them broken: `python tests/make_pictures.py FOLDER [COUNT]`."""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {"red": (220, 30, 30), "green": (20, 180, 60), "blue": (30, 60, 220), "black": (10, 10, 10)}
SIDE = 96


def make_pictures(folder: Path, count: int) -> None:
    """`count` PNG files of squares and circles, and their captions in metadata.jsonl."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, lines = np.random.default_rng(0), []
    for number in range(count):
        colour, shape = list(COLOURS)[number % 4], ("square", "circle")[number // 4 % 2]
        picture = Image.new("RGB", (SIDE, SIDE), "white")
        draw, (x, y), side = ImageDraw.Draw(picture), rng.integers(4, 40, 2).tolist(), int(rng.integers(30, 50))
        (draw.rectangle if shape == "square" else draw.ellipse)((x, y, x + side, y + side), fill=COLOURS[colour])
        picture.save(folder / f"{number:03}.png")
        lines.append(json.dumps({"file_name": f"{number:03}.png", "text": f"{colour} {shape}"}))
    (folder / "broken.png").write_bytes(b"not a picture")
    lines.append(json.dumps({"file_name": "broken.png", "text": "nothing"}))
    (folder / "metadata.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    make_pictures(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 64)
