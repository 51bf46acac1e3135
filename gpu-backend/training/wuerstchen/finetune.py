"""Trains Stage C of a finished bundle on with your own pictures, which `python -m wuerstchen.prepare` made into a data set.

`--method lora` trains small matrices beside the attention layers and leaves the weights as they are: for tens to hundreds of pictures.
`--method full` trains all of Stage C: for thousands. Ctrl-C stops; the same command goes on, and one that is finished only writes files.
"""

import argparse
import dataclasses
import datetime
import json
import math
from pathlib import Path

import torch

from wuerstchen.arguments import count
from wuerstchen.config import Config, load_config
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.export.tuned_bundle import About, check_target, write_tuned_bundle
from wuerstchen.finetuning.stage_c import finetune_run
from wuerstchen.models.build import load_state
from wuerstchen.models.lora import add_lora, load_lora, merge_lora, save_lora
from wuerstchen.models.stage_c import StageC
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import end_stopped, ends_when_stopped
from wuerstchen.training.cache import digest_of
from wuerstchen.training.checkpoint import save_atomically
from wuerstchen.training.data import PictureSet
from wuerstchen.training.loop import train
from wuerstchen.whole_file import write_whole

EXAMPLES = """examples:
  python -m wuerstchen.finetune --bundle ../models/emoji-128 --data data/mine --runs runs/mine --out ../models/mine
  python -m wuerstchen.finetune --bundle ../models/emoji-128 --data data/mine --runs runs/mine-full --method full --steps 2000
"""
CONFIGS = Path(__file__).parent.parent / "configs"
LEARNING_RATES = {"lora": 1e-3, "full": 5e-5}
RUN_NAMES = {"lora": "stage-c-lora", "full": "stage-c"}
LORA_FILE = "lora.safetensors"
EMA_DECAY = 0.99


def tuning_config(config: Config, arguments: argparse.Namespace) -> Config:
    """The configuration with the plan of this training. Raises ValueError naming the option and its limit."""
    for name, least in (("steps", 1), ("batch", 1), ("rank", 1)):
        if getattr(arguments, name) < least:
            raise ValueError(f"--{name} is {getattr(arguments, name)}: at least {least}")
    if arguments.rank > config.stage_c.channels:
        raise ValueError(f"--rank is {arguments.rank}: at most the width of Stage C, {config.stage_c.channels}")
    rate = LEARNING_RATES[arguments.method] if arguments.learning_rate is None else arguments.learning_rate
    if not (math.isfinite(rate) and rate >= 0):
        raise ValueError(f"--learning-rate is {rate}: a number that is not negative")
    plan = dataclasses.replace(
        config.train_c,
        steps=arguments.steps,
        batch=arguments.batch,
        learning_rate=rate,
        warmup_steps=max(1, min(50, arguments.steps // 10)),
        decay_steps=arguments.steps // 4,
        ema_decay=EMA_DECAY,
    )
    return dataclasses.replace(config, train_c=plan, seed=arguments.seed, compile=False)


def identity_of(arguments: argparse.Namespace, config: Config, bundle: Bundle, pictures: PictureSet) -> dict[str, str | int | float]:
    """Everything that the result of a training depends on: one that differs in any of it is another training."""
    plan = config.train_c
    rest = dataclasses.replace(plan, steps=0, batch=0, learning_rate=0.0, warmup_steps=0, decay_steps=0)
    settings = digest_of(repr((rest, config.stage_c, config.text, config.latent)))
    identity = {"method": arguments.method, "base": bundle.manifest["revision"], "data": pictures.digest[:16], "config": settings[:16]}
    identity |= {"seed": arguments.seed, "batch": plan.batch, "steps": plan.steps, "learning_rate": plan.learning_rate}
    return {**identity, **({"rank": arguments.rank, "alpha": arguments.alpha} if arguments.method == "lora" else {})}


def begin(runs: Path, identity: dict[str, str | int | float]) -> None:
    """Marks RUNS as this training's. Raises ValueError where another one, or a first training, lies there."""
    path = runs / "finetune.json"
    if path.exists():
        begun = json.loads(path.read_text())
        if other := [name for name, value in identity.items() if begun.get(name) != value]:
            listed = ", ".join(f"{name} {begun.get(name, '(not recorded)')}" for name in other)
            raise ValueError(f"{runs} holds a training with {listed}: go on with that, or name another --runs")
        return
    if any(runs.glob("stage-c*")):
        raise ValueError(f"{runs} holds another training of Stage C: name another --runs")
    runs.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(identity, indent=2) + "\n")


def finetune(arguments: argparse.Namespace) -> bool:
    """Trains and writes what was asked for. Returns False where a signal stopped it."""
    bundle = Bundle(arguments.bundle)
    config_file = arguments.config or bundle.config_file(CONFIGS)
    config = tuning_config(load_config(config_file), arguments)
    if arguments.out is not None:
        check_target(arguments.out)
    model, pictures = bundle.stage_c(config), PictureSet(arguments.data, config.image_side)
    runs, lora = arguments.runs / config.id, arguments.method == "lora"
    begin(runs, identity_of(arguments, config, bundle, pictures))
    torch.manual_seed(config.seed)
    if lora:
        add_lora(model, arguments.rank, arguments.alpha)
    run = finetune_run(config, bundle, model, pictures, runs, RUN_NAMES[arguments.method])
    if not train(run, config.train_c, runs):
        return False
    tuned = bundle.stage_c(config)
    if lora:
        write_lora(model, runs, {"base": bundle.manifest["id"], "revision": bundle.manifest["revision"]})
        load_lora(tuned, runs / LORA_FILE)
        merge_lora(tuned)
    else:
        load_trained(tuned, runs / f"{RUN_NAMES['full']}.pt")
    write_results(arguments, config_file, bundle, tuned, pictures, runs)
    return True


def write_lora(model: StageC, runs: Path, metadata: dict[str, str]) -> None:
    """The averaged adapters of a finished run, as safetensors."""
    load_trained(model, runs / f"{RUN_NAMES['lora']}.pt")
    save_lora(model, runs / LORA_FILE, metadata)
    print(f"adapters: {runs / LORA_FILE}")


def load_trained(model: StageC, path: Path) -> None:
    """The averaged weights that the loop wrote."""
    state = load_state(path)
    model.load_state_dict({name.removeprefix("stage_c."): tensor for name, tensor in state.items()})


def write_results(
    arguments: argparse.Namespace, config_file: Path, bundle: Bundle, tuned: StageC, pictures: PictureSet, runs: Path
) -> None:
    """`--merge`: the weights that `wuerstchen.export.bundle` reads. `--out`: a bundle that a server loads."""
    if arguments.merge:
        save_atomically({f"stage_c.{name}": tensor for name, tensor in tuned.state_dict().items()}, runs / "stage-c.pt")
        print(f"weights: {runs / 'stage-c.pt'}")
    if arguments.out is not None:
        how = f"Stage C trained on ({arguments.method}, {arguments.steps} steps) with {len(pictures.train)} further pictures"
        shapes = [bucket for bucket in pictures.buckets if bucket]
        created = datetime.datetime.now(datetime.UTC).date().isoformat()
        write_tuned_bundle(bundle, tuned, arguments.out, About(created, how, shapes, config_file))
        print(f"bundle: {arguments.out}")


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--bundle", type=Path, required=True, help="model bundle to start from")
    result.add_argument("--data", type=Path, required=True, help="data set that wuerstchen.prepare wrote")
    result.add_argument("--runs", type=Path, required=True, help="folder of this training; results lie in RUNS/MODEL")
    result.add_argument("--config", type=Path, help="TOML file of the bundle's model; default: the bundle's, else configs/MODEL.toml")
    result.add_argument("--method", choices=list(LEARNING_RATES), default="lora")
    result.add_argument("--rank", type=int, default=4, help="of the trained matrices (lora; default 4)")
    result.add_argument("--alpha", type=float, default=4.0, help="they count alpha / rank (lora; default 4)")
    result.add_argument("--steps", type=int, default=400, help="steps of the optimiser in all (default 400)")
    result.add_argument("--batch", type=int, default=16, help="pictures a step (default 16)")
    result.add_argument(
        "--learning-rate", type=float, help=f"default {LEARNING_RATES['lora']:g} for lora, {LEARNING_RATES['full']:g} for full"
    )
    result.add_argument("--seed", type=int, default=0)
    result.add_argument("--threads", type=count, help="CPU threads; default: all")
    result.add_argument("--merge", action="store_true", help="write RUNS/MODEL/stage-c.pt, which wuerstchen.export.bundle reads")
    result.add_argument("--out", type=Path, help="write a bundle into this new folder; its name becomes the model's id")
    return result


def main() -> None:
    arguments = parser().parse_args()
    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    with ends_when_stopped("finetune: stopped; the same command goes on"), plain_errors("finetune"):
        finished = finetune(arguments)
    if not finished:
        end_stopped("finetune: stopped, checkpoint written; the same command goes on from it")


if __name__ == "__main__":
    main()
