"""What a stage learns from, by name, so that a run that goes on can say what has changed under it."""

import json
from pathlib import Path

from wuerstchen.config import Config
from wuerstchen.models.build import load_compressor, load_stage_a
from wuerstchen.models.weights_digest import weights_digest
from wuerstchen.training.cache import digest_of
from wuerstchen.training.data import PictureSet


def inputs_of(stage: str, config: Config, pictures: PictureSet, runs: Path) -> dict[str, str]:
    """Digests of the pictures, of the stages before and, for Stage C, of the captions."""
    inputs = {"pictures": digest_of(*pictures.digests.values())}
    if stage == "b":
        inputs["Stage A"] = weights_digest(load_stage_a(config, runs))
    if stage in ("c", "previewer") or (stage == "b" and config.compressor is not None):
        inputs["compressor"] = weights_digest(load_compressor(config, runs))
    if stage == "c":
        inputs["captions"] = digest_of(json.dumps([record.texts for record in pictures.records]))
    return inputs


def changed_inputs(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """Names of what is no longer what it was; what was not recorded, as by version 0.1, is left out."""
    return [name for name, digest in now.items() if before.get(name, digest) != digest]
