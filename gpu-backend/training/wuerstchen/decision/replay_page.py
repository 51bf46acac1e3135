"""The page of a replay: hit rates, what they save, and money a month by volume, with their assumptions."""

from html import escape

from wuerstchen.decision.page import STYLES
from wuerstchen.decision.replay import Costs, Outcome, gpu_seconds, month
from wuerstchen.evaluation.charts import chart_svg
from wuerstchen.evaluation.results import Chart
from wuerstchen.texts import Texts

VOLUMES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)


def replay_page(outcomes: list[Outcome], costs: Costs, log: str, texts: Texts) -> str:
    title = texts("replay.title", log=log)
    style = "".join(path.read_text(encoding="utf-8") for path in STYLES)
    names = tuple(texts(f"replay.{outcome.policy}") for outcome in outcomes)
    rates = Chart(
        texts("replay.hit_rate"),
        "bars",
        names,
        {"%": [100 * o.hit_rate for o in outcomes]},
        "%",
        texts("replay.hit_meaning"),
    )
    money = Chart(
        texts("replay.money"),
        "lines",
        tuple(f"{volume:,}" for volume in VOLUMES),
        {name: [month(o, volume, costs) for volume in VOLUMES] for name, o in zip(names, outcomes, strict=True)},
        "$",
        texts("replay.money_meaning"),
    )
    assumed = texts(
        "replay.assumed",
        stage_c=f"{costs.stage_c_seconds:g}",
        decode=f"{costs.decode_seconds:g}",
        hour=f"${costs.gpu_hour:.2f}",
        cold=f"{costs.cold_start_seconds:g}",
        idle=f"{costs.idle_seconds:g}",
    )
    figures = _figure(rates) + _figure(money)
    return (
        f'<!doctype html>\n<html lang="{texts.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" '
        f'content="width=device-width">\n<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n'
        f'<main>\n<h1>{escape(title)}</h1>\n<p class="big">{escape(_best(outcomes, costs, texts))}</p>\n'
        f"{_table(outcomes, costs, texts)}\n{figures}\n<p>{escape(assumed)}</p>\n</main>\n</body>\n</html>\n"
    )


def _figure(chart: Chart) -> str:
    caption = f"<figcaption>{escape(chart.meaning)}</figcaption>"
    return f"<figure><h2>{escape(chart.title)}</h2>{chart_svg(chart)}{caption}</figure>"


def _best(outcomes: list[Outcome], costs: Costs, texts: Texts) -> str:
    """What the API's default policy saves."""
    by_name = {outcome.policy: outcome for outcome in outcomes}
    fresh, prefer = by_name["fresh"], by_name["prefer"]
    saved = gpu_seconds(fresh, costs) - gpu_seconds(prefer, costs)
    counts = {"runs": f"{prefer.hits:,}", "requests": f"{prefer.requests:,}"}
    return texts("replay.best", rate=f"{prefer.hit_rate:.0%}", seconds=f"{saved:,.0f}", **counts)


def _table(outcomes: list[Outcome], costs: Costs, texts: Texts) -> str:
    fresh = next(outcome for outcome in outcomes if outcome.policy == "fresh")
    columns = ("policy", "hit_rate", "runs_saved", "seconds_saved", "at_100k")
    head = "".join(f"<th>{escape(texts(f'replay.{name}'))}</th>" for name in columns)
    rows = ""
    for outcome in outcomes:
        saved = gpu_seconds(fresh, costs) - gpu_seconds(outcome, costs)
        cells = (
            f"{outcome.hit_rate:.0%}",
            f"{outcome.hits:,}",
            f"{saved:,.0f} s",
            f"${month(outcome, 100_000, costs):,.2f}",
        )
        rows += (
            f"<tr><td>{escape(texts(f'replay.{outcome.policy}'))}</td>"
            + "".join(f"<td>{cell}</td>" for cell in cells)
            + "</tr>\n"
        )
    return f'<div class="figures"><table><tr>{head}</tr>\n{rows}</table></div>'
