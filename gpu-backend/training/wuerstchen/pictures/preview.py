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

from wuerstchen.texts import Texts
from wuerstchen.training.records import Record

PREVIEW = "preview.html"
# Some 5 KB each: 2 MB a page. Of larger sets, pictures evenly spread.
SHOWN_MAX = 400
SIDE_MAX, QUALITY = 192, 80
CAPTIONS_SHOWN = 3
TEXTS = Path(__file__).parent / "preview"


def preview_page(
    records: list[Record],
    pixels_of: Callable[[Record], np.ndarray],
    cuts: dict[str, float],
    report: dict,
    language: str = "en",
) -> str:
    """`pixels_of`: (height, width, 3) bytes of a record. `cuts`: the share of its area that each file lost. `report`:
    as `prepare` makes it. Details of files that were left out stay English.
    """
    texts, style = Texts(TEXTS, language), (Path(__file__).parent / "preview.css").read_text("utf-8")
    shown = [records[i] for i in np.unique(np.linspace(0, len(records) - 1, SHOWN_MAX).round().astype(int))]
    figures = "".join(_figure(record, pixels_of(record), cuts.get(record.file, 0.0), report, texts) for record in shown)
    left_out = [(reason, item) for reason, of in report["left_out"].items() for item in of]
    facts = [
        texts("page.counts", **report["pictures"]),
        *([texts("page.some", shown=len(shown))] if len(shown) < len(records) else []),
        texts("page.masked" if report["masks"] else "page.shown"),
        texts("page.left_out", count=len(left_out)),
        *([texts("page.repeated", folders=_folders(report["repeated"]))] if report["repeated"] else []),
    ]
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" '
        f'content="width=device-width">\n<title>{texts("page.title")}</title>\n<style>\n{style}</style>\n</head>\n'
        f"<body>\n<h1>{texts('page.heading', all=report['pictures']['all'])}</h1>\n"
        f'<p class="soft">{" ".join(facts)}</p>\n'
        f'<div class="pictures">\n{figures}</div>\n{_left_out(left_out, texts)}</body>\n</html>\n'
    )


def _folders(repeated: list[dict]) -> str:
    return escape(", ".join(f"{item['folder']} ×{item['times']}" for item in repeated))


def _figure(record: Record, pixels: np.ndarray, cut: float, report: dict, texts: Texts) -> str:
    image = Image.fromarray(pixels)
    image.thumbnail((SIDE_MAX, SIDE_MAX))
    packed = io.BytesIO()
    image.save(packed, "JPEG", quality=QUALITY)
    source = base64.b64encode(packed.getvalue()).decode()
    captions = "<br>".join(escape(caption) for caption in record.captions[:CAPTIONS_SHOWN])
    more, notes = len(record.captions) - CAPTIONS_SHOWN, [record.file]
    notes += [texts("page.held_out")] if record.held_out else []
    notes += [texts("page.more", count=more)] if more > 0 else []
    named = any(item["file"] == record.file for item in report["cut"])
    lost = f'<br><span class="cut">{texts("page.cut", share=cut)}</span>' if named else ""
    return (
        f'<figure><img src="data:image/jpeg;base64,{source}" width="{image.width}" height="{image.height}" '
        f'alt=""><figcaption>{captions}<br><span class="soft">{escape(", ".join(notes))}</span>{lost}</figcaption>'
        "</figure>\n"
    )


def _left_out(items: list[tuple[str, dict]], texts: Texts) -> str:
    if not items:
        return ""
    rows = "".join(
        f"<tr><td>{escape(item['file'])}</td><td>{texts(f'reason.{reason}')}</td><td>{escape(item['detail'])}</td></tr>\n"
        for reason, item in items
    )
    head = "".join(f"<th>{texts(f'table.{name}')}</th>" for name in ("file", "reason", "detail"))
    return f"<h2>{texts('table.heading')}</h2>\n<table>\n<tr>{head}</tr>\n{rows}</table>\n"
