"""Trainings that are compared, and their results, in one folder: what a stopped command has done is not done again."""

from pathlib import Path

import numpy as np
import torch

from wuerstchen.comparison.judge import Judge
from wuerstchen.comparison.prior import Material, Point, Trial, read_curve, trial_run
from wuerstchen.comparison.spaces import Space
from wuerstchen.config import Config, OptimiserConfig
from wuerstchen.evaluation.features import PictureFeatures
from wuerstchen.training.curriculum import favourite_pictures
from wuerstchen.training.data import PictureSet
from wuerstchen.training.loop import StageRun, train
from wuerstchen.training.reconstruction import picture_batch
from wuerstchen.training.sources import imagenet_weights, text_encoder_directory
from wuerstchen.training.text_states import text_states

BATCH = 64


class StoppedError(Exception):
    """A signal ended a training; its checkpoint is written."""


class Trials:
    """`captions`: drawn at each point of a training."""

    def __init__(self, config: Config, pictures: PictureSet, out: Path, captions: int) -> None:
        self.config, self.pictures, self.out = config, pictures, out
        self.judge = Judge(config, pictures, PictureFeatures(imagenet_weights()), captions)
        out.mkdir(parents=True, exist_ok=True)

    def material(self, space: Space) -> Material:
        """What trials of a space read: of the favourites alone, which are coded in seconds."""
        pictures = self.pictures
        favourites = favourite_pictures(self.config.curriculum_c, pictures)
        parts = np.array_split(favourites, -(-len(favourites) // BATCH))
        with torch.no_grad():
            latents = [space.encode(picture_batch(self.config, pictures, part)).float() for part in parts]
        captions = [pictures.records[i].captions for i in favourites]
        text = text_states(self.config, captions, self.out, text_encoder_directory())
        return Material(favourites, torch.cat(latents), text, self.judge)

    def curve(self, trial: Trial, material: Material) -> list[Point]:
        """Of a training that is run, or gone on with, first. Raises StoppedError."""
        plan = trial.plan(self.config.train_c)
        self.train(trial_run(self.config, trial, material, self.out), plan, self.out)
        return read_curve(self.out / f"{trial.name}.json")

    def train(self, run: StageRun, plan: OptimiserConfig, directory: Path) -> None:
        """Raises StoppedError where a signal ended it."""
        if not train(run, plan, directory):
            raise StoppedError(run.name)
