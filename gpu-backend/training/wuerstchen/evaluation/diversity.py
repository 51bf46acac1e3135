"""Does the model draw a prompt in more than one way, and does it draw anything but pictures that it was trained on?"""

from dataclasses import dataclass

import numpy as np

from wuerstchen.evaluation.context import Context
from wuerstchen.evaluation.features import deep_features
from wuerstchen.evaluation.lists import favourites_list, held_out_list, training_list
from wuerstchen.evaluation.near_copies import COPY_PERCENTILE, near_copies
from wuerstchen.evaluation.results import Chart, Kpi, PartResult, Sheet, share
from wuerstchen.evaluation.retrieval import generated_of, spread
from wuerstchen.evaluation.sheets import write_sheet

PROMPTS = 40
SHEET_PICTURES = 10
HELD_OUT, TRAINING = "held-out captions", "training captions"


def pairwise_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Euclidean distances of (n, d) and (m, d): (n, m)."""
    squared = np.square(x).sum(1)[:, None] + np.square(y).sum(1)[None] - 2 * x @ y.T
    return np.sqrt(np.clip(squared, 0, None))


def within_and_between(features: np.ndarray, seeds: int) -> tuple[float, float]:
    """Mean distance of pictures of one prompt, and of different prompts. `features` (prompts * seeds, d), a
    prompt's seeds together.
    """
    distances, prompt = pairwise_distances(features, features), np.arange(len(features)) // seeds
    same = prompt[:, None] == prompt[None]
    other_self = same & ~np.eye(len(features), dtype=bool)
    return _mean(distances[other_self]), _mean(distances[~same])


def run(context: Context) -> PartResult:
    pictures, seeds = context.pictures, context.options.seeds
    curriculum = context.config.curriculum_c
    asked = (favourites_list(curriculum, pictures) or training_list(curriculum, pictures))[:PROMPTS]
    captions = [pictures.records[i].captions[0] for i in asked]
    repeated = [caption for caption in captions for _ in range(seeds)]
    made = context.maker.make(repeated, list(range(seeds)) * len(captions))
    memory, chart, neighbours = _memory(context)
    return PartResult(
        "diversity",
        "Variety, and memory",
        "Small models on small sets learn pictures by heart. Two questions: do seeds matter, and how near are "
        "generated pictures to training pictures?",
        (*_variety(deep_features(context.features(made)), seeds), *memory),
        (chart,),
        (),
        (_seeds_sheet(context, made, captions), neighbours),
    )


def _variety(features: np.ndarray, seeds: int) -> list[Kpi]:
    """Of `features` (prompts * seeds, d), a prompt's seeds together."""
    within, between = within_and_between(features, seeds)
    return [
        Kpi(
            "diversity_ratio",
            "Variety within a prompt",
            100 * within / between if between else 0.0,
            "%",
            f"How far apart {seeds} pictures of one prompt are, against pictures of different prompts. 0 % would be "
            "the same picture every time, 100 % would be pictures that ignore the prompt.",
            "Distance of EfficientNet-Lite0 features. More is not always better.",
            len(features) // seeds,
            headline=True,
        ),
        Kpi("distance_within", "Distance within a prompt", within, "", "Mean over pairs of seeds."),
        Kpi(
            "distance_between",
            "Distance between prompts",
            between,
            "",
            "Mean over pairs of pictures of different prompts.",
        ),
    ]


def _seeds_sheet(context: Context, made: np.ndarray, captions: list[str]) -> Sheet:
    seeds = context.options.seeds
    order = np.arange(len(made[: SHEET_PICTURES * seeds])).reshape(-1, seeds).T.flatten()  # a column a prompt
    return write_sheet(
        context.out,
        "seeds",
        None,
        made[order],
        [captions[i // seeds] for i in order],
        "One prompt, several seeds",
        "Each column is one prompt.",
        columns=max(1, len(order) // seeds),
    )


@dataclass(frozen=True)
class _Drawn:
    """Pictures of the captions of `rows` (n,), and of each the nearest training picture (n,) and its distance (n,)."""

    rows: np.ndarray
    nearest: np.ndarray
    distances: np.ndarray


def _memory(context: Context) -> tuple[list[Kpi], Chart, Sheet]:
    """Nearest training neighbours of generated pictures, against those of real pictures that were not trained."""
    train, lists = deep_features(np.asarray(context.views[0][context.pictures.train])), _lists(context)
    real = pairwise_distances(deep_features(np.asarray(context.views[0][np.array(lists[HELD_OUT])])), train).min(1)
    drawn = {name: _drawn(context, np.array(indices), train) for name, indices in lists.items()}
    kpis = []
    for name, of in drawn.items():
        kpis += [
            _nearer(name, of.distances, real),
            _copies(name, of.distances, real),
        ]
        if name != HELD_OUT:
            kpis.append(_recalled(name, context.pictures.train[of.nearest] == of.rows, len(train)))
    chart = Chart(
        "Median distance to the nearest training picture",
        "bars",
        ("untrained real pictures", *drawn),
        {"distance": [float(np.median(values)) for values in (real, *(of.distances for of in drawn.values()))]},
        "",
        "Shorter than the first bar: nearer to the training set than real unseen pictures are.",
    )
    last = list(drawn)[-1]
    return kpis, chart, _nearest_sheet(context, last, drawn[last])


def _lists(context: Context) -> dict[str, list[int]]:
    """Records whose captions are drawn, by the name of their list; the favourites where there are any."""
    curriculum, pictures = context.config.curriculum_c, context.pictures
    lists = {HELD_OUT: held_out_list(curriculum, pictures), TRAINING: training_list(curriculum, pictures)}
    favourites = favourites_list(curriculum, pictures)
    return {**lists, "favourite concepts": favourites} if favourites else lists


def _drawn(context: Context, indices: np.ndarray, train: np.ndarray) -> _Drawn:
    rows = indices[spread(len(indices), context.options.captions)]
    table = pairwise_distances(deep_features(context.features(generated_of(context, rows))), train)
    return _Drawn(rows, table.argmin(1), table.min(1))


def _copies(name: str, distances: np.ndarray, real: np.ndarray) -> Kpi:
    value, (low, high) = near_copies(distances, real)
    return Kpi(
        f"near_copies_{_key(name)}",
        f"Near copies, {name}",
        value,
        "%",
        f"The share of generated pictures nearer to a training picture than the nearest {COPY_PERCENTILE} % of "
        "untrained real "
        "pictures are.",
        f"{COPY_PERCENTILE} % would be what untrained real pictures show. Blur moves pictures away from all real ones, "
        "so copies may hide.",
        len(distances),
        low,
        high,
    )


def _recalled(name: str, own: np.ndarray, trained: int) -> Kpi:
    """`own`: (n,) whether the nearest training picture is the one with the caption that was drawn."""
    return share(
        f"recalled_{_key(name)}",
        f"Recalled, {name}",
        int(own.sum()),
        len(own),
        f"The share whose nearest of all {trained:,} training pictures is the very one that has this caption.",
        "High means learnt by heart: good likeness, little of its own.",
    )


def _nearest_sheet(context: Context, name: str, of: _Drawn) -> Sheet:
    pictures, closest = context.pictures, np.argsort(of.distances)[:SHEET_PICTURES]
    return write_sheet(
        context.out,
        "nearest",
        pictures.pixels[pictures.train[of.nearest[closest]]],
        generated_of(context, of.rows)[closest],
        [pictures.records[i].captions[0] for i in of.rows[closest]],
        "The generated pictures nearest to a training picture",
        f"Of {name}: the training picture above, the generated one below. The worst cases, not typical ones.",
    )


def _nearer(name: str, made: np.ndarray, real: np.ndarray) -> Kpi:
    """Probability that a generated picture lies nearer to the training set than an untrained real one."""
    value = 100 * float((made[:, None] < real[None]).mean())
    return Kpi(
        f"nearer_than_real_{_key(name)}",
        f"Nearer than untrained pictures, {name}",
        value,
        "%",
        "Of a generated and an untrained real picture, how often the generated one lies nearer to a training picture. "
        "50 % is "
        "as unseen as real.",
        "Above 50 % points to memory, below to pictures that look unlike real ones.",
        len(made),
    )


def _key(name: str) -> str:
    return {HELD_OUT: "held_out", TRAINING: "training"}.get(name, "favourites")


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0
