"""What changes a picture beside the networks: the scheduler of each half, and the numbers of its pipeline."""

from collections.abc import Sequence
from pathlib import Path

from wuerstchen.published.bundle.architectures import read_json
from wuerstchen.published.bundle.checkpoint_error import at
from wuerstchen.published.pipelines import PIXELS_PER_CELL, V2_LATENT_SCALE, V2_LATENT_SHIFT

SCHEDULER = "DDPMWuerstchenScheduler"
S_DEFAULT = 0.008
# Numbers of model_index.json, which are part of the graphs and of the manifest.
PIPELINE = {
    "latent_mean": V2_LATENT_SCALE,
    "latent_std": V2_LATENT_SHIFT,
    "resolution_multiple": PIXELS_PER_CELL,
    "latent_dim_scale": 10.67,
}


def read_schedule(prior: Path, decoder: Path) -> float:
    """The offset s of the cosine schedule, from both halves' scheduler_config.json: a bundle has one schedule.

    Raises CheckpointError for another class, a scaler, an offset that is none, and where the halves differ.
    """
    offsets = [_offset(path) for path in (prior, decoder)]
    if offsets[0] != offsets[1]:
        raise at(prior, f"s is {offsets[0]}, but {offsets[1]} in {decoder}; only one schedule for both is supported")
    return offsets[0]


def _offset(path: Path) -> float:
    config = read_json(path)
    named = config.get("_class_name") if isinstance(config, dict) else None
    if named != SCHEDULER:
        raise at(path, f"describes {named!r}; only {SCHEDULER} is supported")
    if config.get("scaler", 1.0) != 1.0:
        raise at(path, f"scaler is {config['scaler']}; only 1 is supported")
    offset = config.get("s", S_DEFAULT)
    if isinstance(offset, bool) or not isinstance(offset, int | float) or not 0 <= offset < 1:
        raise at(path, f"s is {offset!r}; it must be a number from 0, and below 1")
    return float(offset)


def read_pipelines(roots: Sequence[Path]) -> tuple[Path, ...]:
    """The model_index.json files of these folders. Raises CheckpointError for a number that is not the releases'."""
    files = [file for root in dict.fromkeys(roots) if (file := root / "model_index.json").is_file()]
    for file in files:
        config = read_json(file)
        for name, value in PIPELINE.items():
            if isinstance(config, dict) and config.get(name, value) != value:
                raise at(file, f"{name} is {config[name]}; only {value} is supported")
    return tuple(files)
