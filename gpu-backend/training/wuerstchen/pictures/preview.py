"""A prepared set as one page that needs no network: the pictures as training sees them, their captions, and what was
left out and why.
"""

import base64
import io
from collections.abc import Callable
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from wuerstchen.training.data import Record

PREVIEW = "preview.html"
# Some 5 KB each: 2 MB a page. Of larger sets, pictures evenly spread.
SHOWN_MAX = 400
SIDE_MAX, QUALITY = 192, 80
CAPTIONS_SHOWN = 3
REASONS = {
    "bad": "cannot be read",
    "duplicate": "repeats another picture",
    "too_small": "too small",
    "no_caption": "no caption",
    "unknown_kind": "not a kind of picture that is read",
}


def preview_page(
    records: list[Record], pixels_of: Callable[[Record], np.ndarray], cuts: dict[str, float], report: dict
) -> str:
    """`pixels_of`: (height, width, 3) bytes of a record. `cuts`: the share of its area that each file lost. `report`:
    as `prepare` makes it.
    """
    counts, left_out = report["pictures"], [(reason, item) for reason, of in report["left_out"].items() for item in of]
    shown = [records[i] for i in np.unique(np.linspace(0, len(records) - 1, SHOWN_MAX).round().astype(int))]
    some = f"; {len(shown)} of them, evenly spread, stand here" if len(shown) < len(records) else ""
    pale = ", paler where its mask says that it does not count" if report["masks"] else ""
    figures = "".join(_figure(record, pixels_of(record), cuts.get(record.file, 0.0), report) for record in shown)
    style = (Path(__file__).parent / "preview.css").read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" '
        f'content="width=device-width">\n<title>Prepared pictures</title>\n<style>\n{style}</style>\n</head>\n<body>\n'
        f"<h1>{counts['all']} prepared pictures</h1>\n"
        f'<p class="soft">{counts["train"]} to train on, {counts["held_out"]} held out{some}. Each is shown as '
        f"training sees it{pale}. {len(left_out)} files were left out.</p>\n"
        f'<div class="pictures">\n{figures}</div>\n{_left_out(left_out)}</body>\n</html>\n'
    )


def _figure(record: Record, pixels: np.ndarray, cut: float, report: dict) -> str:
    image = Image.fromarray(pixels)
    image.thumbnail((SIDE_MAX, SIDE_MAX))
    packed = io.BytesIO()
    image.save(packed, "JPEG", quality=QUALITY)
    source = base64.b64encode(packed.getvalue()).decode()
    captions = "<br>".join(escape(caption) for caption in record.captions[:CAPTIONS_SHOWN])
    more = len(record.captions) - CAPTIONS_SHOWN
    notes = [record.file, *(["held out"] if record.held_out else []), *([f"{more} more captions"] if more > 0 else [])]
    named = any(item["file"] == record.file for item in report["cut"])
    lost = f'<br><span class="cut">{cut:.0%} of it is cut off</span>' if named else ""
    return (
        f'<figure><img src="data:image/jpeg;base64,{source}" width="{image.width}" height="{image.height}" '
        f'alt=""><figcaption>{captions}<br><span class="soft">{escape(", ".join(notes))}</span>{lost}</figcaption>'
        "</figure>\n"
    )


def _left_out(items: list[tuple[str, dict]]) -> str:
    if not items:
        return ""
    rows = "".join(
        f"<tr><td>{escape(item['file'])}</td><td>{escape(REASONS[reason])}</td><td>{escape(item['detail'])}</td></tr>\n"
        for reason, item in items
    )
    return f"<h2>Left out</h2>\n<table>\n<tr><th>file</th><th>why</th><th>in detail</th></tr>\n{rows}</table>\n"
