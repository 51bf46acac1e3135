"""What the comparison of recipes found, as a part of a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from wuerstchen.comparison.prior import Point
from wuerstchen.comparison.recipes import Recipe
from wuerstchen.evaluation.results import Chart, PartResult, Table


@dataclass(frozen=True)
class Tried:
    """A recipe with the points of its trainings, one list a seed."""

    recipe: Recipe
    curves: list[list[Point]]


def recipes_part(tried: Sequence[Tried], steps: int, batch: int, asked: int) -> PartResult:
    """`asked`: captions drawn at each point."""
    return PartResult(
        "recipes",
        "One Stage C, trained in several ways",
        f"The same network on the same latents and captions, {steps:,} steps of {batch} each. At each point {asked} "
        "captions of favourites are drawn, and a network that saw none of these pictures says which real picture each "
        "is nearest to.",
        (),
        (_chart(tried, "recognised", "%", "Higher is better."), _chart(tried, "fid", "", "Lower is better.")),
        (_table(tried),),
    )


def _chart(tried: Sequence[Tried], figure: str, unit: str, meaning: str) -> Chart:
    count = len(tried[0].curves[0])
    series = {
        of.recipe.name: [mean(getattr(curve[point], figure) for curve in of.curves) for point in range(count)]
        for of in tried
    }
    title = {"recognised": "Recognised", "fid": "FID"}[figure]
    points = tuple(f"{point + 1}/{count}" for point in range(count))
    return Chart(f"{title} by steps, of the whole", "lines", points, series, unit, meaning)


def _table(tried: Sequence[Tried]) -> Table:
    return Table(
        "Every recipe at its end",
        ("recipe", "what it is", "minutes", "recognised, each seed", "FID, each seed"),
        tuple(_row(of) for of in tried),
        "Minutes of one Stage C on this machine, without what is drawn.",
    )


def _row(of: Tried) -> tuple[str, ...]:
    last = [curve[-1] for curve in of.curves]
    return (
        of.recipe.name,
        of.recipe.meaning,
        f"{mean(point.minutes for point in last):.1f}",
        ", ".join(f"{point.recognised:.0f} %" for point in last),
        ", ".join(f"{point.fid:.1f}" for point in last),
    )
