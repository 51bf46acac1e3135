"""Trains the stages in the order A, B, C: `python -m wuerstchen.train --config configs/emoji-128.toml --stage all`."""

import argparse
import dataclasses
from pathlib import Path

import torch

from wuerstchen.config import Config, load_config
from wuerstchen.training.data import PictureSet
from wuerstchen.training.loop import train
from wuerstchen.training.precompute import compact_latents, recoloured_latents, stage_a_latents, text_states
from wuerstchen.training.sources import imagenet_weights, text_encoder_directory
from wuerstchen.training.stage_a import stage_a_run
from wuerstchen.training.stage_b import stage_b_run
from wuerstchen.training.stage_c import stage_c_run

STAGES = ("a", "b", "c")


def train_stage(stage: str, config: Config, pictures: PictureSet, runs: Path) -> bool:
    """Trains one stage to its end. Returns False where a signal stopped it; the same call goes on from there."""
    torch.manual_seed(config.seed)  # initialisation; every step draws its own randomness
    if stage == "a":
        return train(stage_a_run(config, pictures, imagenet_weights(), runs), config.train_a, runs)
    if stage == "b":
        latents = stage_a_latents(config, pictures, runs)
        return train(stage_b_run(config, pictures, latents, imagenet_weights(), runs), config.train_b, runs)
    latents, recoloured = compact_latents(config, pictures, runs), recoloured_latents(config, pictures, runs)
    captions = [*[record.captions for record in pictures.records], *[item.captions for item in recoloured.items]]
    text = text_states(config, captions, runs, text_encoder_directory())
    return train(stage_c_run(config, pictures, latents, recoloured, text, runs), config.train_c, runs)


def with_steps(config: Config, stage: str, steps: int | None) -> Config:
    """`--steps` moves the end of a run, and with it the learning-rate decay, for a run that is going on already."""
    if steps is None:
        return config
    plan = getattr(config, f"train_{stage}")
    return dataclasses.replace(config, **{f"train_{stage}": dataclasses.replace(plan, steps=steps)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="TOML file, see configs/")
    parser.add_argument("--stage", choices=[*STAGES, "all"], default="all")
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder with images.rgb and records.jsonl")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder for checkpoints, logs and contact sheets")
    parser.add_argument("--steps", type=int, help="end after this many steps instead of the configured number (one stage only)")
    parser.add_argument("--threads", type=int, help="CPU threads; default: all")
    arguments = parser.parse_args()
    if arguments.steps is not None and arguments.stage == "all":
        parser.error("--steps needs one --stage")
    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    config = with_steps(load_config(arguments.config), arguments.stage, arguments.steps)
    pictures = PictureSet(arguments.data, config.image_side)
    runs = arguments.runs / config.id
    for stage in STAGES if arguments.stage == "all" else (arguments.stage,):
        if not train_stage(stage, config, pictures, runs):
            print(f"stage {stage}: stopped, checkpoint written; the same command goes on from it")
            return


if __name__ == "__main__":
    main()
