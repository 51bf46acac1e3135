"""Does a compact latent save training? Trains the same Stage C on the compact latent, on an autoencoder's at an eighth
of the side, and on Stage A's at a quarter, with the same arithmetic, and reports quality against cost.

Needs finished runs of the compressor and of Stages A and B. Trains the other autoencoder itself. Ctrl-C stops; the same
command goes on.
"""

import argparse
import dataclasses
import time
from pathlib import Path

import torch

from wuerstchen.arguments import count
from wuerstchen.comparison.judge import Judge
from wuerstchen.comparison.page import Compared, comparison_part
from wuerstchen.comparison.prior import POINTS, Material, Trial, read_curve, step_flops, trial_run
from wuerstchen.comparison.spaces import Space, eighth_config, spaces_of
from wuerstchen.config import Config, load_config
from wuerstchen.evaluation.features import PictureFeatures
from wuerstchen.evaluation.report import write_report
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import end_stopped, ends_when_stopped
from wuerstchen.training.compressor import compressor_run
from wuerstchen.training.data import PictureSet
from wuerstchen.training.loop import StageRun, train
from wuerstchen.training.precompute import map_pictures
from wuerstchen.training.sources import imagenet_weights, text_encoder_directory
from wuerstchen.training.stages import estimates
from wuerstchen.training.text_states import text_states

EXAMPLES = """example:
  python -m wuerstchen.compare_latents --config configs/emoji-128.toml --data data --out comparison
"""
CAPTIONS, SEEDS = 200, 3
# Of the budget, for each patch size before one is chosen.
PROBE_SHARE = 0.25


class StoppedError(Exception):
    """A signal ended a training; its checkpoint is written."""


class Comparison:
    """Trainings and their results lie in OUT."""

    def __init__(self, config: Config, pictures: PictureSet, runs: Path, out: Path, captions: int) -> None:
        self.config, self.pictures, self.runs, self.out = config, pictures, runs, out
        self.judge = Judge(config, pictures, PictureFeatures(imagenet_weights()), captions)
        out.mkdir(parents=True, exist_ok=True)

    def compare(self, steps: int, seeds: int) -> list[Compared]:
        """`steps`: of the compact latent at the configuration's patch; all get the arithmetic of these."""
        eighth, eighth_runs = eighth_config(self.config), self.out / "f8"
        self._train(compressor_run(eighth, self.pictures, imagenet_weights(), eighth_runs), eighth, eighth_runs)
        spaces = spaces_of(self.config, self.runs, eighth_runs)
        budget = steps * step_flops(self.config, Trial(spaces[0], self.config.stage_c.patch, 0, 1))
        return [self._compared(space, budget, seeds) for space in spaces]

    def _compared(self, space: Space, budget: float, seeds: int) -> Compared:
        stem = self.out / f"{space.name}-latents"
        latents = map_pictures(self.pictures, stem, space.encode, space.digest, self.config.picture_channels)
        captions = [record.captions for record in self.pictures.records]
        text = text_states(self.config, captions, self.out, text_encoder_directory())
        material = Material(self.pictures, latents, text, self.judge)
        patch = self._best_patch(space, budget * PROBE_SHARE, material)
        trials = [self._trial(space, patch, seed, budget) for seed in range(seeds)]
        for trial in trials:
            self._try(trial, material)
        coding = sum(e.flops_step * e.steps for of, stage in space.coding for e in estimates((stage,), of))
        return Compared(trials, [read_curve(self.out / f"{trial.name}.json") for trial in trials], coding)

    def _best_patch(self, space: Space, budget: float, material: Material) -> int:
        """The one whose pictures are recognised most often after a part of the budget."""
        probes = [self._trial(space, patch, 0, budget) for patch in space.patches(self.config.image_side)]
        if len(probes) == 1:
            return probes[0].patch
        for probe in probes:
            self._try(probe, material)
        last = {probe.patch: read_curve(self.out / f"{probe.name}.json")[-1] for probe in probes}
        return max(last, key=lambda patch: (last[patch].recognised, -last[patch].fid))

    def _trial(self, space: Space, patch: int, seed: int, budget: float) -> Trial:
        flops = step_flops(self.config, Trial(space, patch, seed, 1))
        return Trial(space, patch, seed, POINTS * max(1, round(budget / flops / POINTS)))

    def _try(self, trial: Trial, material: Material) -> None:
        plan = dataclasses.replace(self.config, train_c=trial.plan(self.config.train_c))
        self._train(trial_run(self.config, trial, material, self.out), plan, self.out, "train_c")

    def _train(self, run: StageRun, config: Config, directory: Path, plan: str = "train_compressor") -> None:
        if not train(run, getattr(config, plan), directory):
            raise StoppedError(run.name)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--config", type=Path, required=True, help="TOML file with a [compressor] section")
    made.add_argument("--data", type=Path, default=Path("data"), help="folder of the data set; default: data")
    made.add_argument("--runs", type=Path, default=Path("runs"), help="folder of finished runs; default: runs")
    made.add_argument("--out", type=Path, required=True, help="folder for trainings and report.html")
    made.add_argument(
        "--steps",
        type=count,
        default=1000,
        help="of Stage C on the compact latent; the others take as much arithmetic, to a multiple of 8 steps",
    )
    made.add_argument("--seeds", type=count, default=SEEDS, help=f"trainings of each kind (default {SEEDS})")
    made.add_argument(
        "--captions", type=count, default=CAPTIONS, help=f"captions drawn at each of 8 points (default {CAPTIONS})"
    )
    made.add_argument("--threads", type=count, help="CPU threads; default: all")
    return made


def run(asked: argparse.Namespace) -> None:
    """Raises ValueError or OSError where configuration, data or runs do not do, StoppedError where a signal came."""
    config = load_config(asked.config)
    pictures = PictureSet(asked.data, config.image_side)
    comparison = Comparison(config, pictures, asked.runs / config.id, asked.out, asked.captions)
    compared = comparison.compare(asked.steps, asked.seeds)
    part = comparison_part(compared, config.image_side, len(comparison.judge.asked))
    facts = f"{len(pictures.records):,} pictures. Written {time.strftime('%Y-%m-%d')}."
    write_report(asked.out, f"{config.name}: does a compact latent save training?", facts, [part])
    print(asked.out / "report.html")


def main() -> None:
    asked = parser().parse_args()
    if asked.threads is not None:
        torch.set_num_threads(asked.threads)
    with ends_when_stopped("compare_latents: stopped; the same command goes on"), plain_errors("compare_latents"):
        try:
            run(asked)
        except StoppedError as stopped:
            end_stopped(f"{stopped}: stopped, checkpoint written; the same command goes on from it")


if __name__ == "__main__":
    main()
