"""Writes mark.onnx, an extractor before its training, and mark.json: a picture that bears the mark of the tiny bundle, the
same picture without it, and what PyTorch reads of the first.

`cd gpu-backend/training && python ../../test/golden/make_mark_golden.py`
"""

import base64
import io
import json
from pathlib import Path

import torch
from PIL import Image, ImageDraw

from wuerstchen.export.bundle import export_graph
from wuerstchen.export.graphs import mark_graph
from wuerstchen.export.manifest import mark_json, port_json
from wuerstchen.marking.carriers import carriers
from wuerstchen.marking.decoder import SYNC_START
from wuerstchen.marking.extractor import Extractor
from wuerstchen.marking.message import message_signs

SIDE, DEVIATION = 128, 0.02
HERE = Path(__file__).parent


def drawing() -> Image.Image:
    image = Image.new("RGB", (SIDE, SIDE), (235, 235, 235))
    draw = ImageDraw.Draw(image)
    draw.ellipse((14, 14, 114, 114), fill=(240, 190, 50))
    draw.ellipse((40, 44, 52, 62), fill=(70, 40, 20))
    draw.ellipse((76, 44, 88, 62), fill=(70, 40, 20))
    draw.arc((38, 50, 90, 96), 20, 160, fill=(70, 40, 20), width=5)
    return image


def pixels(image: Image.Image) -> torch.Tensor:
    return torch.tensor(list(image.tobytes()), dtype=torch.float32).view(SIDE, SIDE, 3).permute(2, 0, 1)[None] / 255


def png(image: torch.Tensor) -> bytes:
    values = (image[0].permute(1, 2, 0).clamp(0, 1) * 255).round().byte().contiguous()
    file = io.BytesIO()
    Image.frombytes("RGB", (SIDE, SIDE), bytes(values.flatten().tolist())).save(file, "PNG", optimize=True)
    return file.getvalue()


def main() -> None:
    extractor, mark = Extractor().eval().requires_grad_(False), mark_json("tiny")
    sync, bits = carriers()
    tile = SYNC_START * sync + torch.einsum("k,kyx->yx", message_signs(mark["message"]), bits)
    pattern = (tile / tile.square().mean().sqrt() * DEVIATION).repeat(SIDE // 16, SIDE // 16)
    plain = pixels(drawing())
    files = {"unmarked": png(plain), "marked": png(plain + pattern)}
    graph = mark_graph(extractor)
    export_graph(graph, HERE / "mark.onnx")
    reading = extractor(pixels(Image.open(io.BytesIO(files["marked"]))))[0]
    golden = {
        "mark": mark,
        "inputs": [port_json(port) for port in graph.inputs],
        "outputs": [port_json(port) for port in graph.outputs],
        "reading": reading.tolist(),
        **{name: base64.b64encode(file).decode() for name, file in files.items()},
    }
    (HERE / "mark.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
