"""Contact sheets: pictures that people can judge at a glance."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from wuerstchen.training.distributed import rank
from wuerstchen.whole_file import whole_file

GAP = 4


def to_picture(image: Tensor) -> Image.Image:
    """(3, h, w) in [0, 1] to an 8 bit RGB picture; rounds half to even as numpy does."""
    return Image.fromarray(np.rint(image.clamp(0, 1).permute(1, 2, 0).cpu().numpy() * 255).astype(np.uint8))


def write_pairs(path: Path, originals: Tensor, reconstructions: Tensor, columns: int = 8) -> None:
    """Each original stands above its reconstruction. Both (n, 3, h, w)."""
    rows = [
        part for pair in zip(originals.split(columns), reconstructions.split(columns), strict=True) for part in pair
    ]
    write_grid(path, torch.cat(rows), columns)


def write_grid(path: Path, images: Tensor, columns: int, captions: list[str] | None = None) -> None:
    """(n, 3, h, w) in rows of `columns`, each with its caption below it. Of several processes, the first writes."""
    if rank() > 0:
        return
    (height, width), caption_height = images.shape[-2:], 0 if captions is None else 14
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * (width + GAP) + GAP, rows * (height + GAP + caption_height) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for index, image in enumerate(images):
        x, y = GAP + index % columns * (width + GAP), GAP + index // columns * (height + GAP + caption_height)
        sheet.paste(to_picture(image), (x, y))
        if captions is not None:
            draw.text((x + width / 2, y + height + caption_height / 2), captions[index][:24], fill="#444", anchor="mm")
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        sheet.save(file, "png")
