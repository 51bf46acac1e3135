"""Trains adapters (LoRA) of a published Stage C, Würstchen v2's or Stable Cascade's, with your own pictures, which
`python -m wuerstchen.prepare` made into a data set.

The attention layers learn, with the model's own text encoder, compressor, noise schedule and loss. What is written is
read by diffusers, by ComfyUI, and by `import --adapter FILE:0.8`. Ctrl-C stops; the same command goes on.
"""

import argparse
import math
import tempfile
from pathlib import Path

import torch

from wuerstchen.finetuning.identity import begin
from wuerstchen.finetuning.published_model import PublishedModel, published_model
from wuerstchen.finetuning.published_options import parser_of, plan_of, tuning_of
from wuerstchen.finetuning.published_run import NAME, Adapted, held_out_losses, kept_path, published_run
from wuerstchen.finetuning.tuning import Tuning
from wuerstchen.models.lora import read_low_rank
from wuerstchen.plain_errors import plain_errors
from wuerstchen.published.adapter_files import NAMINGS, attention_linears, write_adapter
from wuerstchen.published.bundle.checkpoint import Choice
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.loose_checkpoint import compressor_in
from wuerstchen.published.bundle.open_source import Source, open_source
from wuerstchen.stopped import end_stopped, ends_when_stopped
from wuerstchen.training.cache import digest_of
from wuerstchen.training.data import PictureSet
from wuerstchen.training.estimate import estimate
from wuerstchen.training.loop import train
from wuerstchen.training.set_side import square_side
from wuerstchen.training.trainer import Trainer

HELD_OUT_LEAST, HELD_OUT_SHARE = 8, 0.1
SIDE_MIN = 128


def finetune_published(arguments: argparse.Namespace) -> bool:
    """Trains and writes what was asked for. Returns False where a signal stopped it."""
    plan, tuning = plan_of(arguments), tuning_of(arguments)
    pictures = _pictures(arguments.data)
    model = _model(arguments)
    _require_rank(model, arguments.rank)
    alpha = arguments.rank if arguments.alpha is None else arguments.alpha
    if arguments.dry_run:
        with tempfile.TemporaryDirectory() as folder:
            _forecast(arguments, model, pictures, Path(folder))
        return True
    runs = arguments.runs
    begin(runs, _identity(arguments, alpha, model, pictures, tuning))
    if not (runs / f"{NAME}.checkpoint.pt").exists():
        _forecast(arguments, model, pictures, runs)
    adapted = Adapted(model, arguments.rank, alpha, arguments.seed)
    if not train(published_run(adapted, pictures, plan, runs, tuning, arguments.seed), plan, runs):
        return False
    _write(arguments, adapted, runs, plan.steps)
    return True


def _pictures(data: Path) -> PictureSet:
    pictures = PictureSet(data, square_side(data))
    pictures.hold_out(max(HELD_OUT_LEAST, math.ceil(len(pictures.records) * HELD_OUT_SHARE)))
    small = [side for pixels in pictures.pixels.arrays.values() for side in pixels[0].shape[:2] if side < SIDE_MIN]
    if small:
        raise ValueError(f"{data} holds pictures of {min(small)} pixels a side: prepare it with --side 1024")
    return pictures


def _model(arguments: argparse.Namespace) -> PublishedModel:
    names = (arguments.prior, arguments.text, arguments.decoder_text, arguments.revision)
    choice = Choice(arguments.variant, stage_c=arguments.stage_c)
    try:
        checkpoint = open_source(Source(tuple(arguments.source), *names), choice)
        file = arguments.compressor
        if file is not None and not file.is_file():
            raise CheckpointError(f"--compressor: there is no file {file}")
        named = None if file is None else compressor_in(file, checkpoint.family)
    except CheckpointError as problem:
        raise ValueError(str(problem)) from None
    return published_model(checkpoint, named)


def _require_rank(model: PublishedModel, rank: int) -> None:
    narrowest = min(min(linear.weight.shape) for linear in _linears(model).values())
    if rank > narrowest:
        raise ValueError(f"--rank is {rank}: at most the width of Stage C's attention, {narrowest}")


def _linears(model: PublishedModel) -> dict[str, torch.nn.Linear]:
    """Of a network without memory."""
    return attention_linears(model.checkpoint.stage_c.empty())


def _identity(
    arguments: argparse.Namespace, alpha: float, model: PublishedModel, pictures: PictureSet, tuning: Tuning
) -> dict[str, str | int | float]:
    """Everything that the result depends on."""
    digests = [model.digest(part) for part in (model.checkpoint.text_encoder, model.compressor)]
    named = {"base": model.digest()[:16], "reads": digest_of(*digests)[:16], "data": pictures.digest[:16]}
    steered = {"trigger": tuning.trigger, "shuffle": tuning.shuffle}
    masked = {} if pictures.masks is None else {"mask_floor": tuning.mask_floor}
    plan = ("seed", "batch", "steps", "learning_rate", "precision", "rank")
    return {**named, **steered, **masked, **{name: getattr(arguments, name) for name in plan}, "alpha": alpha}


def _forecast(arguments: argparse.Namespace, model: PublishedModel, pictures: PictureSet, runs: Path) -> None:
    """Prints what the training will take, from a few steps whose weights are thrown away; RUNS keeps latents and text
    states.
    """
    plan, tuning = plan_of(arguments), tuning_of(arguments)
    adapted = Adapted(model, arguments.rank, arguments.rank, arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        run = published_run(adapted, pictures, plan, runs, tuning, arguments.seed)
        found = estimate(Trainer(run, plan, Path(folder), "ddp"), plan)
    minutes, gib, dollars = 60 * found.hours, found.memory_bytes / 2**30, found.hours * arguments.price_hour
    print(
        f"{len(pictures.train)} pictures to train on, {len(pictures.held_out)} held out; {found.trained / 1e6:.2f} "
        f"million parameters beside {found.read / 1e6:.2f} million that stay"
    )
    print(
        f"{found.steps} steps of {plan.batch}: about {minutes:.1f} minutes here and {gib:.2f} GiB, ${dollars:.4f} at "
        f"${arguments.price_hour:g} an hour; on one H100 SXM at least {60 * found.gpu_hours('H100 SXM'):.1f} minutes"
    )


def _write(arguments: argparse.Namespace, adapted: Adapted, runs: Path, steps: int) -> None:
    """The adapters of the evaluation with the least held-out loss, in each of the names that were asked for."""
    losses = held_out_losses(runs, 0)
    best = losses.best(steps)
    assert best is not None  # a run evaluates after its last step at the latest
    print(f"held-out loss: {losses.losses[0]:.4g} before, {losses.losses[best]:.4g} after {best} steps, the best")
    if losses.losses[best] >= losses.losses[0]:
        print("no evaluation was better than the base: more pictures, a lower --learning-rate, or fewer --steps")
    tensors, alpha, _ = read_low_rank(kept_path(runs, best), adapted.linears)
    layers = {name: (tensors[f"{name}.lora_up"], tensors[f"{name}.lora_down"]) for name in adapted.linears}
    about = {"steps": str(best), "trigger": arguments.trigger.strip(), "base": adapted.model.checkpoint.family}
    for naming in NAMINGS if arguments.names == "both" else (arguments.names,):
        path = arguments.out or runs / "adapter.safetensors"
        if arguments.names == "both" and naming == "kohya":
            path = path.with_name(f"{path.stem}-kohya{path.suffix}")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_adapter(path, layers, alpha * arguments.strength, naming, about)
        print(f"adapter in the names of {naming}: {path}")


def parser() -> argparse.ArgumentParser:
    return parser_of(__doc__)


def main() -> None:
    arguments = parser().parse_intermixed_args()
    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    with ends_when_stopped("finetune_published: stopped; the same command goes on"), plain_errors("finetune_published"):
        finished = finetune_published(arguments)
    if not finished:
        end_stopped("finetune_published: stopped, checkpoint written; the same command goes on from it")


if __name__ == "__main__":
    main()
