"""Combinations that no caption holds: is "green dog" a dog, and green?"""

import numpy as np
import torch

from wuerstchen.evaluation.colour import NAMES, dominant_colour
from wuerstchen.evaluation.context import Context
from wuerstchen.evaluation.features import grey, to_bytes, to_tensor
from wuerstchen.evaluation.results import Kpi, PartResult, Sheet, Table, share
from wuerstchen.evaluation.sheets import write_sheet
from wuerstchen.training.data import PictureSet
from wuerstchen.training.recolour import COLOURS, noun, recolour

STYLES_FALLBACK = ("flat",)


def read_prompts(text: str) -> list[tuple[str, str]]:
    """(colour, object) of each line such as `green dog`. Raises ValueError on a colour that the rule does not know."""
    prompts = [
        (colour, thing) for colour, _, thing in (line.strip().partition(" ") for line in text.splitlines()) if thing
    ]
    for colour, thing in prompts:
        if colour not in NAMES:
            raise ValueError(f'unseen prompts: "{colour} {thing}" must begin with one of {", ".join(NAMES)}')
    return prompts


def seen(prompts: list[tuple[str, str]], pictures: PictureSet) -> list[tuple[str, str, str]]:
    """(colour, object, caption) for every prompt whose words stand together in a caption: must be empty."""
    captions = {caption for record in pictures.records for caption in record.captions}
    padded = [(caption, f" {caption.replace(',', ' ')} ") for caption in captions]
    return [
        (colour, thing, caption)
        for colour, thing in prompts
        for caption, text in padded
        if f" {colour} " in text and f" {thing} " in text
    ]


def run(context: Context) -> PartResult:
    prompts = read_prompts(context.options.unseen)
    if found := seen(prompts, context.pictures):
        raise ValueError(f"unseen prompts: {len(found)} are captions of the set, for example {found[0][2]!r}")
    styles = context.config.curriculum_c.styles or STYLES_FALLBACK
    asked = [f"{colour} {thing}, {styles[number % len(styles)]}" for number, (colour, thing) in enumerate(prompts)]
    made = context.maker.make(asked, list(range(len(asked))))
    concept, colour = judge(context, made, prompts)
    kpis = (
        *_shares(concept, colour, " ".join(prompts[0])),
        *_ceiling(context, prompts),
        _rule_accuracy(context.pictures),
    )
    rows = [
        (words, "yes" if c else "no", "yes" if h else "no", str(dominant_colour(picture) or "none"))
        for words, picture, c, h in zip(asked, made, concept, colour, strict=True)
    ]
    return PartResult(
        "unseen",
        "New combinations of known words",
        "The list is fixed, kept with the configuration, and checked against every caption of the set before it is "
        "used. "
        "Recoloured pictures that training may show leave these combinations out too.",
        kpis,
        (),
        (Table("Every prompt", ("prompt", "object", "colour", "commonest hue"), tuple(rows), "One picture each."),),
        (_sheet(context, made, asked, concept, colour),),
    )


def _shares(concept: np.ndarray, colour: np.ndarray, example: str) -> tuple[Kpi, Kpi, Kpi]:
    """Of (n,) object right and (n,) colour right."""
    count = len(concept)
    return (
        share(
            "unseen_both",
            "Unseen combinations: object and colour right",
            int((concept & colour).sum()),
            count,
            f'The share of {count} prompts such as "{example}", found in no caption, whose picture shows the object '
            "and has the colour. "
            "Low means that the model recalls pictures rather than understands words.",
            "The object is named by the judge among the list's objects, from the picture in grey; the colour by the "
            "commonest "
            "hue. One picture a prompt.",
            True,
        ),
        share(
            "unseen_object",
            "Unseen combinations: object right",
            int(concept.sum()),
            count,
            "The judge picks the object out of the list's objects.",
        ),
        share(
            "unseen_colour",
            "Unseen combinations: colour right",
            int(colour.sum()),
            count,
            "The commonest hue of the drawing is the colour asked for.",
        ),
    )


def _sheet(context: Context, made: np.ndarray, asked: list[str], concept: np.ndarray, colour: np.ndarray) -> Sheet:
    return write_sheet(
        context.out,
        "unseen",
        None,
        made,
        [f"{words.split(',')[0]} {_marks(c, h)}" for words, c, h in zip(asked, concept, colour, strict=True)],
        "Pictures of combinations that no caption holds",
        "o: the judge sees the object; c: the commonest hue is the colour.",
    )


def judge(context: Context, pictures: np.ndarray, prompts: list[tuple[str, str]]) -> tuple[np.ndarray, np.ndarray]:
    """(n,) object right and (n,) colour right, for one picture a prompt."""
    things = sorted({thing for _, thing in prompts})
    # In grey: a judge that has only seen yellow bananas must not take a blue one for something blue.
    picked = context.similarity(context.features(to_bytes(grey(to_tensor(pictures)))), things).argmax(1)
    concept = np.array([things[k] == thing for k, (_, thing) in zip(picked, prompts, strict=True)])
    colour = np.array(
        [dominant_colour(picture) == colour for picture, (colour, _) in zip(pictures, prompts, strict=True)]
    )
    return concept, colour


def _ceiling(context: Context, prompts: list[tuple[str, str]]) -> list[Kpi]:
    """Real pictures of the objects, recoloured by rule, before the same judge and the same rule."""
    by_noun: dict[str, int] = {}
    styles = set(context.config.curriculum_c.styles)
    for index in context.pictures.train:
        record = context.pictures.records[index]
        if not styles or record.style in styles:
            by_noun.setdefault(noun(record.label), int(index))
    shown = [(colour, thing) for colour, thing in prompts if thing in by_noun and colour in COLOURS]
    if not shown:
        return []
    images = to_tensor(context.pictures.pixels[np.array([by_noun[thing] for _, thing in shown])])
    painted = to_bytes(recolour(images, torch.tensor([COLOURS[colour] for colour, _ in shown])))
    concept, colour = judge(context, painted, shown)
    return [
        share(
            "unseen_both_recoloured",
            "The same of real pictures, recoloured",
            int((concept & colour).sum()),
            len(shown),
            "The ceiling: real pictures of these objects, recoloured by arithmetic, before the same judge.",
        ),
    ]


def _rule_accuracy(pictures: PictureSet) -> Kpi:
    """The rule on real pictures that are named by their colour, such as "purple heart"."""
    named = [(int(i), word) for i in pictures.train if (word := pictures.records[i].label.split()[0]) in NAMES]
    right = sum(dominant_colour(pictures.pixels[i]) == word for i, word in named)
    return share(
        "colour_rule_accuracy",
        "The colour rule on real pictures",
        right,
        len(named),
        "How often the commonest hue is the colour in a real picture's name.",
        "Some names mislead: a green salad has other colours too.",
    )


def _marks(concept: bool, colour: bool) -> str:
    return "".join(mark for mark, right in (("o", concept), ("c", colour)) if right)
