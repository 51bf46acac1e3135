"""Is a model equally good for all groups of pictures? Which groups there are, the set says: `groups.json` beside its
records.

`{"region": {"north": ["label", …], "south": ["label", …]}, …}`: attributes, their groups, and the labels that belong to
each.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from wuerstchen.training.data import PictureSet

GROUPS_FILE = "groups.json"
# Shares of fewer pictures differ by chance more than any model does.
PICTURES_MIN, PICTURES_MAX = 10, 24
Groups = dict[str, dict[str, list[str]]]


def read_groups(path: Path) -> Groups | None:
    """None where there is no file. Raises ValueError where it is none of the form above."""
    if not path.exists():
        return None
    try:
        groups = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    fits = isinstance(groups, dict) and all(
        isinstance(of, dict)
        and all(isinstance(labels, list) and all(isinstance(label, str) for label in labels) for labels in of.values())
        for of in groups.values()
    )
    if not fits:
        raise ValueError(f'{path} must hold {{"attribute": {{"group": ["label", …]}}}}')
    return groups


def group_shares(
    groups: Groups, pictures: PictureSet, right: Callable[[np.ndarray], np.ndarray]
) -> dict[str, dict[str, float]]:
    """Per cent of each group's pictures that are recognised, by attribute. Groups of few pictures are left out, and
    attributes with fewer than two groups; `right` maps picture numbers to (n,) booleans."""
    first: dict[str, int] = {}
    for index, record in enumerate(pictures.records):
        first.setdefault(record.label, index)
    shares: dict[str, dict[str, float]] = {}
    for attribute, of in groups.items():
        members = {
            name: np.array([first[label] for label in labels if label in first][:PICTURES_MAX])
            for name, labels in of.items()
        }
        large = {name: indices for name, indices in members.items() if len(indices) >= PICTURES_MIN}
        if len(large) > 1:
            shares[attribute] = {name: 100 * float(right(indices).mean()) for name, indices in large.items()}
    return shares
