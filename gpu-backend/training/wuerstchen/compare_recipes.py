"""Which way of training Stage C learns most for its cost? Trains one Stage C by each recipe of
`wuerstchen.comparison.recipes` on the compact latents of the favourites, with the same steps, pictures and seeds.

Needs finished runs of the compressor and of Stages A and B. Ctrl-C stops; the same command goes on.
"""

import argparse
import time
from pathlib import Path

import torch

from wuerstchen.arguments import count
from wuerstchen.comparison.prior import POINTS, Trial
from wuerstchen.comparison.recipes import RECIPES
from wuerstchen.comparison.recipes_page import Tried, recipes_part
from wuerstchen.comparison.spaces import compact_space
from wuerstchen.comparison.trials import StoppedError, Trials, add_styles, with_styles
from wuerstchen.config import load_config
from wuerstchen.evaluation.report import write_report
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import end_stopped, ends_when_stopped
from wuerstchen.training.data import PictureSet

EXAMPLES = """example:
  python -m wuerstchen.compare_recipes --config configs/emoji-128.toml --data data --out recipes --styles noto
"""
NAMES = tuple(recipe.name for recipe in RECIPES)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--config", type=Path, required=True, help="TOML file of the model")
    made.add_argument("--data", type=Path, default=Path("data"), help="folder of the data set; default: data")
    made.add_argument("--runs", type=Path, default=Path("runs"), help="folder of finished runs; default: runs")
    made.add_argument("--out", type=Path, required=True, help="folder for trainings and report.html")
    made.add_argument("--recipes", default=",".join(NAMES), help="comma-separated; default: %(default)s")
    made.add_argument("--steps", type=count, default=1000, help="of each training, to a multiple of 8 (default 1000)")
    made.add_argument("--seeds", type=count, default=1, help="trainings of each recipe (default 1)")
    made.add_argument("--captions", type=count, default=100, help="drawn at each of 8 points (default 100)")
    add_styles(made)
    made.add_argument("--threads", type=count, help="CPU threads; default: all")
    return made


def run(asked: argparse.Namespace) -> None:
    """Raises ValueError or OSError where configuration, data or runs do not do, StoppedError where a signal came."""
    names = asked.recipes.split(",")
    if unknown := [name for name in names if name not in NAMES]:
        raise ValueError(f"--recipes: {', '.join(unknown)} unknown; there are {', '.join(NAMES)}")
    config = with_styles(load_config(asked.config), asked.styles)
    pictures = PictureSet(asked.data, config.image_side)
    trials = Trials(config, pictures, asked.out, asked.captions)
    space = compact_space(config, asked.runs / config.id)
    material, steps = trials.material(space), POINTS * max(1, asked.steps // POINTS)
    tried = {recipe.name: Tried(recipe, []) for recipe in RECIPES if recipe.name in names}
    for seed in range(asked.seeds):  # one of each first: a stopped comparison is then fair as far as it came
        for of in tried.values():
            trial = Trial(space, config.stage_c.patch, seed, steps, of.recipe)
            of.curves.append(trials.curve(trial, material))
    part = recipes_part(list(tried.values()), steps, config.train_c.batch, len(trials.judge.asked))
    facts = f"{len(pictures.records):,} pictures. Written {time.strftime('%Y-%m-%d')}."
    write_report(asked.out, f"{config.name}: ways to train Stage C", facts, [part])
    print(asked.out / "report.html")


def main() -> None:
    asked = parser().parse_args()
    if asked.threads is not None:
        torch.set_num_threads(asked.threads)
    with ends_when_stopped("compare_recipes: stopped; the same command goes on"), plain_errors("compare_recipes"):
        try:
            run(asked)
        except StoppedError as stopped:
            end_stopped(f"{stopped}: stopped, checkpoint written; the same command goes on from it")


if __name__ == "__main__":
    main()
