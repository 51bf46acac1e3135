"""For which size of pictures a data set was made."""

import json
import math
from pathlib import Path

from wuerstchen.training.records import REPORT, read_records

# Files of a set of squares, by their channels.
SQUARE_FILES = {4: "images.rgba", 3: "images.rgb"}


def made_side(directory: Path, pictures: int) -> int | None:
    """Pixels a side of the model that a set of so many pictures was prepared for: by its report, else by the size of
    its file of squares. None where neither says it.
    """
    try:
        side = json.loads((directory / REPORT).read_text(encoding="utf-8"))["settings"]["side"]
    except (OSError, ValueError, LookupError, TypeError):
        side = None
    if isinstance(side, int):
        return side
    for channels, name in SQUARE_FILES.items():
        if (directory / name).exists():
            size, picture = (directory / name).stat().st_size, pictures * channels
            side = math.isqrt(size // picture)
            return side if side and side**2 * picture == size else None
    return None


def check_side(directory: Path, pictures: int, side: int) -> None:
    """Raises ValueError where a set was prepared for pictures of another size than `side`; 0 is any."""
    made = made_side(directory, pictures)
    if side and made is not None and made != side:
        raise ValueError(
            f"{directory} was prepared for pictures of {made} pixels a side, and this model takes {side}: "
            "prepare it with --config of this model"
        )


def square_side(directory: Path) -> int:
    """Pixels a side of a set of squares; 0 for a set in several shapes. Raises as PictureSet where there is no set."""
    pictures = len(read_records(directory))
    for channels, name in SQUARE_FILES.items():
        if (directory / name).exists():
            size = (directory / name).stat().st_size
            return made_side(directory, pictures) or math.isqrt(size // (pictures * channels))
    return 0
