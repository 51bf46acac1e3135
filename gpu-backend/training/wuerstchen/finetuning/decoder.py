"""Stage A's decoder and Stage B of a finished bundle, trained on with other pictures. Latents stay valid, and so
does Stage C.
"""

import dataclasses
from pathlib import Path

from wuerstchen.config import Config, OptimiserConfig
from wuerstchen.models.build import fill, load_state
from wuerstchen.training.data import PictureSet
from wuerstchen.training.estimate import estimate
from wuerstchen.training.loop import StageRun, train
from wuerstchen.training.precompute import stage_a_latents
from wuerstchen.training.sources import imagenet_weights
from wuerstchen.training.stage_a import stage_a_run
from wuerstchen.training.stage_b import stage_b_run
from wuerstchen.training.stage_b_frozen import frozen_stage_b_run
from wuerstchen.training.trainer import Trainer

# Of the rate of a training from nothing: what is there is to be kept.
RATE_SHARE = 0.3
EMA_DECAY = 0.99


def decoder_config(config: Config, steps: int, batch: int) -> Config:
    """Both stages with `steps`, the encoder, the codebook and the compressor frozen, and no discriminator."""

    def shorter(plan: OptimiserConfig) -> dict[str, int | float]:
        warm, rate = max(1, min(50, steps // 10)), RATE_SHARE * plan.learning_rate
        step = {
            "steps": steps,
            "batch": batch,
            "warmup_steps": warm,
            "decay_steps": steps // 4,
            "full_picture_steps": 0,
        }
        return {**step, "learning_rate": rate, "ema_decay": EMA_DECAY, "accumulate": 1}

    train_a = dataclasses.replace(config.train_a, **shorter(config.train_a), decoder_only=True, adversarial_weight=0.0)
    train_b = dataclasses.replace(config.train_b, **shorter(config.train_b), freeze_compressor=True)
    return dataclasses.replace(config, train_a=train_a, train_b=train_b, compile=False)


def decoder_seconds(config: Config, pictures: PictureSet, runs: Path, mask_floor: float) -> float:
    """What `train_decoder` will take here, from a few steps whose weights are thrown away."""
    stages = (
        (stage_a_run(config, pictures, imagenet_weights(), runs, mask_floor), config.train_a),
        (_stage_b(config, pictures, runs, mask_floor), config.train_b),
    )
    return sum(3600 * estimate(Trainer(run, plan, runs, "ddp"), plan).hours for run, plan in stages)


def train_decoder(config: Config, pictures: PictureSet, runs: Path, mask_floor: float) -> bool:
    """Trains RUNS/stage-a.pt, then RUNS/stage-b.pt, on. `mask_floor`: how much counts what is black in the masks of a
    set that has them. Returns False where a signal stopped it; the same call goes on.
    """
    if not train(stage_a_run(config, pictures, imagenet_weights(), runs, mask_floor), config.train_a, runs):
        return False
    return train(_from_finished(_stage_b(config, pictures, runs, mask_floor), runs), config.train_b, runs)


def _stage_b(config: Config, pictures: PictureSet, runs: Path, mask_floor: float) -> StageRun:
    if config.compressor is not None:
        return frozen_stage_b_run(config, pictures, imagenet_weights(), runs, mask_floor)
    latents = stage_a_latents(config, pictures, runs)
    return stage_b_run(config, pictures, latents, imagenet_weights(), runs, mask_floor)


def _from_finished(run: StageRun, runs: Path) -> StageRun:
    """Begins from the finished weights; a checkpoint, where there is one, replaces them."""
    path = runs / f"{run.name}.pt"
    fill(run.modules, load_state(path), path)
    return run
