"""Is the model equally good for every group of pictures that the set names, and what does it draw where a caption
leaves the group open?
"""

import re

import numpy as np

from wuerstchen.evaluation.context import Context
from wuerstchen.evaluation.evaluator import head_of
from wuerstchen.evaluation.features import to_tensor
from wuerstchen.evaluation.image_quality import psnr_each
from wuerstchen.evaluation.lists import distinct_labels, held_out_list, weighted_order
from wuerstchen.evaluation.results import Chart, Kpi, PartResult, Sheet, Table, share
from wuerstchen.evaluation.set_groups import GROUPS_FILE
from wuerstchen.evaluation.sheets import write_sheet
from wuerstchen.training.records import Record

GROUP_PICTURES = 24
OTHER_WORDS = 99
OPEN_LABELS = 12
SHEET_PICTURES = 20
TITLE = "Is it equally good for every group?"
NO_GROUPS = f"Left out: the set has no {GROUPS_FILE} that names attributes, their groups and the labels of each."
DIFFERS = f"At most {GROUP_PICTURES} pictures a group: differences of fewer than 20 points mean nothing."
COLUMNS = (
    "group",
    "pictures",
    "weight in the set",
    "reconstruction PSNR",
    "recognised",
    "group right",
    "the same, real pictures",
)
COLUMNS_MEANING = (
    "Trained and held-out pictures together. Weight: the group's share of the set's weights; a curriculum may draw it "
    "more often. Group right: the judge's classifier; the last column is what it makes of the real pictures."
)
# (pictures, words right, group right, group right of the real pictures, mean PSNR of the reconstruction in dB)
Figures = tuple[int, int, int, int, float]
Key = tuple[str, str]


def members(context: Context) -> dict[Key, list[int]]:
    """Up to 24 pictures of distinct labels for each (attribute, group), from the whole set in the fixed order; empty
    groups left out.
    """
    labels = np.array([record.label for record in context.pictures.records])
    chosen = {}
    for attribute, of in context.options.groups.items():
        for name, own in of.items():
            order = weighted_order(context.pictures, np.flatnonzero(np.isin(labels, own)))
            chosen[attribute, name] = distinct_labels(context.pictures, order, GROUP_PICTURES)
    return {key: indices for key, indices in chosen.items() if indices}


def run(context: Context) -> PartResult:
    figures = {key: _figures(context, key, np.array(indices)) for key, indices in members(context).items()}
    if not figures:
        return PartResult("groups", TITLE, NO_GROUPS)
    bias_kpis, bias_charts, bias_sheets = _bias(context)
    rows = tuple(_row(context, key, of) for key, of in figures.items())
    return PartResult(
        "groups",
        TITLE,
        f"The groups are those that the set names in {GROUPS_FILE}. Which of them is drawn worse?",
        (*bias_kpis, *(_recognised(key, of) for key, of in figures.items())),
        (*_charts(figures), *bias_charts),
        (Table("Quality by group", COLUMNS, rows, COLUMNS_MEANING),),
        bias_sheets,
    )


def _figures(context: Context, key: Key, indices: np.ndarray) -> Figures:
    attribute, name = key
    groups, records = context.options.groups, [context.pictures.records[i] for i in indices]
    features = context.features(context.maker.make_for(records))
    copies = to_tensor(context.maker.reconstruct(context.pictures, indices))
    decibels = float(psnr_each(copies, context.pictures.images(indices)).mean())
    words = [*(record.label for record in records), *_other_words(context, attribute)]
    right = int((context.similarity(features, words).argmax(1) == np.arange(len(records))).sum())
    number, real = list(groups[attribute]).index(name), np.asarray(context.views[0][indices], np.float32)
    classified = [context.evaluator.classify(head_of(attribute), seen) == number for seen in (features, real)]
    return len(indices), right, int(classified[0].sum()), int(classified[1].sum()), decibels


def _other_words(context: Context, attribute: str) -> list[str]:
    """99 labels of the held-out list that are in no group of the attribute."""
    grouped = {label for labels in context.options.groups[attribute].values() for label in labels}
    listed = [context.pictures.records[i].label for i in held_out_list(context.config.curriculum_c, context.pictures)]
    return [label for label in listed if label not in grouped][:OTHER_WORDS]


def _row(context: Context, key: Key, figures: Figures) -> tuple[str, ...]:
    attribute, name = key
    own, records = set(context.options.groups[attribute][name]), context.pictures.records
    weight = sum(record.weight for record in records if record.label in own) / sum(record.weight for record in records)
    count, right, group_right, ceiling, decibels = figures
    shares = (f"{100 * value / count:.0f} %" for value in (right, group_right, ceiling))
    return f"{attribute}: {name}", str(count), f"{100 * weight:.1f} %", f"{decibels:.1f} dB", *shares


def _recognised(key: Key, figures: Figures) -> Kpi:
    attribute, name = key
    meaning = f"The judge picks a picture's words out of the group's own and up to {OTHER_WORDS} others."
    label = f"{attribute} {name}: recognised"
    return share(f"group_{_slug(attribute)}_{_slug(name)}", label, figures[1], figures[0], meaning, DIFFERS)


def _charts(figures: dict[Key, Figures]) -> list[Chart]:
    charts = []
    for attribute in dict.fromkeys(attribute for attribute, _ in figures):
        own = {name: of for (other, name), of in figures.items() if other == attribute}
        values = [100 * of[1] / of[0] for of in own.values()]
        title = f"Recognised, by {attribute}"
        charts.append(Chart(title, "bars", tuple(own), {"recognised": values}, "%", DIFFERS))
    return charts


def _bias(context: Context) -> tuple[list[Kpi], list[Chart], tuple[Sheet, ...]]:
    """What labels become that leave an attribute open."""
    kpis, charts, sheets = [], [], []
    for attribute, labels in context.options.open_labels.items():
        names = list(context.options.groups.get(attribute, {}))
        of_label = _records_of(context, labels)
        if not names or not of_label:
            continue
        seeds = range(context.options.seeds)
        prompts = [own[seed % len(own)].captions[0] for own in of_label for seed in seeds]
        made = context.maker.make(prompts, [*seeds] * len(of_label))
        classes = context.evaluator.classify(head_of(attribute), context.features(made))
        counts = np.bincount(classes, minlength=len(names))
        asked = f'{len(prompts)} pictures of captions that leave it open, such as "{prompts[0]}"'
        limits = f"By the judge, which errs: see its accuracy on {attribute}."
        for name, count in zip(names, counts, strict=True):
            key, label = f"unspecified_{_slug(attribute)}_{_slug(name)}", f"Open {attribute} becomes: {name}"
            kpis.append(share(key, label, int(count), len(prompts), f"Of {asked}.", limits))
        shares = {"share": [100 * float(count) / len(prompts) for count in counts]}
        charts.append(Chart(f"What an open {attribute} becomes", "bars", tuple(names), shares, "%", f"Of {asked}."))
        if not sheets:
            sheets.append(_sheet(context, made, prompts))
    return kpis, charts, tuple(sheets)


def _records_of(context: Context, labels: list[str]) -> list[list[Record]]:
    """The records of at most twelve of the labels, evenly spread over those that the set has."""
    of_label: dict[str, list[Record]] = {}
    for record in context.pictures.records:
        of_label.setdefault(record.label, []).append(record)
    found = [of_label[label] for label in sorted(set(labels)) if label in of_label]
    return found[:: max(1, len(found) // OPEN_LABELS)][:OPEN_LABELS]


def _sheet(context: Context, made: np.ndarray, prompts: list[str]) -> Sheet:
    shown = np.arange(0, len(made), max(1, len(made) // SHEET_PICTURES))[:SHEET_PICTURES]
    captions, title = [prompts[i] for i in shown], "Captions that leave the group open"
    return write_sheet(context.out, "unspecified", None, made[shown], captions, title, "Some of the pictures counted.")


def _slug(name: str) -> str:
    return re.sub(r"\W+", "_", name).lower()
