"""Trains Stage C of a finished bundle on with your own pictures, which `python -m wuerstchen.prepare` made into a data
set.

`--method lora` trains small matrices beside all Linears of Stage C's blocks and of its pooled text, and leaves the
weights as they are: for tens to hundreds of pictures. `--method full` trains all of Stage C: for thousands. Ctrl-C
stops; the same command goes on, and one that is finished only writes files.
"""

import argparse
import datetime
import json
import math
import tempfile
from pathlib import Path

import torch

from wuerstchen.config import Config, load_config
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.export.tuned_bundle import About, check_target, write_tuned_bundle
from wuerstchen.finetuning.held_out import HeldOutLosses
from wuerstchen.finetuning.identity import begin, identity_of
from wuerstchen.finetuning.options import parser_of, steps_of, tuning_config, tuning_of
from wuerstchen.finetuning.sheet import COLUMNS
from wuerstchen.finetuning.stage_c import EVALUATIONS, adapters_path, best_path, finetune_run
from wuerstchen.finetuning.tuning import Tuning
from wuerstchen.models.build import fill, load_part, load_state
from wuerstchen.models.lora import add_lora, load_lora, merge_lora, save_lora
from wuerstchen.models.stage_c import StageC
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import end_stopped, ends_when_stopped
from wuerstchen.training.checkpoint import save_atomically
from wuerstchen.training.data import PictureSet
from wuerstchen.training.estimate import Estimate, estimate
from wuerstchen.training.loop import train
from wuerstchen.training.trainer import Trainer
from wuerstchen.whole_file import write_whole

CONFIGS = Path(__file__).parent.parent / "configs"
RUN_NAMES = {"lora": "stage-c-lora", "full": "stage-c"}
LORA_FILE = "lora.safetensors"
HELD_OUT_LEAST, HELD_OUT_SHARE = 8, 0.1


def finetune(arguments: argparse.Namespace) -> bool:
    """Trains and writes what was asked for. Returns False where a signal stopped it."""
    bundle = Bundle(arguments.bundle)
    config_file = arguments.config or bundle.config_file(CONFIGS)
    trained = load_config(config_file)
    if arguments.out is not None:
        check_target(arguments.out)
    pictures = PictureSet(arguments.data, trained.image_side)
    pictures.hold_out(max(HELD_OUT_LEAST, math.ceil(len(pictures.records) * HELD_OUT_SHARE)))
    if arguments.steps is None:
        arguments.steps = steps_of(len(pictures.train), arguments.batch)
    config = tuning_config(trained, arguments)
    tuning = tuning_of(arguments, config_file, config)
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
    take = arguments.take or ("best" if arguments.patience else "last")
    tuned = taken_model(bundle, config, runs, (arguments.method, take), tuning)
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


def taken_model(bundle: Bundle, config: Config, runs: Path, chosen: tuple[str, str], tuning: Tuning) -> StageC:
    """Stage C as it was at the last evaluation, or at the one with the least held-out loss; its adapters become
    RUNS/lora.safetensors. `chosen`: method, and "last" or "best".
    """
    (method, take), name = chosen, RUN_NAMES[chosen[0]]
    losses, tuned = HeldOutLosses(runs / f"{name}.held-out.json", 0), bundle.stage_c(config)
    best, last = losses.best(config.train_c.steps), losses.last(config.train_c.steps)
    assert best is not None  # a run evaluates after its last step at the latest
    assert last is not None
    taken = best if take == "best" else last
    print(
        f"held-out loss: {losses.losses[0]:.4g} before, {losses.losses[best]:.4g} after {best} steps, the best, "
        f"{losses.losses[last]:.4g} after {last}, the last; the {take} are taken"
    )
    if losses.losses[best] >= losses.losses[0]:
        print(
            "no evaluation was better than the base: train on more pictures, at a lower --learning-rate, or fewer "
            "--steps"
        )
    if method == "full":
        if take == "last":
            return load_part(runs, name, "stage_c", tuned)
        fill(tuned, load_state(best_path(runs, name)), best_path(runs, name))
        return tuned
    load_lora(tuned, adapters_path(runs, taken))
    about = {
        "base": bundle.manifest["id"],
        "revision": bundle.manifest["revision"],
        "steps": str(taken),
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
    return parser_of(__doc__)


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
