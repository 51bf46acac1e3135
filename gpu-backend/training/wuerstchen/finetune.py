"""Trains Stage C of a finished bundle on with your own pictures, which `python -m wuerstchen.prepare` made into a data
set.

`--method lora` trains small matrices beside the attention layers and leaves the weights as they are: for tens to
hundreds of pictures. `--method full` trains all of Stage C: for thousands. Ctrl-C stops; the same command goes on, and
one that is finished only writes files.
"""

import argparse
import dataclasses
import datetime
import json
import math
import tempfile
from pathlib import Path

import torch

from wuerstchen.arguments import count
from wuerstchen.config import Config, load_config
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.export.tuned_bundle import About, check_target, write_tuned_bundle
from wuerstchen.finetuning.held_out import HeldOutLosses
from wuerstchen.finetuning.sheet import COLUMNS
from wuerstchen.finetuning.stage_c import EVALUATIONS, adapters_path, best_path, finetune_run
from wuerstchen.finetuning.tuning import Tuning
from wuerstchen.models.build import fill, load_state
from wuerstchen.models.lora import add_lora, load_lora, merge_lora, save_lora
from wuerstchen.models.stage_c import StageC
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import end_stopped, ends_when_stopped
from wuerstchen.training.cache import digest_of
from wuerstchen.training.checkpoint import save_atomically
from wuerstchen.training.data import PictureSet
from wuerstchen.training.estimate import Estimate, estimate
from wuerstchen.training.loop import train
from wuerstchen.training.trainer import Trainer
from wuerstchen.whole_file import write_whole

EXAMPLES = """examples:
  python -m wuerstchen.finetune --bundle ../models/emoji-128 --data data/mine --runs runs/mine --out ../models/mine
  python -m wuerstchen.finetune --bundle ../models/emoji-128 --data data/mine --runs runs/mine-full \\
    --method full --steps 2000
"""
CONFIGS = Path(__file__).parent.parent / "configs"
LEARNING_RATES = {"lora": 1e-3, "full": 5e-5}
RUN_NAMES = {"lora": "stage-c-lora", "full": "stage-c"}
LORA_FILE = "lora.safetensors"
EMA_DECAY = 0.99
# Beside the configuration: prompts that the base knows.
PRIOR_LISTS = (".prompts.txt", ".calibration.txt")
HELD_OUT_LEAST, HELD_OUT_SHARE = 8, 0.1


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


def tuning_of(arguments: argparse.Namespace, config_file: Path) -> Tuning:
    """Raises ValueError where the share of prior pictures is none, or there are no prompts for it."""
    if not 0 <= arguments.prior_share < 1:
        raise ValueError(f"--prior-share is {arguments.prior_share:g}: at least 0 and below 1")
    if not 0 <= arguments.mask_floor <= 1:
        raise ValueError(f"--mask-floor is {arguments.mask_floor:g}: from 0 to 1")
    listed = [arguments.prior_prompts or config_file.with_suffix(suffix) for suffix in PRIOR_LISTS]
    if arguments.prior_prompts is not None and not arguments.prior_prompts.exists():
        raise ValueError(f"--prior-prompts: {arguments.prior_prompts} does not exist")
    known = [prompt for path in listed if path.exists() for prompt in _lines(path)]
    prompts = tuple(dict.fromkeys(known)) if arguments.prior_share > 0 else ()
    return Tuning(
        trigger=arguments.trigger.strip(),
        shuffle=arguments.shuffle_captions,
        flip=arguments.flip,
        prior_prompts=prompts,
        prior_share=arguments.prior_share if prompts else 0.0,
        patience=arguments.patience,
        samples=tuple(arguments.sample),
        mask_floor=arguments.mask_floor,
    )


def _lines(path: Path) -> tuple[str, ...]:
    """Those that are not blank, each once."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


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
    return {**identity, **({"rank": arguments.rank, "alpha": arguments.alpha} if arguments.method == "lora" else {})}


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


def finetune(arguments: argparse.Namespace) -> bool:
    """Trains and writes what was asked for. Returns False where a signal stopped it."""
    bundle = Bundle(arguments.bundle)
    config_file = arguments.config or bundle.config_file(CONFIGS)
    config = tuning_config(load_config(config_file), arguments)
    if arguments.out is not None:
        check_target(arguments.out)
    pictures, tuning = PictureSet(arguments.data, config.image_side), tuning_of(arguments, config_file)
    pictures.hold_out(max(HELD_OUT_LEAST, math.ceil(len(pictures.records) * HELD_OUT_SHARE)))
    runs, name = arguments.runs / config.id, RUN_NAMES[arguments.method]
    if arguments.dry_run:
        with tempfile.TemporaryDirectory() as folder:
            found = forecast(arguments, bundle, config, pictures, tuning, Path(folder))
        if arguments.forecast is not None:
            drawn = len(tuning.prior_prompts) + (EVALUATIONS + 2) * (COLUMNS + len(tuning.samples))
            taken = {"seconds": 3600 * found.hours, "memory_gib": found.memory_bytes / 2**30, "pictures": drawn}
            write_whole(arguments.forecast, json.dumps(taken) + "\n")
        return True
    begin(runs, identity_of(arguments, config, bundle, pictures, tuning))
    if not (runs / f"{name}.checkpoint.pt").exists():
        forecast(arguments, bundle, config, pictures, tuning, runs)
    run = finetune_run(config, bundle, trained_model(arguments, bundle, config), pictures, runs, name, tuning)
    if not train(run, config.train_c, runs):
        return False
    tuned = best_model(bundle, config, runs, arguments.method, tuning)
    write_results(arguments, config_file, bundle, tuned, pictures, runs)
    return True


def trained_model(arguments: argparse.Namespace, bundle: Bundle, config: Config) -> StageC:
    """Stage C of the bundle, with fresh adapters where these are trained."""
    model = bundle.stage_c(config)
    torch.manual_seed(config.seed)
    if arguments.method == "lora":
        add_lora(model, arguments.rank, arguments.alpha)
    return model


def forecast(
    arguments: argparse.Namespace, bundle: Bundle, config: Config, pictures: PictureSet, tuning: Tuning, runs: Path
) -> Estimate:
    """Prints what the training will take, from a few steps whose weights are thrown away; RUNS keeps the latents
    they read.
    """
    model, name = trained_model(arguments, bundle, config), RUN_NAMES[arguments.method]
    run = finetune_run(config, bundle, model, pictures, runs, name, tuning)
    found = estimate(Trainer(run, config.train_c, runs, "ddp"), config.train_c)
    minutes, gib, dollars = 60 * found.hours, found.memory_bytes / 2**30, found.hours * arguments.price_hour
    counts = (
        f"{len(pictures.train)} pictures to train on, {len(pictures.held_out)} held out, {len(tuning.prior_prompts)} "
        "prior prompts"
    )
    print(f"{counts}; {found.trained / 1e6:.2f} of {found.parameters / 1e6:.2f} million parameters")
    print(
        f"{found.steps} steps of {config.train_c.batch}: about {minutes:.1f} minutes here and {gib:.2f} GiB, "
        f"${dollars:.4f} at "
        f"${arguments.price_hour:g} an hour, without {EVALUATIONS} evaluations"
    )
    return found


def best_model(bundle: Bundle, config: Config, runs: Path, method: str, tuning: Tuning) -> StageC:
    """Stage C as it was at the evaluation with the least held-out loss; its adapters become RUNS/lora.safetensors."""
    name = RUN_NAMES[method]
    losses, tuned = HeldOutLosses(runs / f"{name}.held-out.json", 0), bundle.stage_c(config)
    best = losses.best(config.train_c.steps)
    assert best is not None  # a run evaluates after its last step at the latest
    print(
        f"held-out loss: {losses.losses[0]:.4g} before, {losses.losses[best]:.4g} after {best} steps, the best; these "
        "are taken"
    )
    if losses.losses[best] >= losses.losses[0]:
        print(
            "no evaluation was better than the base: train on more pictures, at a lower --learning-rate, or fewer "
            "--steps"
        )
    if method == "full":
        fill(tuned, load_state(best_path(runs, name)), best_path(runs, name))
        return tuned
    load_lora(tuned, adapters_path(runs, best))
    about = {
        "base": bundle.manifest["id"],
        "revision": bundle.manifest["revision"],
        "steps": str(best),
        "trigger": tuning.trigger,
    }
    save_lora(tuned, runs / LORA_FILE, about)
    print(f"adapters: {runs / LORA_FILE}")
    merge_lora(tuned)
    return tuned


def write_results(
    arguments: argparse.Namespace, config_file: Path, bundle: Bundle, tuned: StageC, pictures: PictureSet, runs: Path
) -> None:
    """`--merge`: the weights that `wuerstchen.export.bundle` reads. `--out`: a bundle that a server loads."""
    if arguments.merge:
        save_atomically({f"stage_c.{name}": tensor for name, tensor in tuned.state_dict().items()}, runs / "stage-c.pt")
        print(f"weights: {runs / 'stage-c.pt'}")
    if arguments.out is not None:
        how = (
            f"Stage C trained on ({arguments.method}, {arguments.steps} steps) with {len(pictures.train)} further "
            "pictures"
        )
        shapes = [bucket for bucket in pictures.buckets if bucket]
        created = datetime.datetime.now(datetime.UTC).date().isoformat()
        write_tuned_bundle(bundle, tuned, arguments.out, About(created, how, shapes, config_file))
        print(f"bundle: {arguments.out}")


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument("--bundle", type=Path, required=True, help="model bundle to start from")
    result.add_argument("--data", type=Path, required=True, help="data set that wuerstchen.prepare wrote")
    result.add_argument("--runs", type=Path, required=True, help="folder of this training; results lie in RUNS/MODEL")
    result.add_argument(
        "--config", type=Path, help="TOML file of the bundle's model; default: the bundle's, else configs/MODEL.toml"
    )
    result.add_argument("--method", choices=list(LEARNING_RATES), default="lora")
    result.add_argument("--rank", type=int, default=4, help="of the trained matrices (lora; default 4)")
    result.add_argument("--alpha", type=float, default=4.0, help="they count alpha / rank (lora; default 4)")
    result.add_argument("--steps", type=int, default=400, help="steps of the optimiser in all (default 400)")
    result.add_argument("--batch", type=int, default=16, help="pictures a step (default 16)")
    result.add_argument(
        "--learning-rate",
        type=float,
        help=f"default {LEARNING_RATES['lora']:g} for lora, {LEARNING_RATES['full']:g} for full",
    )
    result.add_argument(
        "--trigger", default="", help="a word at the end of every caption, by which the set is asked for later"
    )
    result.add_argument(
        "--shuffle-captions", action="store_true", help="also train captions with their parts in other orders"
    )
    result.add_argument(
        "--flip", action="store_true", help="also train mirrored pictures: not for letters, nor for left and right"
    )
    result.add_argument(
        "--mask-floor",
        type=float,
        default=0.1,
        help="of a set with masks: what counts where a mask is black, 0 to 1 (default 0.1)",
    )
    result.add_argument(
        "--prior-share",
        type=float,
        default=0.5,
        help="share of the training that keeps other words as they are (default 0.5; 0: none)",
    )
    result.add_argument(
        "--prior-prompts", type=Path, help="those words, one a line; default: CONFIG.{prompts,calibration}.txt"
    )
    result.add_argument(
        "--patience",
        type=int,
        default=4,
        help="evaluations of 8 without a better held-out loss that end it; 0: none do",
    )
    result.add_argument(
        "--sample", action="append", default=[], metavar="PROMPT", help="a prompt that the contact sheet shows as well"
    )
    result.add_argument(
        "--price-hour",
        type=float,
        default=0.08,
        help="assumed price of this machine's hour in US dollars (default 0.08)",
    )
    result.add_argument(
        "--dry-run", action="store_true", help="say what it will take in minutes, memory and money; train nothing"
    )
    result.add_argument("--forecast", type=Path, metavar="FILE", help="with --dry-run: write the figures there (JSON)")
    result.add_argument("--seed", type=int, default=0)
    result.add_argument("--threads", type=count, help="CPU threads; default: all")
    result.add_argument(
        "--merge", action="store_true", help="write RUNS/MODEL/stage-c.pt, which wuerstchen.export.bundle reads"
    )
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
