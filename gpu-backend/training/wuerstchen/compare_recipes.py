"""Which way of training Stage C learns most for its cost? Trains one Stage C by each recipe of
`wuerstchen.comparison.recipes` on the compact latents of the favourites, with the same steps, pictures and seeds.

Needs finished runs of the compressor and of Stages A and B. Ctrl-C stops; the same command goes on.
"""

import argparse

from wuerstchen.arguments import count
from wuerstchen.comparison.command import parser_of, run_comparison
from wuerstchen.comparison.prior import POINTS, Trial
from wuerstchen.comparison.recipes import RECIPES
from wuerstchen.comparison.recipes_page import Tried, recipes_part
from wuerstchen.comparison.spaces import compact_space
from wuerstchen.comparison.trials import Trials
from wuerstchen.evaluation.results import PartResult

EXAMPLES = """example:
  python -m wuerstchen.compare_recipes --config configs/emoji-128.toml --data data --out recipes --styles noto
"""
NAMES = tuple(recipe.name for recipe in RECIPES)


def parser() -> argparse.ArgumentParser:
    made = parser_of(__doc__, EXAMPLES, seeds=1, captions=100)
    made.add_argument("--recipes", default=",".join(NAMES), help="comma-separated; default: %(default)s")
    made.add_argument("--steps", type=count, default=1000, help="of each training, to a multiple of 8 (default 1000)")
    return made


def compare(asked: argparse.Namespace, trials: Trials) -> PartResult:
    """Raises ValueError or OSError where configuration, data or runs do not do, StoppedError where a signal came."""
    names, config = asked.recipes.split(","), trials.config
    if unknown := [name for name in names if name not in NAMES]:
        raise ValueError(f"--recipes: {', '.join(unknown)} unknown; there are {', '.join(NAMES)}")
    space = compact_space(config, asked.runs / config.id)
    material, steps = trials.material(space), POINTS * max(1, asked.steps // POINTS)
    tried = {recipe.name: Tried(recipe, []) for recipe in RECIPES if recipe.name in names}
    for seed in range(asked.seeds):  # one of each first: a stopped comparison is then fair as far as it came
        for of in tried.values():
            trial = Trial(space, config.stage_c.patch, seed, steps, of.recipe)
            of.curves.append(trials.curve(trial, material))
    return recipes_part(list(tried.values()), steps, config.train_c.batch, len(trials.judge.asked))


def main() -> None:
    run_comparison("compare_recipes", "ways to train Stage C", parser().parse_args(), compare)


if __name__ == "__main__":
    main()
