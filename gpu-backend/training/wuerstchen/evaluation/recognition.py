"""Whether drawn pictures show what was asked for, by the nearest of known pictures."""

import numpy as np


def recognised(made: np.ndarray, known: np.ndarray, labels: list[str], own: list[str] | None = None) -> np.ndarray:
    """(n,) whether the nearest of the `known` pictures (m, d), which are called `labels`, has the name that was asked
    for.

    `own`: the names asked for, one a row of `made` (n, d); the same as `labels` unless given."""
    centre, scale = known.mean(0), known.std(0) + 1e-6
    a, b = (made - centre) / scale, (known - centre) / scale
    a, b = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12) for x in (a, b))
    picked = (a @ b.T).argmax(1)
    return np.array([labels[k] == name for k, name in zip(picked, own or labels, strict=True)], bool)
