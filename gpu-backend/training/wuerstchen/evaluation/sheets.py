"""Contact sheets of the report, as WebP: real pictures above generated ones."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from wuerstchen.evaluation.results import Sheet
from wuerstchen.whole_file import whole_file

GAP, CAPTION = 6, 16
CHARACTER_PIXELS = 6
QUALITY = 82


def write_sheet(
    out: Path,
    name: str,
    above: np.ndarray | None,
    below: np.ndarray,
    captions: list[str],
    title: str,
    meaning: str,
    columns: int = 10,
) -> Sheet:
    """`above` and `below`: (n, side, side, 3) bytes. Writes OUT/NAME.webp; each pair stands over its caption."""
    rows = [below] if above is None else [np.asarray(above), below]
    side, count = below.shape[1], len(below)
    columns = min(columns, max(1, count))
    height = len(rows) * side + CAPTION + GAP
    sheet = Image.new("RGB", (columns * (side + GAP) + GAP, -(-count // columns) * height + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for index in range(count):
        x, y = GAP + index % columns * (side + GAP), GAP + index // columns * height
        for number, row in enumerate(rows):
            sheet.paste(Image.fromarray(row[index]), (x, y + number * side))
        caption = captions[index][: side // CHARACTER_PIXELS]
        draw.text((x + side / 2, y + len(rows) * side + CAPTION / 2), caption, fill="#333", anchor="mm")
    with whole_file(out / f"{name}.webp") as file:
        sheet.save(file, "webp", quality=QUALITY)
    return Sheet(f"{name}.webp", title, meaning)
