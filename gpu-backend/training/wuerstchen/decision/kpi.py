"""A report in a page's worth of figures: `kpi.json` in a bundle's folder is what the operator's page prints.

`shared/models/kpi.ts` reads it. Another form gets another `format`.
"""

import dataclasses

from wuerstchen.decision.page import Report
from wuerstchen.decision.verdict import criteria, verdict

FORMAT = "wuerstchen-edge/kpi@1"


def kpi(report: Report) -> dict:
    """Figures with ranges, thresholds and outcomes; per cent recognised of each group; reasons of what is missing."""
    about, measured = report.about, report.measured
    found = criteria(measured, report.thresholds)
    outcomes = {of.key: {"threshold": of.threshold, "outcome": of.outcome} for of in found}
    undecided = {"threshold": None, "outcome": None}
    figures = {
        key: {**dataclasses.asdict(figure), **outcomes.get(key, undecided)} for key, figure in measured.figures.items()
    }
    return {
        "format": FORMAT,
        "model": about.model,
        "revision": about.revision,
        "date": about.date,
        "set": {"name": about.set, "pictures": about.all, "held_out": about.held_out},
        "chance": about.chance,
        "verdict": verdict(found),
        "figures": figures,
        "groups": {name: dict(of) for name, of in measured.groups.items()},
        "left_out": measured.left_out,
    }
