"""Is a model equally good for all groups of pictures that the set names? See `evaluation/set_groups.py`."""

from collections.abc import Callable

import numpy as np

from wuerstchen.evaluation.set_groups import Groups
from wuerstchen.training.data import PictureSet

# Shares of fewer pictures differ by chance more than any model does.
PICTURES_MIN, PICTURES_MAX = 10, 24


def group_trials(
    groups: Groups, pictures: PictureSet, right: Callable[[np.ndarray], np.ndarray]
) -> dict[str, dict[str, np.ndarray]]:
    """(n,) whether each of a group's pictures is recognised, by attribute and group. Groups of few pictures are left
    out, and attributes with fewer than two groups; `right` maps picture numbers to (n,) booleans."""
    first: dict[str, int] = {}
    for index, record in enumerate(pictures.records):
        first.setdefault(record.label, index)
    trials: dict[str, dict[str, np.ndarray]] = {}
    for attribute, of in groups.items():
        members = {
            name: np.array([first[label] for label in labels if label in first][:PICTURES_MAX])
            for name, labels in of.items()
        }
        large = {name: indices for name, indices in members.items() if len(indices) >= PICTURES_MIN}
        if len(large) > 1:
            trials[attribute] = {name: right(indices) for name, indices in large.items()}
    return trials
