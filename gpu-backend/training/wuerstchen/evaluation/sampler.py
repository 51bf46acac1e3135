"""Which guidance and how many steps of Stage C are worth it."""

from itertools import zip_longest

import numpy as np

from wuerstchen.config import SamplerConfig
from wuerstchen.evaluation.context import Context
from wuerstchen.evaluation.lists import favourites_list, training_list
from wuerstchen.evaluation.results import Chart, Kpi, PartResult, Table
from wuerstchen.evaluation.retrieval import choices

GUIDANCES = (1.0, 2.0, 3.0, 4.0, 6.0)
STEPS = (4, 8, 12, 20, 40)


def recommend(accuracy: np.ndarray, count: int) -> tuple[int, int]:
    """(guidance row, steps column): the fewest steps that are within one standard error of the best, then the best
    guidance there.

    `accuracy` (guidances, steps) in [0, 1] of `count` prompts."""
    best = float(accuracy.max())
    error = (best * (1 - best) / count) ** 0.5
    column = int(np.flatnonzero(accuracy.max(0) >= best - error)[0])
    return int(accuracy[:, column].argmax()), column


def prompts_of(context: Context) -> np.ndarray:
    """Half favourites, where nearly all is recognised, half other training captions, where little is: neither end
    hides a difference.
    """
    pictures = context.pictures
    favourites, others = (
        favourites_list(context.config.curriculum_c, pictures),
        training_list(context.config.curriculum_c, pictures),
    )
    order = [i for pair in zip_longest(favourites[::4], others) for i in pair if i is not None]
    labels: dict[str, int] = {}
    for index in order:
        labels.setdefault(pictures.records[index].label, index)
    return np.array(list(labels.values())[: context.options.sampler_prompts])


def run(context: Context) -> PartResult:
    rows = prompts_of(context)
    records = [context.pictures.records[i] for i in rows]
    prompts, words = [record.captions[0] for record in records], [record.label for record in records]

    def accuracy_of(guidance: float, steps: int) -> float:
        made = context.maker.make(prompts, list(range(len(prompts))), guidance, steps)
        return float(choices(context.similarity(context.features(made), words), np.arange(len(words))).mean())

    accuracy = np.array([[accuracy_of(guidance, steps) for steps in STEPS] for guidance in GUIDANCES])
    return PartResult(
        "sampler",
        "Guidance and steps",
        "The same prompts and seeds at every setting of Stage C's sampler.",
        (_recommended(accuracy, len(rows), context.config.sampler_c),),
        (_chart(accuracy),),
        (_table(accuracy, len(rows)),),
    )


def _recommended(accuracy: np.ndarray, count: int, sampler: SamplerConfig) -> Kpi:
    row, column = recommend(accuracy, count)
    best = accuracy.max()
    return Kpi(
        "sampler_recommended_steps",
        "Recommended steps",
        STEPS[column],
        "steps",
        f"With guidance {GUIDANCES[row]:g}. The fewest steps whose accuracy cannot be told from the best, "
        f"{100 * best:.0f} %. Configured: {sampler.steps} steps, guidance {sampler.guidance_scale:g}.",
        f"By {count} prompts: differences below {100 * (best * (1 - best) / count) ** 0.5:.0f} points mean nothing. "
        "The judge sees whether a thing is recognisable, not whether it is beautiful.",
        count,
    )


def _table(accuracy: np.ndarray, count: int) -> Table:
    return Table(
        "Right words, by guidance and steps",
        ("guidance", *(f"{steps} steps" for steps in STEPS)),
        tuple(
            (f"{guidance:g}", *(f"{100 * value:.0f} %" for value in line))
            for guidance, line in zip(GUIDANCES, accuracy, strict=True)
        ),
        f"The judge picks the words out of {min(100, count)}.",
    )


def _chart(accuracy: np.ndarray) -> Chart:
    return Chart(
        "Right words by steps",
        "lines",
        tuple(str(steps) for steps in STEPS),
        {f"guidance {GUIDANCES[k]:g}": [100 * float(v) for v in accuracy[k]] for k in (0, 1, 2, 4)},
        "%",
        "Steps cost time in proportion; guidance above 1 doubles the cost of a step.",
    )
