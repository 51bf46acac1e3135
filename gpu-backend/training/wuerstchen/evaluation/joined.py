"""Several things in one picture, as no caption joins them: is "dog with a crown" a dog with a crown, and neither a dog
nor a crown alone?
"""

import re

import numpy as np

from wuerstchen.evaluation.context import Context
from wuerstchen.evaluation.results import Kpi, PartResult, Sheet, Table, share
from wuerstchen.evaluation.sheets import write_sheet
from wuerstchen.evaluation.unseen import STYLES_FALLBACK
from wuerstchen.training.data import PictureSet

# How the set's captions join things: see datasets/emoji/composites.ts.
JOINTS = (r"(.+) with an? (.+) on it", r"(.+) with an? (.+)", r"(.+) and (.+)", r"(.+) above an? (.+)")
COUNTED = re.compile(r"(?:two|three|four) (.+)")
SIZED = re.compile(r"(?:big|small) (.+)")
COMPOSITE = "composite"


def things_of(prompt: str) -> list[str]:
    """The things that a prompt joins, as they are called alone. A count of one thing has that thing."""
    for joint in JOINTS:
        if found := re.fullmatch(joint, prompt):
            return [SIZED.sub(r"\1", part) for part in found.groups()]
    counted = COUNTED.fullmatch(prompt)
    return [singular(counted[1])] if counted else []


def singular(things: str) -> str:
    return things.removesuffix("ies") + "y" if things.endswith("ies") else things.removesuffix("s")


def candidates_of(prompts: list[str]) -> list[str]:
    """What the judge chooses from: all prompts, and all of their things alone."""
    things = {thing for prompt in prompts for thing in things_of(prompt)}
    return [*prompts, *sorted(things - set(prompts))]


def seen(prompts: list[str], pictures: PictureSet) -> list[str]:
    """The prompts that a caption holds: must be empty."""
    captions = {caption for record in pictures.records for caption in (record.label, *record.captions)}
    return [prompt for prompt in prompts if any(prompt == caption.split(",")[0] for caption in captions)]


def run(context: Context) -> PartResult:
    prompts = [line.strip() for line in context.options.joined.splitlines() if line.strip()]
    if found := seen(prompts, context.pictures):
        raise ValueError(f"joined prompts: {len(found)} are captions of the set, for example {found[0]!r}")
    styles = context.config.curriculum_c.styles or STYLES_FALLBACK
    asked = [f"{prompt}, {styles[number % len(styles)]}" for number, prompt in enumerate(prompts)]
    made = context.maker.make(asked, list(range(len(asked))))
    candidates = candidates_of(prompts)
    picked = context.similarity(context.features(made), candidates).argmax(1)
    right = picked == np.arange(len(prompts))
    rows = [
        (words, "yes" if ok else "no", candidates[choice])
        for words, ok, choice in zip(asked, right, picked, strict=True)
    ]
    return PartResult(
        "joined",
        "Several things in one picture",
        "The list is fixed and kept with the configuration; no caption of the set joins these things so.",
        (_kpi(right, prompts[0], len(candidates)), *_ceiling(context)),
        (),
        (Table("Every prompt", ("prompt", "right", "what the judge sees"), tuple(rows), "One picture each."),),
        (_sheet(context, made, asked, right),),
    )


def _kpi(right: np.ndarray, example: str, count: int) -> Kpi:
    return share(
        "joined",
        "Several things: all of them seen",
        int(right.sum()),
        len(right),
        f'The share of {len(right)} prompts such as "{example}", which no caption holds, that the judge picks out of '
        f"{count}: the prompts and their things alone.",
        f"Guessing gives {100 / count:.0f} %. It hardly matters to the judge which thing is where.",
        True,
    )


def _ceiling(context: Context) -> list[Kpi]:
    """Real pictures of several things that the judge never saw, before a choice as wide."""
    records = context.pictures.records
    shown = [int(i) for i in context.pictures.held_out if records[i].kind == COMPOSITE]
    shown = list({records[i].label: i for i in shown}.values())[:50]
    if not shown:
        return []
    candidates = candidates_of([records[i].label for i in shown])
    picked = context.similarity(context.views[0][shown], candidates).argmax(1)
    return [
        share(
            "joined_real",
            "Several things: real pictures",
            int((picked == np.arange(len(shown))).sum()),
            len(shown),
            "The same judge on held-out real pictures of several things, by their own words and things.",
        )
    ]


def _sheet(context: Context, made: np.ndarray, asked: list[str], right: np.ndarray) -> Sheet:
    captions = [f"{words.split(',')[0]} {'o' if ok else ''}" for words, ok in zip(asked, right, strict=True)]
    return write_sheet(
        context.out,
        "joined",
        None,
        made,
        captions,
        "Pictures of several things that no caption joins",
        "o: the judge picks these words.",
    )
