"""The page for the one who decides: verdict, before and after, cost, pictures, then every figure with its meaning.
No network is needed.
"""

import base64
import io
import math
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from wuerstchen.decision.measured import Figure, Measured
from wuerstchen.decision.prices import GpuCost, Prices, gpu_costs
from wuerstchen.decision.verdict import AT_MOST, Criterion, Outcome, Thresholds, criteria, verdict
from wuerstchen.evaluation.intervals import Interval
from wuerstchen.texts import Texts

STYLES = (Path(__file__).parent.parent / "evaluation" / "report.css", Path(__file__).parent / "page.css")
COMPARED = ("recognition", "new", "restoration", "style", "outside", "likeness", "copies", "bias")
FIGURES = (*COMPARED, "seconds", "cost", "flops")
QUALITY = 85
# The section of texts that says what to do, by a criterion's outcome.
ADVICE: dict[Outcome, str] = {"missed": "advice", "unsure": "unsure"}
# Differences of per cent are points.
POINTS = ("recognition", "new", "style", "outside", "copies", "bias")


@dataclass(frozen=True)
class About:
    """What was measured: names, counts, revisions, the day. `held_out`: by the set itself; `measured`: pictures that a
    figure rests on; `names`: of the real pictures among which drawn ones are recognised.
    """

    model: str
    set: str
    all: int
    held_out: int
    measured: int
    revision: str
    date: str
    against: tuple[str, str] | None
    names: int

    @property
    def chance(self) -> float:
        """The share that guessing gives, in per cent."""
        return 100 / self.names


@dataclass(frozen=True)
class Report:
    about: About
    measured: Measured
    before: Measured | None
    differences: dict[str, tuple[float, Interval | None]]
    thresholds: Thresholds
    prices: Prices
    rows: list[tuple[str, list[np.ndarray | None]]]


def page(report: Report, texts: Texts) -> str:
    """One HTML document. `rows` of the report: a caption with original, restored, drawn before and drawn now; None
    where there is none.
    """
    about = report.about
    title = texts("page.title", model=about.model, set=about.set)
    facts = texts(
        "page.facts", all=f"{about.all:,}", measured=f"{about.measured:,}", revision=about.revision, date=about.date
    )
    if about.against is not None:
        facts += " " + texts("page.facts_against", model=about.against[0], revision=about.against[1])
    style = "".join(path.read_text(encoding="utf-8") for path in STYLES)
    sections = [_verdict(report, texts), _before_after(report, texts), _cost(report, texts), _pictures(report, texts)]
    body = "\n".join([*sections, _figures(report, texts), _left_out(report, texts)])
    return (
        f'<!doctype html>\n<html lang="{texts.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" '
        f'content="width=device-width">\n<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n'
        f'<main>\n<h1>{escape(title)}</h1>\n<p class="soft">{escape(facts)}</p>\n{body}\n</main>\n</body>\n</html>\n'
    )


def _verdict(report: Report, texts: Texts) -> str:
    found = criteria(report.measured, report.thresholds)
    outcome = verdict(found)
    rows = [_criterion(criterion, texts) for criterion in found]
    head = [texts(f"page.{name}") for name in ("criterion", "need", "measured", "outcome")]
    advice = "".join(
        f"<li>{escape(texts(f'{ADVICE[criterion.outcome]}.{criterion.key}'))}</li>"
        for criterion in found
        if criterion.outcome in ADVICE
    )
    listed = f"<ul>{advice}</ul>\n" if advice else ""
    return (
        '<p id="verdict" class="verdict '
        f'{outcome}">{escape(_answer(found, outcome, texts))}</p>\n{listed}{_table(head, rows)}'
    )


def _answer(found: list[Criterion], outcome: Outcome, texts: Texts) -> str:
    """The verdict with the names of the criteria that it rests on."""
    names = [texts(f"label.{criterion.key}") for criterion in found if criterion.outcome == outcome]
    return texts(f"verdict.{outcome}") + (
        texts("page.which", names=texts("page.and").join(names)) if outcome in ("missed", "unsure") else ""
    )


def _criterion(criterion: Criterion, texts: Texts) -> list[str]:
    need = texts(
        "page.need_most" if criterion.key in AT_MOST else "page.need_least",
        value=_in_unit(criterion.key, criterion.threshold, texts),
    )
    measured = _value(criterion.figure, texts) if criterion.figure else "–"
    mark = f'<span class="mark {criterion.outcome}">{escape(texts(f"outcome.{criterion.outcome}"))}</span>'
    return [escape(texts(f"label.{criterion.key}")), escape(need), measured, mark]


def _before_after(report: Report, texts: Texts) -> str:
    if report.before is None:
        return ""
    rows = []
    for key in COMPARED:
        after, before = report.measured.figures.get(key), report.before.figures.get(key)
        if after is None:
            continue
        change, between = report.differences.get(key, (None, None))
        shown = (
            "–"
            if change is None
            else f"<b>{escape(_signed(key, change, texts))}</b>{_range(_unit_of_change(key), between, texts)}"
        )
        rows.append(
            [escape(texts(f"label.{key}")), _value(before, texts) if before else "–", _value(after, texts), shown]
        )
    head = [texts(f"page.{name}") for name in ("figure", "before", "after", "difference")]
    return (
        f'{_heading("before_after", texts)}{_table(head, rows)}<p class="soft">{escape(texts("page.against_note"))}</p>'
    )


def _cost(report: Report, texts: Texts) -> str:
    figures, prices = report.measured.figures, report.prices
    seconds, cost, flops = figures["seconds"], figures["cost"], figures["flops"]
    here = texts(
        "cost.here",
        cost=_unit(cost, texts),
        seconds=_unit(seconds, texts),
        price=f"${prices.here:g}",
        thousand=dollars(1000 * cost.value),
    )
    hours = prices.training_hours
    training = (
        texts("cost.no_training")
        if hours is None
        else texts("cost.training", hours=hours, cost=dollars(hours * prices.here))
    )
    by_gpu = texts("cost.gpus", flops=_unit(flops, texts), utilisation=f"{prices.utilisation:.0%}")
    rows = [_gpu(cost, texts) for cost in gpu_costs(flops.value * 1e9, prices)]
    head = [texts(f"cost.{name}") for name in ("gpu", "hour", "seconds", "thousand", "million")]
    return (
        f'{_heading("cost", texts)}<p class="big">{escape(here)}</p><p>{escape(training)}</p><p>{escape(by_gpu)}</p>'
        f'{_table(head, rows)}<p class="soft">{escape(texts("cost.source"))}</p>'
    )


def _gpu(cost: GpuCost, texts: Texts) -> list[str]:
    seconds = texts("unit.seconds", value=cost.seconds) if cost.seconds >= 0.01 else f"{cost.seconds * 1000:.2g} ms"
    return [
        escape(cost.gpu),
        f"${cost.hour:.2f}",
        escape(seconds),
        dollars(1000 * cost.dollars),
        dollars(1_000_000 * cost.dollars),
    ]


def dollars(amount: float) -> str:
    """With cents, and where that says little with two digits that do: $12.30, $0.0104, $0.0000021; never with an
    exponent.
    """
    decimals = 2 if amount == 0 or abs(amount) >= 1 else 1 - math.floor(math.log10(abs(amount)))
    return f"${amount:,.{max(2, decimals)}f}"


def _pictures(report: Report, texts: Texts) -> str:
    heads = [
        texts("page.captions_of"),
        texts("page.original"),
        texts("page.restored"),
        texts("page.before"),
        texts("page.drawn" if report.before is None else "page.after"),
    ]
    shown = [
        0,
        *(column for column in range(1, 5) if any(pictures[column - 1] is not None for _, pictures in report.rows)),
    ]
    rows = []
    for caption, pictures in report.rows:
        cells = [escape(caption), *["–" if picture is None else _image(picture, caption) for picture in pictures]]
        rows.append([cells[column] for column in shown])
    meaning = escape(texts("page.pictures_meaning"))
    table = _table([heads[c] for c in shown], rows)
    return (
        f'{_heading("pictures", texts)}<p class="soft">{meaning}</p><div class="rows" style="--columns: '
        f'{len(shown) - 1}">{table}</div>'
    )


def _image(picture: np.ndarray, caption: str) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "webp", quality=QUALITY)
    return f'<img src="data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}" alt="{escape(caption)}">'


def _figures(report: Report, texts: Texts) -> str:
    about = report.about
    # Two digits, also of a chance below 1 %.
    told = {"names": f"{about.names:,}", "chance": f"{float(f'{about.chance:.2g}'):g} %"}
    told["here"] = f"${report.prices.here:g}"
    rows = []
    for key in FIGURES:
        if figure := report.measured.figures.get(key):
            meaning = texts(f"meaning.{key}", **told)
            count = texts("page.count", count=f"{figure.count:,}")
            rows.append(
                [
                    escape(texts(f"label.{key}")),
                    _value(figure, texts),
                    f'{escape(meaning)} <span class="limits">{escape(count)}</span>',
                ]
            )
    return _heading("figures", texts) + _table([texts(f"page.{name}") for name in ("figure", "value", "meaning")], rows)


def _left_out(report: Report, texts: Texts) -> str:
    if not report.measured.left_out:
        return ""
    rows = [
        [escape(texts(f"label.{key}")), escape(texts(f"reason.{reason}"))]
        for key, reason in report.measured.left_out.items()
    ]
    return _heading("left_out", texts) + _table([texts("page.figure"), texts("page.reason")], rows)


def _heading(key: str, texts: Texts) -> str:
    return f'<h2 id="{key}">{escape(texts(f"page.{key}"))}</h2>\n'


def _table(head: list[str], rows: list[list[str]]) -> str:
    """`rows` are HTML, `head` is text."""
    named = [
        [f'<td class="number" data-name="{escape(name)}">{cell}</td>' for name, cell in zip(head, row, strict=True)]
        for row in rows
    ]
    cells = "".join(f"<tr>{''.join(row)}</tr>\n" for row in named)
    heads = "".join(f"<th>{escape(name)}</th>" for name in head)
    return f'<div class="figures"><table><tr>{heads}</tr>\n{cells}</table></div>\n'


def _unit(figure: Figure, texts: Texts) -> str:
    return _in_unit(figure.key, figure.value, texts)


def _in_unit(key: str, value: float, texts: Texts) -> str:
    return dollars(value) if key == "cost" else texts(f"unit.{key}", value=value)


def _value(figure: Figure, texts: Texts) -> str:
    between = None if figure.low is None or figure.high is None else (figure.low, figure.high)
    return f"<b>{escape(_unit(figure, texts))}</b>{_range(figure.key, between, texts)}"


def _range(key: str, between: Interval | None, texts: Texts) -> str:
    if between is None or between[0] == between[1]:  # both models made the same pictures
        return ""
    low, high = (_in_unit(key, bound, texts) for bound in between)
    return f'<br><span class="soft">{escape(texts("page.range", low=low, high=high))}</span>'


def _signed(key: str, change: float, texts: Texts) -> str:
    sign = "+" if change >= 0 else "−"
    return sign + _in_unit(_unit_of_change(key), abs(change), texts)


def _unit_of_change(key: str) -> str:
    return "bias" if key in POINTS else key
