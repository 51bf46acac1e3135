import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import published_checkpoints
import pytest
from tiny_bundle import write_bundle

from wuerstchen.config import load_config
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.train import train_stage
from wuerstchen.training.data import PictureSet
from wuerstchen.training.rehearsal import rehearsal

CONFIGS = Path(__file__).parent.parent / "configs"


@pytest.fixture(scope="session")
def pictures_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty 64×64 pictures of coloured squares with captions, in the layout that datasets/emoji writes."""
    directory, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    colours = {"red": (220, 30, 30), "green": (20, 180, 60), "blue": (30, 60, 220), "black": (0, 0, 0)}
    images, records = [], []
    for number in range(40):
        name, colour = list(colours.items())[number % 4]
        image = np.full((64, 64, 3), 255, np.uint8)
        y, x = rng.integers(0, 32, 2)
        image[y : y + 32, x : x + 32] = colour
        images.append(image)
        label = f"{name} square {number}"
        record = {
            "id": f"squares/{number}",
            "licence": "MIT",
            "style": "flat",
            "label": label,
            "kind": "emoji",
            "weight": 1,
        }
        records.append(
            json.dumps({**record, "captions": [f"{label}, flat", f"flat {label}", label, f"{name} box, flat"]})
        )
    (directory / "images.rgb").write_bytes(np.stack(images).tobytes())
    (directory / "records.jsonl").write_text("\n".join(records) + "\n")
    return directory


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> tuple[PictureSet, Path]:
    """A data set of noise, and what every stage of the tiny configuration reads. Tests must not write there: see
    `fresh_runs`.
    """
    return rehearsal(load_config(CONFIGS / "tiny.toml"), tmp_path_factory.mktemp("rehearsal"))


@pytest.fixture
def fresh_runs(rehearsed: tuple[PictureSet, Path], tmp_path: Path) -> Path:
    """A copy of the rehearsed runs that a test may write to."""
    return Path(shutil.copytree(rehearsed[1], tmp_path / "runs" / "tiny"))


def log_of(path: Path) -> list[tuple[int, dict[str, float]]]:
    """(step, figures) of a run's CSV, without the time of day."""
    rows = csv.reader(path.read_text().splitlines())
    return [
        (int(step), {key: float(value) for key, value in (cell.split("=") for cell in cells)})
        for step, _, *cells in rows
    ]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The servers' tiny bundle with Stage C as the code of today exports it. Tests must not write there."""
    return write_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="session")
def wide_alpha_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny configuration, for text states as wide as the real text encoder's."""
    path = tmp_path_factory.mktemp("config") / "tiny-alpha.toml"
    text = (CONFIGS / "tiny-alpha.toml").read_text(encoding="utf-8")
    wide = text.replace("tokens_max = 16\nwidth = 32", "tokens_max = 16\nwidth = 384")
    assert wide != text
    path.write_text(wide, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def trained_alpha(pictures_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[PictureSet, Path]:
    """(pictures, folder of runs) with a compressor and Stages A and B of twelve steps."""
    config, runs = load_config(CONFIGS / "tiny-alpha.toml"), tmp_path_factory.mktemp("compared")
    pictures = PictureSet(pictures_directory, config.image_side)
    for stage in ("a", "compressor", "b"):
        assert train_stage(stage, config, pictures, runs / config.id)
    return pictures, runs


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Path]]:
    """The decoder's and the prior's folder of a family, saved once. Tests must not write there: see `copied`."""
    folder = tmp_path_factory.mktemp("saved")

    def of(family: str) -> tuple[Path, Path]:
        folders = folder / family, folder / f"{family}-prior"
        return folders if folders[0].exists() else published_checkpoints.save(family, folder)

    return of


@pytest.fixture
def copied(saved: Callable[[str], tuple[Path, Path]], tmp_path: Path) -> tuple[Path, Path]:
    """Folders of v2 that a test may damage."""
    decoder, prior = (Path(shutil.copytree(folder, tmp_path / folder.name)) for folder in saved("v2"))
    return decoder, prior
