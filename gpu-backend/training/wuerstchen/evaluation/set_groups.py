"""Which groups of pictures there are, the set says, by two files beside its records.

`groups.json`: `{"region": {"north": ["label", …], "south": ["label", …]}, …}`: attributes, their groups, and the labels
that belong to each. `open.json`: `{"region": ["label", …], …}`: labels that leave an attribute open.
"""

import json
from pathlib import Path

from wuerstchen.utf8 import utf8_text

GROUPS_FILE, OPEN_FILE = "groups.json", "open.json"
Groups = dict[str, dict[str, list[str]]]
OpenLabels = dict[str, list[str]]


def groups_of(directory: Path, named: Path | None) -> Groups | None:
    """Of the file `named` by --groups, else of the set in `directory`; None where that has none. Raises ValueError
    where `named` is not there, or as `read_groups` does."""
    if named is not None and not named.exists():
        raise ValueError(f"--groups: {named} does not exist")
    return read_groups(named or directory / GROUPS_FILE)


def read_groups(path: Path) -> Groups | None:
    """None where there is no file. Raises ValueError where it is none of the form above."""
    if (groups := _read_json(path)) is None:
        return None
    fits = isinstance(groups, dict) and all(
        isinstance(of, dict) and all(_are_labels(labels) for labels in of.values()) for of in groups.values()
    )
    if not fits:
        raise ValueError(f'{path} must hold {{"attribute": {{"group": ["label", …]}}}}')
    return groups


def read_open(path: Path) -> OpenLabels:
    """Empty where there is no file. Raises ValueError as `read_groups` does."""
    of = _read_json(path)
    if of is None:
        return {}
    if not isinstance(of, dict) or not all(_are_labels(labels) for labels in of.values()):
        raise ValueError(f'{path} must hold {{"attribute": ["label", …]}}')
    return of


def _read_json(path: Path) -> object:
    """None where there is no file."""
    if not path.exists():
        return None
    text = utf8_text(path)
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}") from error


def _are_labels(labels: object) -> bool:
    return isinstance(labels, list) and all(isinstance(label, str) for label in labels)
