"""What a person can mend: a wrong folder, a damaged file, an option that does not fit."""

from pathlib import Path


class CheckpointError(Exception):
    """Shown as its message alone. It names the file and says what is wrong with it."""


def at(path: Path, what: str) -> CheckpointError:
    return CheckpointError(f"{path}: {what}")
