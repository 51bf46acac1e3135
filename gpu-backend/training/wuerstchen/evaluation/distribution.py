"""How like the crowd of real pictures the crowd of generated ones is: FID and KID on EfficientNet-Lite0 features.

One half of the training pictures is the reference. The other half gives the captions, so its real pictures are the
floor: what two samples of the same pictures give each other.
"""

import numpy as np

from wuerstchen.evaluation.context import Context
from wuerstchen.evaluation.features import deep_features
from wuerstchen.evaluation.intervals import Interval, kernel_distance_interval
from wuerstchen.evaluation.lists import weighted_order
from wuerstchen.evaluation.results import Chart, Kpi, PartResult

NOT_INCEPTION = (
    "EfficientNet-Lite0 features, not Inception: never compare it with published FIDs. It falls as the sample grows."
)


def frechet_distance(x: np.ndarray, y: np.ndarray) -> float:
    """FID (Heusel et al. 2017) of features (n, d) and (m, d): |mu_x - mu_y|² + tr(S_x + S_y - 2 (S_x S_y)^½)."""
    mean = np.square(x.mean(0) - y.mean(0)).sum()
    cov_x, cov_y = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = symmetric_root(cov_x)
    # tr (S_x S_y)^½ = tr (S_x^½ S_y S_x^½)^½, and the latter is symmetric.
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ cov_y @ root), 0, None)).sum()
    return float(mean + np.trace(cov_x) + np.trace(cov_y) - 2 * cross)


def symmetric_root(matrix: np.ndarray) -> np.ndarray:
    """Square root of a symmetric positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def run(context: Context) -> PartResult:
    order = weighted_order(context.pictures, context.pictures.train)
    size = min(context.options.samples, len(order) // 2)
    rows = {
        "training": np.array(order[:size]),
        "held-out": np.array(weighted_order(context.pictures, context.pictures.held_out)[:size]),
    }
    reference = deep_features(context.views[0][np.array(order[size : 2 * size])])
    figures = {name: _figures(context, indices, reference) for name, indices in rows.items()}
    kpis = [
        _kpi(name, kind, *values, len(rows[name])) for name, kinds in figures.items() for kind, values in kinds.items()
    ]
    kinds = list(figures["training"])
    chart = Chart(
        "KID against real pictures",
        "bars",
        tuple(kinds),
        {f"{name} captions": [1000 * figures[name][kind][1] for kind in kinds] for name in rows},
        "×10⁻³",
        "0 is indistinguishable from real pictures, as a crowd. The middle bar is what the decoder costs; the rest of "
        "the "
        "last is the text stage.",
    )
    return PartResult(
        "distribution",
        "Likeness to real pictures, as a crowd",
        f"Features of generated pictures against those of {size:,} other real ones. Single pictures are not compared: "
        "a model "
        "that draws good "
        "apples for every prompt would fail here, and so would one that draws all prompts blurred.",
        tuple(kpi for pair in kpis for kpi in pair),
        (chart,),
    )


def _figures(
    context: Context, indices: np.ndarray, reference: np.ndarray
) -> dict[str, tuple[float, float, Interval | None]]:
    """(FID, KID, range of KID) of real, reconstructed and generated pictures of the same captions."""
    crowds = {
        "real": np.asarray(context.views[0][indices]),
        "reconstructed": context.features(context.maker.reconstruct(context.pictures, indices)),
        "generated": context.features(context.maker.make_for([context.pictures.records[i] for i in indices])),
    }
    deep = {kind: deep_features(features) for kind, features in crowds.items()}
    return {kind: (frechet_distance(x, reference), *kernel_distance_interval(x, reference)) for kind, x in deep.items()}


_MEANING = {
    "real": "The floor: other real pictures against real pictures.",
    "reconstructed": "Real pictures after compressor, Stage B and Stage A: what Stage C could give at best.",
    "generated": "Pictures made from the captions alone.",
}


def _kpi(name: str, kind: str, fid: float, kid: float, between: Interval | None, count: int) -> tuple[Kpi, Kpi]:
    key, label = f"{name.replace('-', '_')}_{kind}", f"{kind}, {name} captions"
    shown = name == "training" and kind == "generated"
    return (
        Kpi(
            f"fid_{key}",
            f"FID, {label}",
            fid,
            "",
            f"{_MEANING[kind]} Lower is better.",
            NOT_INCEPTION,
            count,
            headline=shown,
        ),
        Kpi(
            f"kid_{key}",
            f"KID, {label}",
            1000 * kid,
            "×10⁻³",
            f"{_MEANING[kind]} 0 is as good as real.",
            "EfficientNet-Lite0 features. Unlike FID it does not depend on the number of pictures.",
            count,
            None if between is None else 1000 * between[0],
            None if between is None else 1000 * between[1],
        ),
    )
