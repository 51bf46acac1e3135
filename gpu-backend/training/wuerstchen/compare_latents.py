"""Does a compact latent save training? Trains the same Stage C on the compact latent, on an autoencoder's at an eighth
of the side, and on Stage A's at a quarter, with the same arithmetic, and reports quality against cost.

Needs finished runs of the compressor and of Stages A and B. Trains the other autoencoder itself. Ctrl-C stops; the same
command goes on.
"""

import argparse
from pathlib import Path

from wuerstchen.arguments import count
from wuerstchen.comparison.command import parser_of, run_comparison
from wuerstchen.comparison.page import Compared, comparison_part
from wuerstchen.comparison.prior import POINTS, Material, Trial, step_flops
from wuerstchen.comparison.spaces import Space, eighth_config, spaces_of
from wuerstchen.comparison.trials import Trials
from wuerstchen.evaluation.results import PartResult
from wuerstchen.training.compressor import compressor_run
from wuerstchen.training.sources import imagenet_weights
from wuerstchen.training.stages import estimates

EXAMPLES = """example:
  python -m wuerstchen.compare_latents --config configs/emoji-128.toml --data data --out comparison
"""
CAPTIONS, SEEDS = 200, 3
# Of the budget, for each patch size before one is chosen.
PROBE_SHARE = 0.5


class Comparison:
    """Of kinds of latent. `runs`: finished ones of the compressor and of Stages A and B; `autoencoder_steps`: of the
    autoencoder that is trained here, None for as many as the compressor's.
    """

    def __init__(self, trials: Trials, runs: Path, autoencoder_steps: int | None = None) -> None:
        self.trials, self.config, self.runs = trials, trials.config, runs
        self.eighth = eighth_config(self.config, autoencoder_steps)

    def compare(self, steps: int, seeds: int) -> list[Compared]:
        """`steps`: of the compact latent at the configuration's patch; all get the arithmetic of these."""
        eighth, eighth_runs = self.eighth, self.trials.out / "f8"
        autoencoder = compressor_run(eighth, self.trials.pictures, imagenet_weights(), eighth_runs)
        self.trials.train(autoencoder, eighth.train_compressor, eighth_runs)
        spaces = spaces_of(self.config, self.runs, eighth, eighth_runs)
        budget = steps * step_flops(self.config, Trial(spaces[0], self.config.stage_c.patch, 0, 1))
        return [self._compared(space, budget, seeds) for space in spaces]

    def _compared(self, space: Space, budget: float, seeds: int) -> Compared:
        material = self.trials.material(space)
        patch = self._best_patch(space, budget * PROBE_SHARE, material)
        trials = [self._trial(space, patch, seed, budget) for seed in range(seeds)]
        curves = [self.trials.curve(trial, material) for trial in trials]
        coding = sum(e.flops_step * e.steps for of, stage in space.coding for e in estimates((stage,), of))
        return Compared(trials, curves, coding)

    def _best_patch(self, space: Space, budget: float, material: Material) -> int:
        """The one whose pictures are recognised most often after a part of the budget."""
        probes = [self._trial(space, patch, 0, budget, points=1) for patch in space.patches(self.config.image_side)]
        if len(probes) == 1:
            return probes[0].patch
        last = {probe.patch: self.trials.curve(probe, material)[-1] for probe in probes}
        return max(last, key=lambda patch: (last[patch].recognised, -last[patch].fid))

    def _trial(self, space: Space, patch: int, seed: int, budget: float, points: int = POINTS) -> Trial:
        flops = step_flops(self.config, Trial(space, patch, seed, 1))
        return Trial(space, patch, seed, POINTS * max(1, round(budget / flops / POINTS)), points=points)


def parser() -> argparse.ArgumentParser:
    made = parser_of(__doc__, EXAMPLES, SEEDS, CAPTIONS)
    made.add_argument(
        "--steps",
        type=count,
        default=1000,
        help="of Stage C on the compact latent; the others take as much arithmetic, to a multiple of 8 steps",
    )
    made.add_argument(
        "--autoencoder-steps",
        type=count,
        help="of the autoencoder at an eighth of the side; default: as many as the compressor's",
    )
    return made


def compare(asked: argparse.Namespace, trials: Trials) -> PartResult:
    """Raises ValueError or OSError where configuration, data or runs do not do, StoppedError where a signal came."""
    compared = Comparison(trials, asked.runs / trials.config.id, asked.autoencoder_steps).compare(
        asked.steps, asked.seeds
    )
    return comparison_part(compared, trials.config.image_side, len(trials.judge.asked))


def main() -> None:
    run_comparison("compare_latents", "does a compact latent save training?", parser().parse_args(), compare)


if __name__ == "__main__":
    main()
