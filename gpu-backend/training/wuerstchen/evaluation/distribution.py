"""How like the crowd of real pictures the crowd of generated ones is: FID and KID on EfficientNet-Lite0 features.

One half of the training pictures is the reference. The other half gives the captions, so its real pictures are the floor: what two
samples of the same pictures give each other.
"""

import numpy as np

from wuerstchen.evaluation.context import Context
from wuerstchen.evaluation.features import deep_features
from wuerstchen.evaluation.lists import weighted_order
from wuerstchen.evaluation.results import Chart, Kpi, PartResult

KID_SUBSETS, KID_SUBSET_SIZE = 50, 200
NOT_INCEPTION = "EfficientNet-Lite0 features, not Inception: never compare it with published FIDs. It falls as the sample grows."


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


def kernel_distance(x: np.ndarray, y: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """KID (Bińkowski et al. 2018): unbiased squared MMD with the kernel (x·y / d + 1)³, mean over subsets, and its standard error."""
    rng, size = np.random.default_rng(seed), min(KID_SUBSET_SIZE, len(x), len(y))
    values = [
        squared_mmd(x[rng.choice(len(x), size, replace=False)], y[rng.choice(len(y), size, replace=False)]) for _ in range(KID_SUBSETS)
    ]
    return float(np.mean(values)), float(np.std(values) / np.sqrt(KID_SUBSETS))


def squared_mmd(x: np.ndarray, y: np.ndarray) -> float:
    """Unbiased estimate for (n, d) and (n, d); it may be a little below 0."""
    count = len(x)

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a @ b.T / x.shape[1] + 1) ** 3

    xx, yy, xy = kernel(x, x), kernel(y, y), kernel(x, y)
    pairs = count * (count - 1)
    return float((xx.sum() - np.trace(xx)) / pairs + (yy.sum() - np.trace(yy)) / pairs - 2 * xy.mean())


def run(context: Context) -> PartResult:
    order = weighted_order(context.pictures, context.pictures.train)
    size = min(context.options.samples, len(order) // 2)
    rows = {"training": np.array(order[:size]), "held-out": np.array(weighted_order(context.pictures, context.pictures.held_out)[:size])}
    reference = deep_features(context.views[0][np.array(order[size : 2 * size])])
    figures = {name: _figures(context, indices, reference) for name, indices in rows.items()}
    kpis = [_kpi(name, kind, *values, len(rows[name])) for name, kinds in figures.items() for kind, values in kinds.items()]
    kinds = list(figures["training"])
    chart = Chart(
        "KID against real pictures",
        "bars",
        tuple(kinds),
        {f"{name} captions": [1000 * figures[name][kind][1] for kind in kinds] for name in rows},
        "×10⁻³",
        "0 is indistinguishable from real pictures, as a crowd. The middle bar is what the decoder costs; the rest of the "
        "last is the text stage.",
    )
    return PartResult(
        "distribution",
        "Likeness to real pictures, as a crowd",
        f"Features of generated pictures against those of {size:,} other real ones. Single pictures are not compared: a model "
        "that draws good "
        "apples for every prompt would fail here, and so would one that draws all prompts blurred.",
        tuple(kpi for pair in kpis for kpi in pair),
        (chart,),
    )


def _figures(context: Context, indices: np.ndarray, reference: np.ndarray) -> dict[str, tuple[float, float, float]]:
    """(FID, KID, standard error of KID) of real, reconstructed and generated pictures of the same captions."""
    crowds = {
        "real": np.asarray(context.views[0][indices]),
        "reconstructed": context.features(context.maker.reconstruct(context.pictures, indices)),
        "generated": context.features(context.maker.make_for([context.pictures.records[i] for i in indices])),
    }
    deep = {kind: deep_features(features) for kind, features in crowds.items()}
    return {kind: (frechet_distance(x, reference), *kernel_distance(x, reference)) for kind, x in deep.items()}


_MEANING = {
    "real": "The floor: other real pictures against real pictures.",
    "reconstructed": "Real pictures after compressor, Stage B and Stage A: what Stage C could give at best.",
    "generated": "Pictures made from the captions alone.",
}


def _kpi(name: str, kind: str, fid: float, kid: float, error: float, count: int) -> tuple[Kpi, Kpi]:
    key, label = f"{name.replace('-', '_')}_{kind}", f"{kind}, {name} captions"
    shown = name == "training" and kind == "generated"
    return (
        Kpi(f"fid_{key}", f"FID, {label}", fid, "", f"{_MEANING[kind]} Lower is better.", NOT_INCEPTION, count, headline=shown),
        Kpi(
            f"kid_{key}",
            f"KID, {label}",
            1000 * kid,
            "×10⁻³",
            f"{_MEANING[kind]} 0 is as good as real.",
            "EfficientNet-Lite0 features. Unlike FID it does not depend on the number of pictures.",
            count,
            1000 * (kid - 1.96 * error),
            1000 * (kid + 1.96 * error),
        ),
    )
