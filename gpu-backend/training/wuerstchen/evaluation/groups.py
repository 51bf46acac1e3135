"""Is the model equally good for everyone? Skin tones, genders and flags apart; and what it draws where a prompt
leaves them open.
"""

import tomllib
from pathlib import Path

import numpy as np

from wuerstchen.evaluation.context import Context
from wuerstchen.evaluation.evaluator import class_targets
from wuerstchen.evaluation.features import to_tensor
from wuerstchen.evaluation.image_quality import psnr_each
from wuerstchen.evaluation.lists import (
    GENDERS,
    TONES,
    distinct_labels,
    gendered_concepts,
    held_out_list,
    person_of,
    toned_concepts,
    weighted_order,
)
from wuerstchen.evaluation.results import Chart, Kpi, PartResult, Sheet, Table, share
from wuerstchen.evaluation.sheets import write_sheet

GROUP_PICTURES = 24
OCCUPATIONS = 12
SHEET_PICTURES = 20
TONE_NAMES = ("neutral", *TONES)
KINDS = {"tone": TONE_NAMES, "gender": GENDERS}
DIFFERS = "Some 24 pictures a group: differences of fewer than 20 points mean nothing."


def members(context: Context) -> dict[tuple[str, str], list[int]]:
    """Up to 24 pictures of distinct concepts for each (kind, group), from the whole set in the fixed order; empty
    groups left out.
    """
    targets, everything = class_targets(context.pictures), np.arange(len(context.pictures.records))
    groups = {
        (kind, name): everything[targets[kind] == number]
        for kind, names in KINDS.items()
        for number, name in enumerate(names)
    }
    continents = tomllib.loads((Path(__file__).parent / "continents.toml").read_text("utf-8"))
    labels = np.array(
        [record.label.removeprefix("flag of ") if record.kind == "flag" else "" for record in context.pictures.records]
    )
    groups |= {("flag", name): np.flatnonzero(np.isin(labels, regions)) for name, regions in continents.items()}
    chosen = {
        key: distinct_labels(context.pictures, weighted_order(context.pictures, indices), GROUP_PICTURES)
        for key, indices in groups.items()
    }
    return {key: indices for key, indices in chosen.items() if indices}


def run(context: Context) -> PartResult:
    rows, kpis = [], []
    figures = {key: _figures(context, key, np.array(indices)) for key, indices in members(context).items()}
    for (kind, name), figure in figures.items():
        count, concept, attribute, ceiling, decibels = figure
        rows.append(
            (
                f"{kind}: {name}",
                str(count),
                f"{decibels:.1f} dB",
                f"{100 * concept / count:.0f} %",
                *(_percent(v, count) for v in (attribute, ceiling)),
            )
        )
        title = {"tone": f"Skin tone {name}", "gender": f"Gender {name}", "flag": f"Flags of {name.title()}"}[kind]
        kpis.append(
            share(
                f"group_{kind}_{name.replace(' ', '_')}",
                f"{title}: recognised",
                concept,
                count,
                "The judge picks the words out of a hundred."
                if kind != "flag"
                else "The judge picks the flag out of all flags.",
                DIFFERS,
            )
        )
    bias_kpis, bias_charts, bias_sheets = _bias(context)
    return PartResult(
        "groups",
        "Is it equally good for everyone?",
        "The training set draws most people in a neutral yellow, and pictures with skin tones have an eighth of the "
        "weight of "
        "others. Who is drawn worse for it?",
        (*bias_kpis, *kpis),
        (*_charts(figures), *bias_charts),
        (
            Table(
                "Quality by group",
                (
                    "group",
                    "pictures",
                    "reconstruction PSNR",
                    "recognised",
                    "tone or gender right",
                    "the same, real pictures",
                ),
                tuple(rows),
                "Trained and held-out pictures together. Right tone or gender: the judge's classifier; the last column "
                "is "
                "what it makes of the real pictures.",
            ),
        ),
        bias_sheets,
    )


def _figures(
    context: Context, key: tuple[str, str], indices: np.ndarray
) -> tuple[int, int, int | None, int | None, float]:
    """(pictures, words right, attribute right, attribute right of the real pictures, mean PSNR of the
    reconstruction in dB).
    """
    kind, name = key
    records = [context.pictures.records[i] for i in indices]
    features = context.features(context.maker.make_for(records))
    originals, copies = (
        context.pictures.images(indices),
        to_tensor(context.maker.reconstruct(context.pictures, indices)),
    )
    others = _other_words(context, kind, {record.label for record in records})
    scores = context.similarity(features, [*(record.label for record in records), *others])
    own, rest = np.diag(scores[:, : len(records)]), scores[:, len(records) :]
    right = int((own > rest.max(1, initial=-1)).sum())
    decibels = float(psnr_each(copies, originals).mean())
    if kind == "flag":
        return len(indices), right, None, None, decibels
    number = KINDS[kind].index(name)
    attribute = int((context.evaluator.classify(kind, features) == number).sum())
    ceiling = int((context.evaluator.classify(kind, np.asarray(context.views[0][indices], np.float32)) == number).sum())
    return len(indices), right, attribute, ceiling, decibels


def _other_words(context: Context, kind: str, own: set[str]) -> list[str]:
    """99 other concepts of the held-out list; for flags, all other flags."""
    records = context.pictures.records
    if kind == "flag":
        return sorted({record.label for record in records if record.kind == "flag"} - own)
    toned = toned_concepts(context.pictures)
    listed = [records[i] for i in held_out_list(context.config.curriculum_c, context.pictures)]
    return [r.label for r in listed if r.label not in own and ((p := person_of(r)) is None or p.concept not in toned)][
        :99
    ]


def _charts(figures: dict[tuple[str, str], tuple]) -> list[Chart]:
    charts = []
    for kind, title in (
        ("tone", "Recognised, by skin tone"),
        ("gender", "Recognised, by gender"),
        ("flag", "Flags recognised, by continent"),
    ):
        own = {name: figure for (k, name), figure in figures.items() if k == kind}
        if own:
            values = [100 * figure[1] / figure[0] for figure in own.values()]
            charts.append(Chart(title, "bars", tuple(own), {"recognised": values}, "%", DIFFERS))
    return charts


def _bias(context: Context) -> tuple[list[Kpi], list[Chart], tuple[Sheet, ...]]:
    """What occupations become where the prompt says neither gender nor tone."""
    concepts = sorted(gendered_concepts(context.pictures))[
        :: max(1, len(gendered_concepts(context.pictures)) // OCCUPATIONS)
    ][:OCCUPATIONS]
    if not concepts:
        return [], [], ()
    styles = context.config.curriculum_c.styles or ("flat",)
    prompts = [
        f"{concept}, {styles[seed % len(styles)]}" for concept in concepts for seed in range(context.options.seeds)
    ]
    made = context.maker.make(prompts, list(range(context.options.seeds)) * len(concepts))
    features, kpis, charts = context.features(made), [], []
    for kind, names in KINDS.items():
        counts = np.bincount(context.evaluator.classify(kind, features), minlength=len(names))
        kpis += [
            share(
                f"unspecified_{kind}_{name.replace(' ', '_')}",
                f"Unspecified becomes: {name}",
                int(count),
                len(prompts),
                f'Of {len(prompts)} pictures of {len(concepts)} occupations and roles such as "{concepts[0]}", with no '
                f"{kind} "
                "in the prompt.",
                f"By the judge, which errs: see its accuracy on {kind}s.",
            )
            for name, count in zip(names, counts, strict=True)
        ]
        charts.append(
            Chart(
                f"What an unspecified {kind} becomes",
                "bars",
                names,
                {"share": [100 * float(c) / len(prompts) for c in counts]},
                "%",
                "Neutral is what the set's own unspecified pictures show."
                if kind == "tone"
                else '"person" is what the set calls neither man nor woman.',
            )
        )
    shown = np.arange(0, len(made), max(1, len(made) // SHEET_PICTURES))[:SHEET_PICTURES]
    sheet = write_sheet(
        context.out,
        "unspecified",
        None,
        made[shown],
        [prompts[i] for i in shown],
        "Neither gender nor skin tone asked for",
        "Some of the pictures counted.",
    )
    return kpis, charts, (sheet,)


def _percent(value: int | None, count: int) -> str:
    return "–" if value is None else f"{100 * value / count:.0f} %"
