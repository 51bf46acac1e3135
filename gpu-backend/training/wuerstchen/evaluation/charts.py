"""Bar and line charts as inline SVG. Colours come from the page's style, so they follow light and dark."""

import math
from html import escape

from wuerstchen.evaluation.results import Chart

WIDTH, HEIGHT = 680, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 18, 42
SERIES_CLASSES = 4
TICKS_ABOUT = 4


def chart_svg(chart: Chart) -> str:
    """One `<svg>` with a title for screen readers; the numbers stand in it as text."""
    values = [value for series in chart.series.values() for value in series]
    ticks = axis_ticks(min([0.0, *values]), max([0.0, *values]))
    body = [_axis(ticks, chart.unit), *_labels(chart.x)]
    draw = _bars if chart.kind == "bars" else _lines
    for number, series in enumerate(chart.series.values()):
        body.append(draw(series, number, len(chart.series), ticks))
    name = escape(f"{chart.title}: {', '.join(chart.series)}")
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">{"".join(body)}</svg>{_legend(chart)}'


def axis_ticks(low: float, high: float) -> list[float]:
    """Round numbers from at most `low` to at least `high`; some four steps of 1, 2 or 5 times a power of ten."""
    span = high - low or 1.0
    power = 10 ** math.floor(math.log10(span / TICKS_ABOUT))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= span / TICKS_ABOUT * 0.999)
    first, last = math.floor(low / step), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def number_text(value: float) -> str:
    """Three significant digits, thousands with commas."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "–"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(digits, 6)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _y(value: float, ticks: list[float]) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - ticks[0]) / ((ticks[-1] - ticks[0]) or 1))


def _slot(index: int, count: int) -> tuple[float, float]:
    """Left edge and width of the space of one x."""
    width = (WIDTH - LEFT - RIGHT) / count
    return LEFT + index * width, width


def _axis(ticks: list[float], unit: str) -> str:
    lines = []
    for tick in ticks:
        y = _y(tick, ticks)
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{number_text(tick)}</text>')
    return "".join(lines) + f'<text class="tick" x="4" y="{TOP - 3}">{escape(unit)}</text>'


def _labels(names: tuple[str, ...]) -> list[str]:
    texts = []
    for index, name in enumerate(names):
        left, width = _slot(index, len(names))
        lines = _wrapped(name, max(6, int(width / 6.5)))
        spans = "".join(
            f'<tspan x="{left + width / 2:.1f}" dy="{0 if k == 0 else 13}">{escape(line)}</tspan>'
            for k, line in enumerate(lines)
        )
        texts.append(f'<text class="tick" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle">{spans}</text>')
    return texts


def _wrapped(text: str, characters: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > characters:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines[:3]


def _bars(series: list[float], number: int, of: int, ticks: list[float]) -> str:
    parts = []
    for index, value in enumerate(series):
        left, width = _slot(index, len(series))
        bar = min(width * 0.8 / of, 60)
        x, base, top = left + width / 2 + (number - of / 2) * bar, _y(max(0, ticks[0]), ticks), _y(value, ticks)
        parts.append(
            f'<rect class="s{number % SERIES_CLASSES}" x="{x:.1f}" y="{min(top, base):.1f}" width="{bar - 2:.1f}" '
            f'height="{abs(base - top):.1f}" rx="2"/>'
        )
        if bar > 20:
            parts.append(
                f'<text class="value" x="{x + bar / 2 - 1:.1f}" y="{min(top, base) - 4:.1f}" '
                f'text-anchor="middle">{number_text(value)}</text>'
            )
    return "".join(parts)


def _lines(series: list[float], number: int, of: int, ticks: list[float]) -> str:
    points = []
    for index, value in enumerate(series):
        left, width = _slot(index, len(series))
        points.append((left + width / 2, _y(value, ticks)))
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle class="s{number % SERIES_CLASSES}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in points)
    values = "".join(
        f'<text class="value" x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle">{number_text(v)}</text>'
        for (x, y), v in zip(points, series, strict=True)
    )
    return f'<polyline class="line l{number % SERIES_CLASSES}" points="{path}"/>{dots}{values if of == 1 else ""}'


def _legend(chart: Chart) -> str:
    if len(chart.series) < 2:
        return ""
    items = "".join(
        f'<span><i class="s{k % SERIES_CLASSES}"></i>{escape(name)}</span>' for k, name in enumerate(chart.series)
    )
    return f'<p class="legend">{items}</p>'
