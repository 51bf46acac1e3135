"""The stages of a configuration: what each reads of those before it, and what it will cost."""

import dataclasses
import tempfile
from pathlib import Path

import torch

from wuerstchen.config import Config, CurriculumConfig, OptimiserConfig
from wuerstchen.training.compressor import compressor_run
from wuerstchen.training.data import PictureSet
from wuerstchen.training.distributed import first_process_first
from wuerstchen.training.estimate import Estimate, estimate
from wuerstchen.training.loop import StageRun
from wuerstchen.training.precompute import compact_latents, recoloured_latents, stage_a_latents
from wuerstchen.training.previewer import previewer_run
from wuerstchen.training.rehearsal import rehearsal
from wuerstchen.training.sources import imagenet_weights, text_encoder_directory
from wuerstchen.training.stage_a import stage_a_run
from wuerstchen.training.stage_b import stage_b_run
from wuerstchen.training.stage_b_frozen import frozen_stage_b_run
from wuerstchen.training.stage_c import stage_c_run
from wuerstchen.training.text_states import text_states
from wuerstchen.training.trainer import Trainer

# What each stage's files in RUNS are called.
RUN_NAMES = {"a": "stage-a", "compressor": "compressor", "b": "stage-b", "c": "stage-c", "previewer": "previewer"}
STAGES = tuple(RUN_NAMES)


def stage_run(stage: str, config: Config, pictures: PictureSet, runs: Path) -> tuple[StageRun, OptimiserConfig]:
    """A stage and its plan; computes first what the stage reads of the stages before it."""
    with first_process_first():
        torch.manual_seed(config.seed)  # initialisation; every step draws its own randomness
        if stage == "a":
            return stage_a_run(config, pictures, imagenet_weights(), runs), config.train_a
        if stage == "compressor":
            return compressor_run(config, pictures, imagenet_weights(), runs), config.train_compressor
        if stage == "b" and config.compressor is not None:
            return frozen_stage_b_run(config, pictures, imagenet_weights(), runs), config.train_b
        if stage == "b":
            latents = stage_a_latents(config, pictures, runs)
            return stage_b_run(config, pictures, latents, imagenet_weights(), runs), config.train_b
        latents = compact_latents(config, pictures, runs)
        if stage == "previewer":
            return previewer_run(config, pictures, latents, runs), config.train_previewer
        recoloured = recoloured_latents(config, pictures, runs)
        captions = [*[record.texts for record in pictures.records], *[item.captions for item in recoloured.items]]
        text = text_states(config, captions, runs, text_encoder_directory())
        return stage_c_run(config, pictures, latents, recoloured, text, runs), config.train_c


def stages_of(config: Config) -> tuple[str, ...]:
    """In the order of their training. Not every configuration has a previewer, or a compressor with a stage of its
    own.
    """
    return tuple(stage for stage in STAGES if getattr(config, f"train_{stage}") is not None)


def estimates(stages: tuple[str, ...], config: Config) -> list[Estimate]:
    """Rehearses each stage on noise, in a folder that is gone afterwards. Noise has no concepts, hence no
    curriculum.
    """
    anything = CurriculumConfig(from_step=0, share=0.0, styles=(), concepts=())
    config = dataclasses.replace(config, compile=False, recolour_c=None, curriculum_c=anything)
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        pictures, runs = rehearsal(config, Path(folder))
        for stage in stages:
            run, plan = stage_run(stage, config, pictures, runs)
            measured.append(estimate(Trainer(run, plan, runs, "ddp"), plan))
    return measured
