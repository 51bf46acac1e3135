"""Does a picture show what its caption says? The judge picks its words out of a hundred."""

import numpy as np

from wuerstchen.evaluation.context import Context
from wuerstchen.evaluation.evaluator import NO_ANSWER, STYLE, class_targets, head_of
from wuerstchen.evaluation.lists import CANDIDATES, favourites_list, held_out_list, training_list
from wuerstchen.evaluation.results import Chart, Kpi, PartResult, Sheet, share
from wuerstchen.evaluation.sheets import write_sheet

SHEET_COLUMNS, SHEET_PICTURES = 10, 20


def choices(similarity: np.ndarray, own: np.ndarray, candidates: int = CANDIDATES) -> np.ndarray:
    """(n,) True where a picture's own words beat those of the `candidates - 1` entries that follow them, around the
    end.

    `similarity` (n, m): n pictures against the words of a list of m; `own` (n,) says which are a picture's own. So
    chance is 1 % for a list of any length from 100 on."""
    count = similarity.shape[1]
    columns = (own[:, None] + np.arange(min(candidates, count))) % count
    return np.take_along_axis(similarity, columns, axis=1).argmax(1) == 0


def spread(count: int, wanted: int) -> np.ndarray:
    """(≤ wanted,) of the numbers 0 … count - 1, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).round().astype(int))


LISTS = {
    "held_out": (
        "held-out captions",
        "Concept and style together were not trained; nearly always the concept was, in other styles.",
    ),
    "training": (
        "training captions",
        "Captions that were trained, drawn as often as training draws them; no concept of the first list.",
    ),
    "favourites": ("favourite concepts", "The concepts that the last part of the training favours, one caption each."),
}


def run(context: Context) -> PartResult:
    pictures, curriculum = context.pictures, context.config.curriculum_c
    rows = {
        "held_out": held_out_list(curriculum, pictures),
        "training": training_list(curriculum, pictures),
        "favourites": favourites_list(curriculum, pictures),
    }
    rows = {name: indices for name, indices in rows.items() if indices}
    right = {name: judge_list(context, np.array(indices)) for name, indices in rows.items()}
    kpis = [
        kpi for name, kinds in right.items() for kpi in _kpis(name, kinds, min(CANDIDATES, len(rows[name])))
    ] + _ceilings(context)
    kinds = ("real", "reconstructed", "generated")
    chart = Chart(
        f"Right words among {CANDIDATES}",
        "bars",
        tuple(LISTS[name][0] for name in rows),
        {kind: [100 * float(right[name][kind].mean()) for name in rows] for kind in kinds},
        "%",
        "Real pictures show what the judge can recognise at all, reconstructed ones what is left after the decoder. "
        "Guessing gives 1 %.",
    )
    sheets = tuple(_sheet(context, name, np.array(rows[name])) for name in rows)
    return PartResult(
        "retrieval",
        "Does a picture show what was asked for?",
        "A judge that never saw a generated picture is given one, and the words of a hundred captions; it is right if "
        "it "
        "picks the words that "
        "the picture was made from. The judge was trained on the real training pictures alone.",
        tuple(kpis),
        (chart,),
        (),
        sheets,
    )


def judge_list(context: Context, indices: np.ndarray) -> dict[str, np.ndarray]:
    """For real, reconstructed and generated pictures: (n,) whether the words were picked; and `style`, of the generated
    ones.

    At most `captions` of the list are asked, each against the words of the whole list."""
    own = spread(len(indices), context.options.captions)
    asked, words = indices[own], [context.pictures.records[i].label for i in indices]
    generated = context.features(generated_of(context, asked))
    crowds = {
        "real": context.views[0][asked],
        "reconstructed": context.features(context.maker.reconstruct(context.pictures, asked)),
        "generated": generated,
    }
    right = {kind: choices(context.similarity(features, words), own) for kind, features in crowds.items()}
    styles = class_targets(context.pictures, {})[STYLE]
    right["style"] = context.evaluator.classify(STYLE, generated) == styles[asked]
    return right


def generated_of(context: Context, indices: np.ndarray) -> np.ndarray:
    """(n, side, side, 3) bytes: one picture for the first caption of each record."""
    return context.maker.make_for([context.pictures.records[i] for i in indices])


def _kpis(name: str, right: dict[str, np.ndarray], candidates: int) -> list[Kpi]:
    title, meaning = LISTS[name]
    count = len(right["generated"])

    def one(kind: str, label: str, what: str, limits: str = "", headline: bool = False) -> Kpi:
        key = "style_accuracy" if kind == "style" else f"retrieval_top1_{CANDIDATES}"
        suffix = "" if kind in ("generated", "style") else f"_{kind}"
        return share(
            f"{key}_{name}{suffix}", f"{label}, {title}", int(right[kind].sum()), count, what, limits, headline
        )

    return [
        one(
            "generated",
            "Recognised",
            f"{meaning} The share of generated pictures whose words the judge picks out of {candidates}; "
            f"of the real pictures it picks {100 * right['real'].mean():.0f} %.",
            f"Guessing gives {100 / candidates:.0f} %.",
            True,
        ),
        one(
            "real",
            "Recognised, real pictures",
            "The ceiling: the same judge on the real pictures of the same captions.",
            "" if name == "held_out" else "The judge was trained on these very pictures: too kind.",
        ),
        one(
            "reconstructed",
            "Recognised, reconstructed pictures",
            "Real pictures after compressor, Stage B and Stage A.",
        ),
        one("style", "Right style", "The share of generated pictures whose style the judge names right."),
    ]


def _ceilings(context: Context) -> list[Kpi]:
    """What the judge's classifiers make of real held-out pictures."""
    groups, held_out = context.options.groups, context.pictures.held_out
    targets, kpis = class_targets(context.pictures, groups), []
    heads = [(STYLE, STYLE), *((head_of(attribute), attribute) for attribute in groups)]
    for head, what in heads:
        asked = held_out[targets[head][held_out] != NO_ANSWER]
        if len(asked) == 0:
            continue
        right = (
            context.evaluator.classify(head, np.asarray(context.views[0][asked], np.float32)) == targets[head][asked]
        )
        kpis.append(
            share(
                f"judge_{head.replace(' ', '_')}_accuracy",
                f"Judge: {what}",
                int(right.sum()),
                len(asked),
                "How often the judge is right about real pictures that it did not see in training.",
            )
        )
    return kpis


def _sheet(context: Context, name: str, indices: np.ndarray) -> Sheet:
    title, _ = LISTS[name]
    asked = indices[spread(len(indices), context.options.captions)]
    shown = asked[spread(len(asked), SHEET_PICTURES)]
    captions = [context.pictures.records[i].captions[0] for i in shown]
    return write_sheet(
        context.out,
        f"generated-{name.replace('_', '-')}",
        context.pictures.pixels[shown],
        generated_of(context, shown),
        captions,
        f"Generated pictures, {title}",
        "Each real picture stands above the one that was generated from its caption. Chosen by rule, not by beauty.",
    )
