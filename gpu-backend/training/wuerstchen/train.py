"""Trains the stages from their last checkpoints: A, compressor, B, C, previewer. Ctrl-C stops after a step; the
same command goes on.
"""

import argparse
import dataclasses
import subprocess
import sys
from pathlib import Path
from time import monotonic

import torch
from rich.console import Console

from wuerstchen.arguments import count
from wuerstchen.config import Config, load_config
from wuerstchen.export.bundle_language import take_language
from wuerstchen.finetuning.start import begin_from, finished_weights, take_missing
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import end_stopped, ends_when_stopped
from wuerstchen.training.budget import SHARES, Budget, in_steps
from wuerstchen.training.data import PictureSet
from wuerstchen.training.distributed import connected, first_process_first, from_first, rank
from wuerstchen.training.estimate import MEASURED_STEPS, table
from wuerstchen.training.inputs import inputs_of
from wuerstchen.training.loop import train
from wuerstchen.training.parallel import Parallel
from wuerstchen.training.stages import RUN_NAMES, STAGES, estimates, stage_run, stages_of
from wuerstchen.training.trainer import Trainer

EMOJI_BUILDER = Path(__file__).parent.parent / "datasets" / "emoji"
EXAMPLES = """examples:
  python -m wuerstchen.train --config configs/emoji-128.toml --prepare emoji    build the data set, then all stages
  python -m wuerstchen.train --config configs/emoji-128.toml --dry-run                what it will cost
  python -m wuerstchen.train --config configs/emoji-128.toml --stage c --steps 9000   one stage, to another end
  python -m wuerstchen.train --config configs/emoji-128.toml --budget-minutes 30      all stages within a time
  torchrun --nproc-per-node 8 -m wuerstchen.train --config configs/emoji-128.toml --parallel fsdp
  tensorboard --logdir runs/emoji-128/tensorboard
"""


def train_stage(
    stage: str,
    config: Config,
    pictures: PictureSet,
    runs: Path,
    parallel: Parallel = "ddp",
    start_from: Path | None = None,
) -> bool:
    """Trains one stage to its end. Returns False where a signal stopped it; the same call goes on from there.

    A run that has no checkpoint begins from the weights of the bundle `start_from`, else from random ones. Other runs
    that are missing come from it too, where it has float weights.
    """
    if start_from is not None:
        with first_process_first():
            if (taken := take_missing(start_from, RUN_NAMES[stage], runs)) and rank() == 0:
                print(f"of the bundle, since {runs} lacks them: {', '.join(taken)}")
            if (rows := take_language(start_from, runs)) and rank() == 0:
                print(f"of the bundle's further language: {rows:,} words, which an export of {runs} reads too")
    run, plan = stage_run(stage, config, pictures, runs)
    run = dataclasses.replace(run, inputs=inputs_of(stage, config, pictures, runs))
    if start_from is not None and not (runs / f"{run.name}.checkpoint.pt").exists():
        taken = begin_from(finished_weights(start_from, run.name), run.modules)
        if rank() == 0:
            print(f"stage {stage}: {taken}")
    return train(run, plan, runs, parallel)


def train_within(
    budget: Budget, stage: str, config: Config, pictures: PictureSet, runs: Path, parallel: Parallel = "ddp"
) -> bool:
    """As `train_stage`, for as many steps as the budget has time for. The first call measures; later ones go on
    with what it found.
    """
    started = monotonic()
    if stage not in budget.steps:
        step_seconds, prepared = _measured(stage, config, pictures, runs, parallel)
        budget.begin(stage, prepared, step_seconds)
        started = monotonic()
    if rank() == 0:
        print(f"stage {stage}: {budget.steps[stage]} steps in about {budget.seconds_for(stage) / 60:.1f} minutes")
    try:
        return train_stage(stage, in_steps(config, stage, budget.steps[stage]), pictures, runs, parallel)
    finally:
        budget.spend(stage, monotonic() - started)


def _measured(stage: str, config: Config, pictures: PictureSet, runs: Path, parallel: Parallel) -> tuple[float, float]:
    """Seconds of a step, and of all that comes before the first one: what the stage reads, compiling. Weights are
    thrown away.
    """
    started = monotonic()
    run, plan = stage_run(stage, config, pictures, runs)
    trainer = Trainer(run, plan, runs, parallel)
    trainer.advance(print)
    first = monotonic()
    for _ in range(MEASURED_STEPS):
        trainer.advance(print)
    found = torch.tensor([(monotonic() - first) / MEASURED_STEPS, monotonic() - started], dtype=torch.float64)
    step, prepared = from_first(found).tolist()  # all processes take the same number of steps
    return step, prepared


def with_steps(config: Config, stage: str, steps: int | None) -> Config:
    """`--steps` moves the end of a run, and with it the learning-rate decay, for a run that is going on already."""
    if steps is None:
        return config
    plan = getattr(config, f"train_{stage}")
    return dataclasses.replace(config, **{f"train_{stage}": dataclasses.replace(plan, steps=steps)})


def prepare(source: str, data: Path, config: Path) -> None:
    """Builds the data set where there is none. Raises CalledProcessError, after the builder's own message, where
    that fails.
    """
    if (data / "records.jsonl").exists():
        return
    if source == "emoji":
        subprocess.run(["npm", "ci"], cwd=EMOJI_BUILDER, check=True)
        subprocess.run(["npm", "run", "build", "--", "--out", str(data.resolve())], cwd=EMOJI_BUILDER, check=True)
    else:
        subprocess.run(
            [sys.executable, "-m", "wuerstchen.prepare", "--from", source, "--out", data, "--config", config],
            check=True,
        )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, required=True, help="TOML file, see configs/")
    parser.add_argument("--stage", choices=[*STAGES, "all"], default="all", help="default: all, one after the other")
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the data set; default: data")
    parser.add_argument(
        "--prepare",
        metavar="SOURCE",
        help="where --data holds no set, build it: `emoji`, or a folder of your own pictures",
    )
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), help="folder for checkpoints, logs and contact sheets; default: runs"
    )
    parser.add_argument(
        "--steps", type=count, help="end after this many steps instead of the configured number (one stage only)"
    )
    shares = ", ".join(f"{stage} {share:.0%}" for stage, share in SHARES.items())
    parser.add_argument(
        "--budget-minutes",
        type=float,
        help=f"train all stages in this time, of what is left: {shares.replace('%', ' per cent')}",
    )
    parser.add_argument(
        "--parallel",
        choices=["ddp", "fsdp"],
        default="ddp",
        help="under torchrun: copy the weights (default) or shard them",
    )
    parser.add_argument(
        "--start-from",
        type=Path,
        metavar="BUNDLE",
        help="begin from the weights of a finished bundle, where names and shapes fit (one stage only)",
    )
    parser.add_argument("--threads", type=count, help="CPU threads; default: all")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print parameters, FLOP, memory and hours, measured on noise; train nothing",
    )
    parsed = parser.parse_args()
    if parsed.steps is not None and parsed.stage == "all":
        parser.error("--steps needs one --stage")
    if parsed.start_from is not None and parsed.stage == "all":
        parser.error("--start-from needs one --stage")
    if parsed.budget_minutes is not None and (parsed.stage != "all" or not 0 < parsed.budget_minutes < 1e6):
        parser.error("--budget-minutes is a time above 0 for all stages: leave --stage out")
    return parsed


def train_all(asked: argparse.Namespace) -> None:
    """Prepares where asked to and trains the asked stages. Ends the process with status 130 where a signal stopped
    it.
    """
    config = load_config(asked.config)
    if asked.stage != "all" and asked.stage not in stages_of(config):
        raise ValueError(f"--stage {asked.stage}: {asked.config} has no section train_{asked.stage}")
    config = with_steps(config, asked.stage, asked.steps)
    stages = stages_of(config) if asked.stage == "all" else (asked.stage,)
    if asked.dry_run:
        Console().print(table(estimates(stages, config)))
        return
    if asked.parallel == "fsdp":
        config = dataclasses.replace(
            config, compile=False
        )  # compiled graphs would skip the hooks that gather a block's shards
    with connected():
        with first_process_first():
            if asked.prepare and rank() == 0:
                prepare(asked.prepare, asked.data, asked.config)
        pictures = PictureSet(asked.data, config.image_side)
        runs = asked.runs / config.id
        budget = None if asked.budget_minutes is None else Budget(runs, asked.budget_minutes, stages)
        for stage in stages:
            more = (stage, config, pictures, runs, asked.parallel)
            if not (train_stage(*more, asked.start_from) if budget is None else train_within(budget, *more)):
                end_stopped(f"stage {stage}: stopped, checkpoint written; the same command goes on from it")


def main() -> None:
    asked = arguments()
    if asked.threads is not None:
        torch.set_num_threads(asked.threads)
    with ends_when_stopped("train: stopped; the same command goes on"), plain_errors("train"):
        try:
            train_all(asked)
        except subprocess.CalledProcessError as error:
            # The builder said why. A negative status is the signal that ended it.
            sys.exit(error.returncode if error.returncode > 0 else 128 - error.returncode)


if __name__ == "__main__":
    main()
