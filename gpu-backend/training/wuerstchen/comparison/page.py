"""What the comparison found, as a part of a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from wuerstchen.comparison.prior import Point, Trial
from wuerstchen.comparison.quality import mean_curve, ratio_at_equal_quality
from wuerstchen.evaluation.results import Chart, Kpi, PartResult, Table

PAPER = "The paper reports an eighth of the training of Stable Diffusion 2.1 (arXiv 2306.00637, table 2)."


@dataclass(frozen=True)
class Compared:
    """One kind of latent: its trials, one a seed, with the points of each; the arithmetic of its coding networks."""

    trials: Sequence[Trial]
    curves: Sequence[Sequence[Point]]
    coding_flops: float

    @property
    def name(self) -> str:
        return self.trials[0].space.name

    @property
    def last(self) -> list[Point]:
        return [curve[-1] for curve in self.curves]


def comparison_part(compared: Sequence[Compared], image_side: int, asked: int) -> PartResult:
    """`compared`: the compact latent first. `asked`: captions drawn at each point."""
    return PartResult(
        "comparison",
        "Stage C on three kinds of latent",
        f"The same backbone, optimiser, captions and pictures, the same arithmetic, {len(compared[0].trials)} seeds. "
        f"At each point {asked} captions of favourites are drawn, and a network that saw none of these pictures says "
        "which real picture each is nearest to.",
        tuple(_kpis(compared, asked)),
        (_chart(compared, "recognised", "%", "Higher is better."), _chart(compared, "fid", "", "Lower is better.")),
        (_table(compared, image_side),),
    )


def _kpis(compared: Sequence[Compared], asked: int) -> list[Kpi]:
    compact, kpis = compared[0], []
    for other in compared[1:]:
        curves = mean_curve(compact.curves), mean_curve(other.curves)
        coding = (compact.coding_flops, other.coding_flops)
        for key, label, more in (
            ("alone", "Stage C alone", (0.0, 0.0)),
            ("all", "coding networks counted on both sides", coding),
        ):
            ratio = ratio_at_equal_quality(*curves, more)
            if ratio is not None:
                kpis.append(
                    Kpi(
                        f"arithmetic_{other.name}_{key}",
                        f"Arithmetic on {other.name} over compact, {label}",
                        ratio,
                        "times",
                        "For the best share recognised that both reach. Above 1, the compact latent needs less.",
                        f"Mean of {len(compact.trials)} seeds. {PAPER}",
                        asked,
                        headline=True,
                    )
                )
    return kpis


def _chart(compared: Sequence[Compared], figure: str, unit: str, meaning: str) -> Chart:
    count = len(compared[0].curves[0])
    series = {
        of.name: [mean(getattr(curve[point], figure) for curve in of.curves) for point in range(count)]
        for of in compared
    }
    title = {"recognised": "Recognised", "fid": "FID"}[figure]
    steps = tuple(f"{point + 1}/{count}" for point in range(count))
    return Chart(f"{title} by arithmetic, of the whole", "lines", steps, series, unit, meaning)


def _table(compared: Sequence[Compared], image_side: int) -> Table:
    return Table(
        "Every kind of latent",
        ("latent", "values", "patch", "tokens", "steps", "PFLOP", "minutes", "recognised, each seed", "FID", "coding"),
        tuple(_row(of, image_side) for of in compared),
        "PFLOP and minutes of one Stage C; coding: PFLOP of the networks between pictures and latents.",
    )


def _row(of: Compared, image_side: int) -> tuple[str, ...]:
    trial, latent = of.trials[0], of.trials[0].space.latent
    cells = image_side // latent.downscale
    return (
        of.name,
        f"{latent.channels}×{cells}×{cells}",
        f"{trial.patch}",
        f"{(cells // trial.patch) ** 2}",
        f"{trial.steps:,}",
        f"{of.last[0].flops / 1e15:.4f}",
        f"{mean(point.minutes for point in of.last):.1f}",
        ", ".join(f"{point.recognised:.0f} %" for point in of.last),
        f"{mean(point.fid for point in of.last):.1f}",
        f"{of.coding_flops / 1e15:.4f}",
    )
