"""The KPI report: how good the trained model is, with pictures, as one HTML page and as tables.

`python -m wuerstchen.evaluate --config configs/emoji-128.toml --data data --runs runs --out report`
Each part is stored when it is finished; the same command goes on after the last one, and measures again what new weights changed.
"""

import argparse
import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from wuerstchen.arguments import count
from wuerstchen.config import load_config
from wuerstchen.evaluation import compression, cost, distribution, diversity, groups, reconstruction, retrieval, sampler, unseen
from wuerstchen.evaluation.context import DECODER_WEIGHTS, WEIGHTS, Context, Options
from wuerstchen.evaluation.evaluator import RECIPE
from wuerstchen.evaluation.report import write_report
from wuerstchen.evaluation.results import PartResult, store, stored
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import ends_when_stopped
from wuerstchen.training.data import PictureSet


@dataclass(frozen=True)
class Part:
    """A part is measured again when one of these weights or options changes."""

    run: Callable[[Context], PartResult]
    options: tuple[str, ...] = ()
    weights: tuple[str, ...] = WEIGHTS


PARTS = {
    "retrieval": Part(retrieval.run, ("captions",)),
    "unseen": Part(unseen.run, ("unseen",)),
    "reconstruction": Part(reconstruction.run, weights=DECODER_WEIGHTS),
    "distribution": Part(distribution.run, ("samples",)),
    "diversity": Part(diversity.run, ("captions", "seeds")),
    "groups": Part(groups.run, ("seeds",)),
    "sampler": Part(sampler.run, ("sampler_prompts",)),
    "compression": Part(compression.run, ("compression_steps", "compression_batch"), WEIGHTS[:1]),
    "cost": Part(cost.run, ("watts", "price_kwh", "price_hour")),
}


def evaluate(context: Context, names: list[str], again: bool, console: Console) -> list[PartResult]:
    """Runs the named parts, or takes what they stored for the same inputs; other parts are shown where they are stored."""
    results = []
    for name, part in PARTS.items():
        path, inputs = context.out / "parts" / f"{name}.json", inputs_of(context, part)
        result = None if again and name in names else stored(path, inputs)
        if result is None and name in names:
            console.print(f"[bold]{name}[/]")
            started = time.monotonic()
            result = part.run(context)
            store(path, result, inputs)
            console.print(f"{name}: {time.monotonic() - started:.0f} s")
        elif result is not None:
            console.print(f"{name}: stored")
        results += [] if result is None else [result]
    return results


def inputs_of(context: Context, part: Part) -> dict[str, Any]:
    """What the part's result depends on."""
    options = {name: getattr(context.options, name) for name in part.options}
    return {"weights": context.digest_of(part.weights), "pictures": context.pictures_digest, "judge": RECIPE, **options}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--config", type=Path, required=True, help="TOML file, see configs/")
    made.add_argument("--data", type=Path, default=Path("data"), help="folder with images.rgb and records.jsonl")
    made.add_argument(
        "--runs", type=Path, default=Path("runs"), help="folder that training wrote; the judge and caches go to its evaluation/"
    )
    made.add_argument("--out", type=Path, required=True, help="folder for report.html, kpis.json, kpis.csv and contact sheets")
    made.add_argument("--parts", default=",".join(PARTS), help="comma-separated; default: %(default)s")
    made.add_argument("--again", action="store_true", help="measure also what is stored")
    made.add_argument("--unseen", type=Path, help="prompts that no caption holds; default: the configuration's name with .unseen.txt")
    made.add_argument("--captions", type=int, default=200, help="captions of a list that the judge is asked about (%(default)s)")
    made.add_argument("--samples", type=int, default=1000, help="pictures a crowd for FID and KID (%(default)s)")
    made.add_argument("--seeds", type=int, default=4, help="pictures a prompt for diversity and bias (%(default)s)")
    made.add_argument("--sampler-prompts", type=int, default=50, help="prompts for each guidance and step count (%(default)s)")
    made.add_argument("--compression-steps", type=int, default=100, help="training steps a compression ratio (%(default)s)")
    made.add_argument("--compression-batch", type=int, default=8, help="pictures a step (%(default)s)")
    made.add_argument("--watts", type=float, default=30, help="assumed power of the training machine's share (%(default)s)")
    made.add_argument("--price-kwh", type=float, default=0.30, help="assumed price of a kWh (%(default)s)")
    made.add_argument("--price-hour", type=float, default=0.08, help="assumed rent of such a machine an hour (%(default)s)")
    made.add_argument("--threads", type=count, help="CPU threads; default: all")
    return made


def run(arguments: argparse.Namespace, names: list[str]) -> None:
    """Raises ValueError or OSError where the data, the weights or the options do not do."""
    config = load_config(arguments.config)
    pictures = PictureSet(arguments.data, config.image_side)
    if len(pictures.buckets) > 1:
        raise ValueError("--data: the report needs a set of squares; prepare it with --ratios 1:1")
    prompts = arguments.unseen or arguments.config.with_suffix(".unseen.txt")
    if "unseen" in names and not prompts.exists():
        raise ValueError(f"--unseen: {prompts} does not exist")
    arguments.unseen = prompts.read_text("utf-8") if prompts.exists() else ""
    options = Options(**{field.name: getattr(arguments, field.name) for field in dataclasses.fields(Options)})
    context = Context(config, pictures, arguments.runs / config.id, arguments.out, options)
    console = Console(stderr=True)
    results = evaluate(context, names, arguments.again, console)
    facts = (
        f"{len(pictures.records):,} pictures, {len(pictures.held_out):,} of them never trained. Weights {context.digest_of()}. "
        f"Written {time.strftime('%Y-%m-%d')}. Ranges are 95 % confidence."
    )
    write_report(arguments.out, f"{config.name}: how good is it?", facts, results)
    console.print(f"{arguments.out / 'report.html'}")


def main() -> None:
    arguments = parser().parse_args()
    names = arguments.parts.split(",")
    if unknown := [name for name in names if name not in PARTS]:
        parser().error(f"--parts: {', '.join(unknown)} unknown; there are {', '.join(PARTS)}")
    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    with ends_when_stopped("evaluate: stopped; the same command goes on"), plain_errors("evaluate"):
        run(arguments, names)


if __name__ == "__main__":
    main()
