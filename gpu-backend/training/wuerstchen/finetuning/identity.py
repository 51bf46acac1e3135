"""What tells one fine-tuning from another, so that none goes on as another."""

import argparse
import dataclasses
import json
from pathlib import Path

from wuerstchen.config import Config
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.finetuning.tuning import Tuning
from wuerstchen.training.cache import digest_of
from wuerstchen.training.data import PictureSet
from wuerstchen.whole_file import write_whole


def identity_of(
    arguments: argparse.Namespace, config: Config, bundle: Bundle, pictures: PictureSet, tuning: Tuning
) -> dict[str, str | int | float]:
    """Everything that the result of a training depends on: one that differs in any of it is another training."""
    plan = config.train_c
    rest = dataclasses.replace(plan, steps=0, batch=0, learning_rate=0.0, warmup_steps=0, decay_steps=0)
    settings = digest_of(repr((rest, config.stage_c, config.text, config.latent)))
    identity = {
        "method": arguments.method,
        "base": bundle.manifest["revision"],
        "data": pictures.digest[:16],
        "config": settings[:16],
    }
    steered = {"trigger": tuning.trigger, "shuffle": tuning.shuffle, "flip": tuning.flip}
    steered |= {
        "prior_share": tuning.prior_share,
        "prior_prompts": digest_of(*tuning.prior_prompts)[:16] if tuning.prior_prompts else "",
    }
    identity |= {name: value for name, value in steered.items() if value}
    identity |= {} if pictures.masks is None else {"mask_floor": tuning.mask_floor}
    identity |= {"seed": arguments.seed, "batch": plan.batch, "steps": plan.steps, "learning_rate": plan.learning_rate}
    # `layers`: trainings of 0.2.0, which adapted attention alone, do not say it.
    lora = {"rank": arguments.rank, "alpha": arguments.alpha, "layers": "all"}
    return {**identity, **(lora if arguments.method == "lora" else {})}


def begin(runs: Path, identity: dict[str, str | int | float]) -> None:
    """Marks RUNS as this training's. Raises ValueError where another one, or a first training, lies there."""
    path = runs / "finetune.json"
    if path.exists():
        begun = json.loads(path.read_text())
        if other := [name for name in {**begun, **identity} if begun.get(name) != identity.get(name)]:
            listed = ", ".join(f"{name} {begun.get(name, '(not recorded)')}" for name in other)
            raise ValueError(f"{runs} holds a training with {listed}: go on with that, or name another --runs")
        return
    if any(runs.glob("stage-c*")):
        raise ValueError(f"{runs} holds another training of Stage C: name another --runs")
    runs.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(identity, indent=2) + "\n")
