"""From bundles and a set to the page, and the same figures as JSON."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wuerstchen.config import Config
from wuerstchen.decision.bundle_model import BundleModel
from wuerstchen.decision.figures import Measure, compared
from wuerstchen.decision.kpi import kpi
from wuerstchen.decision.measured import Measured
from wuerstchen.decision.page import About, Report, page
from wuerstchen.decision.prices import Prices
from wuerstchen.decision.report_texts import report_texts
from wuerstchen.decision.verdict import Thresholds, criteria, verdict
from wuerstchen.evaluation.features import PictureFeatures
from wuerstchen.evaluation.set_groups import groups_of
from wuerstchen.export.open_bundle import KPI_FILE, Bundle
from wuerstchen.training.data import PictureSet
from wuerstchen.training.sources import imagenet_weights
from wuerstchen.whole_file import write_whole

ROWS_SHOWN = 12


@dataclass(frozen=True)
class Asked:
    """What a report is asked for. `against`: the bundle before, with its configuration. `groups`: a file, else the
    set's own. `kept`: where pictures that are made lie, else OUT/pictures; reports with the same folder share them.
    `set_name`: as the report calls the set, else its folder. `known`: words that the bundle before knows."""

    bundle: Bundle
    config: Config
    pictures: PictureSet
    out: Path
    against: tuple[Bundle, Config] | None = None
    known: tuple[str, ...] = ()
    language: str = "en"
    captions: int = 100
    thresholds: Thresholds = dataclasses.field(default_factory=Thresholds)
    prices: Prices = dataclasses.field(default_factory=Prices)
    groups: Path | None = None
    kept: Path | None = None
    set_name: str = ""
    date: str = ""


def write_decision(asked: Asked) -> Report:
    """Writes OUT/report.html, OUT/figures.json and OUT/kpi.json, which a bundle may carry; pictures that were made are
    kept, so a stopped report goes on from there.

    Raises ValueError where the set and the bundle do not fit each other, or `groups` is not there."""
    pictures, kept = asked.pictures, asked.kept or asked.out / "pictures"
    groups = groups_of(pictures.directory, asked.groups)
    asked.out.mkdir(parents=True, exist_ok=True)
    kept.mkdir(parents=True, exist_ok=True)
    measure = Measure(pictures, PictureFeatures(imagenet_weights()), asked.captions, groups, asked.prices, kept)
    model = BundleModel(asked.bundle, asked.config, kept)
    after, before, differences = measure.of(model), None, {}
    if asked.against is None:
        left_out = dict.fromkeys(("style", "outside"), "no_against")
        after = dataclasses.replace(after, left_out={**after.left_out, **left_out})
    else:
        base = BundleModel(*asked.against, kept)
        after, before = measure.compared((model, after), (base, measure.of(base)), asked.known)
        differences = compared(after, before)
    report = Report(
        _about(asked, after), after, before, differences, asked.thresholds, asked.prices, _rows(pictures, after, before)
    )
    write_whole(asked.out / "figures.json", json.dumps(_plain(report), indent=1, ensure_ascii=False) + "\n")
    write_whole(asked.out / KPI_FILE, json.dumps(kpi(report), indent=1, ensure_ascii=False) + "\n")
    write_whole(asked.out / "report.html", page(report, report_texts(asked.language)))
    return report


def _about(asked: Asked, measured: Measured) -> About:
    manifest, records = asked.bundle.manifest, asked.pictures.records
    against = (
        None if asked.against is None else (asked.against[0].manifest["name"], asked.against[0].manifest["revision"])
    )
    return About(
        model=manifest["name"],
        set=asked.set_name or asked.pictures.directory.resolve().name,
        all=len(records),
        held_out=len(asked.pictures.held_out),
        measured=measured.used,
        revision=manifest["revision"],
        date=asked.date,
        against=against,
        names=len({records[i].label for i in measured.asked}),
    )


def _rows(pictures: PictureSet, after: Measured, before: Measured | None) -> list[tuple[str, list[np.ndarray | None]]]:
    """The first captions that were asked for: held-out ones come first."""
    restored = dict(zip(pictures.held_out.tolist(), after.restored, strict=False))
    rows = []
    for number, index in enumerate(after.asked[:ROWS_SHOWN].tolist()):
        drawn = [None if before is None else before.made[number], after.made[number]]
        rows.append(
            (pictures.records[index].captions[0], [np.asarray(pictures.pixels[index]), restored.get(index), *drawn])
        )
    return rows


def _plain(report: Report) -> dict:
    """Without pictures and arrays."""
    found = criteria(report.measured, report.thresholds)
    crowds = {"after": report.measured, **({} if report.before is None else {"before": report.before})}
    return {
        "about": {**dataclasses.asdict(report.about), "chance": report.about.chance},
        "verdict": verdict(found),
        "criteria": {
            criterion.key: {"threshold": criterion.threshold, "outcome": criterion.outcome} for criterion in found
        },
        "prices": dataclasses.asdict(report.prices),
        "figures": {
            name: {key: dataclasses.asdict(f) for key, f in crowd.figures.items()} for name, crowd in crowds.items()
        },
        "differences": {
            key: {"value": value, "range": between} for key, (value, between) in report.differences.items()
        },
        "left_out": report.measured.left_out,
    }
