"""The KPI report: how good the trained model is, with pictures, as one HTML page and as tables.

  python -m wuerstchen.evaluate --bundle ../models/mine --data data/mine --against ../models/emoji-128 --out report

judges a bundle on any prepared set, for the one who decides. Of trained runs there is a report in depth:

  python -m wuerstchen.evaluate --config configs/emoji-128.toml --data data --runs runs --out report

Each part is stored when it is finished. The same command goes on after the last one, and measures again what new
weights changed.
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

from wuerstchen.arguments import add_price_hour, count, price
from wuerstchen.config import Config, load_config
from wuerstchen.decision.prices import Prices, read_gpu_prices
from wuerstchen.decision.report import Asked, write_decision
from wuerstchen.decision.report_texts import report_texts
from wuerstchen.decision.verdict import Thresholds, criteria, option_of, verdict
from wuerstchen.evaluation import (
    compression,
    cost,
    distribution,
    diversity,
    groups,
    joined,
    reconstruction,
    retrieval,
    sampler,
    unseen,
)
from wuerstchen.evaluation.context import DECODER_WEIGHTS, WEIGHTS, Context, Options
from wuerstchen.evaluation.report import write_report
from wuerstchen.evaluation.results import PartResult, store, stored
from wuerstchen.evaluation.set_groups import OPEN_FILE, groups_of, read_open
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.plain_errors import plain_errors
from wuerstchen.prompt_lists import concepts_beside, prompt_lines
from wuerstchen.stopped import ends_when_stopped
from wuerstchen.texts import LANGUAGES
from wuerstchen.training.data import PictureSet
from wuerstchen.utf8 import utf8_text

CONFIGS = Path(__file__).parent.parent / "configs"
CAPTIONS = 200
PROMPT_LISTS = ("unseen", "joined")
THRESHOLDS = {
    "restoration": "dB, at least",
    "recognition": "per cent, at least",
    "cost": "US dollars a picture, at most",
    "bias": "points between groups, at most",
}


@dataclass(frozen=True)
class Part:
    """A part is measured again when one of these weights or options changes."""

    run: Callable[[Context], PartResult]
    options: tuple[str, ...] = ()
    weights: tuple[str, ...] = WEIGHTS


PARTS = {
    "retrieval": Part(retrieval.run, ("captions",)),
    "unseen": Part(unseen.run, ("unseen",)),
    "joined": Part(joined.run, ("joined",)),
    "reconstruction": Part(reconstruction.run, weights=DECODER_WEIGHTS),
    "distribution": Part(distribution.run, ("samples",)),
    "diversity": Part(diversity.run, ("captions", "seeds")),
    "groups": Part(groups.run, ("seeds", "open_labels")),
    "sampler": Part(sampler.run, ("sampler_prompts",)),
    "compression": Part(compression.run, ("compression_steps", "compression_batch"), WEIGHTS[:1]),
    "cost": Part(cost.run, ("watts", "price_kwh", "price_hour")),
}


def evaluate(context: Context, names: list[str], again: bool, console: Console) -> list[PartResult]:
    """Runs the named parts, or takes what they stored for the same inputs; other parts are shown where they are
    stored.
    """
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
    return {
        "weights": context.digest_of(part.weights),
        "pictures": context.pictures_digest,
        "judge": context.judge,
        **options,
    }


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument(
        "--bundle", type=Path, help="a bundle instead of a folder of runs: the report for the one who decides"
    )
    made.add_argument("--against", type=Path, help="with --bundle: the bundle before, for comparison")
    made.add_argument(
        "--outside",
        type=Path,
        help="with --against: words that the model before knows, one a line; the report tells what training did to "
        "those that the set does not hold; default: concepts of its configuration",
    )
    made.add_argument("--language", choices=LANGUAGES, default="en", help="with --bundle: of the report")
    made.add_argument("--groups", type=Path, help="attributes and groups of labels; default: groups.json of the set")
    made.add_argument(
        "--pictures", type=Path, help="with --bundle: folder of the pictures that are made; default: OUT/pictures"
    )
    made.add_argument(
        "--set-name", default="", help="with --bundle: what the report calls the set; default: its folder's name"
    )
    for name, unit in THRESHOLDS.items():
        made.add_argument(
            option_of(name), type=float, default=getattr(Thresholds, name), help=f"threshold, {unit} (%(default)g)"
        )
    made.add_argument(
        "--gpu-hour", action="append", default=[], metavar="NAME=DOLLARS", help="with --bundle: price of a GPU's hour"
    )
    made.add_argument("--training-hours", type=price, help="with --bundle: hours of this machine that training took")
    made.add_argument(
        "--config", type=Path, help="TOML file, see configs/; with --bundle: of both bundles, default each one's own"
    )
    made.add_argument("--data", type=Path, default=Path("data"), help="folder with images.rgb and records.jsonl")
    made.add_argument(
        "--runs",
        type=Path,
        default=Path("runs"),
        help="folder that training wrote; the judge and caches go to its evaluation/",
    )
    made.add_argument(
        "--out", type=Path, required=True, help="folder for report.html, kpis.json, kpis.csv and contact sheets"
    )
    made.add_argument("--parts", default=",".join(PARTS), help="comma-separated; default: %(default)s")
    made.add_argument("--again", action="store_true", help="measure also what is stored")
    made.add_argument(
        "--unseen", type=Path, help="prompts that no caption holds; default: the configuration's name with .unseen.txt"
    )
    made.add_argument(
        "--joined",
        type=Path,
        help="prompts of several things, which no caption holds; default: the configuration's name with .joined.txt",
    )
    made.add_argument(
        "--captions", type=count, help="captions that are drawn; default: 200 of a list, with --bundle 100"
    )
    made.add_argument("--samples", type=count, default=1000, help="pictures a crowd for FID and KID (%(default)s)")
    made.add_argument("--seeds", type=count, default=4, help="pictures a prompt for diversity and bias (%(default)s)")
    made.add_argument(
        "--sampler-prompts", type=count, default=50, help="prompts for each guidance and step count (%(default)s)"
    )
    made.add_argument(
        "--compression-steps", type=count, default=100, help="training steps a compression ratio (%(default)s)"
    )
    made.add_argument("--compression-batch", type=count, default=8, help="pictures a step (%(default)s)")
    made.add_argument(
        "--watts", type=price, default=30, help="assumed power of the training machine's share (%(default)s)"
    )
    made.add_argument("--price-kwh", type=price, default=0.30, help="assumed price of a kWh (%(default)s)")
    add_price_hour(made)
    made.add_argument("--threads", type=count, help="CPU threads; default: all")
    return made


def run(arguments: argparse.Namespace, names: list[str]) -> None:
    """Raises ValueError or OSError where the data, the weights or the options do not do."""
    config = load_config(arguments.config)
    pictures = PictureSet(arguments.data, config.image_side)
    if len(pictures.buckets) > 1:
        raise ValueError("--data: the report needs a set of squares; prepare it with --ratios 1:1")
    for name in PROMPT_LISTS:
        setattr(arguments, name, prompts_of(name, arguments, names))
    arguments.captions = arguments.captions or CAPTIONS
    arguments.groups = groups_of(arguments.data, arguments.groups) or {}
    arguments.open_labels = read_open(arguments.data / OPEN_FILE)
    options = Options(**{field.name: getattr(arguments, field.name) for field in dataclasses.fields(Options)})
    context = Context(config, pictures, arguments.runs / config.id, arguments.out, options)
    console = Console(stderr=True)
    results = evaluate(context, names, arguments.again, console)
    facts = (
        f"{len(pictures.records):,} pictures, {len(pictures.held_out):,} of them never trained. Weights "
        f"{context.digest_of()}. "
        f"Written {time.strftime('%Y-%m-%d')}. Ranges are 95 % confidence."
    )
    write_report(arguments.out, f"{config.name}: how good is it?", facts, results)
    console.print(f"{arguments.out / 'report.html'}")


def prompts_of(name: str, arguments: argparse.Namespace, names: list[str]) -> str:
    """The text of a prompt list: of the option, else of the file beside the configuration. Raises ValueError where a
    part needs it and it is not there, or it is not UTF-8.
    """
    prompts = getattr(arguments, name) or arguments.config.with_suffix(f".{name}.txt")
    if name in names and not prompts.exists():
        raise ValueError(f"--{name}: {prompts} does not exist")
    return utf8_text(prompts) if prompts.exists() else ""


def opened(directory: Path, config_file: Path | None) -> tuple[Bundle, Config, Path]:
    """A bundle, its configuration and the file of that: `config_file`, else the bundle's own."""
    bundle = Bundle(directory)
    config_file = config_file or bundle.config_file(CONFIGS)
    return bundle, load_config(config_file), config_file


def decide(arguments: argparse.Namespace) -> None:
    """The report of a bundle. Raises ValueError or OSError where bundles, data or options do not do."""
    thresholds = Thresholds(
        arguments.restoration_min, arguments.recognition_min, arguments.cost_max, arguments.bias_max
    )
    prices = Prices(arguments.price_hour, read_gpu_prices(arguments.gpu_hour), training_hours=arguments.training_hours)
    bundle, config, _ = opened(arguments.bundle, arguments.config)
    against, known = None, ()
    if arguments.against is not None:
        before, config_before, config_file = opened(arguments.against, arguments.config)
        against = before, config_before
        known = prompt_lines(arguments.outside) if arguments.outside else concepts_beside(config_file, config_before)
    asked = Asked(
        bundle=bundle,
        config=config,
        pictures=PictureSet(arguments.data, config.image_side),
        out=arguments.out,
        against=against,
        known=known,
        language=arguments.language,
        captions=arguments.captions or Asked.captions,
        thresholds=thresholds,
        prices=prices,
        groups=arguments.groups,
        kept=arguments.pictures,
        set_name=arguments.set_name,
        date=time.strftime("%Y-%m-%d"),
    )
    report = write_decision(asked)
    outcome = verdict(criteria(report.measured, report.thresholds))
    print(f"{arguments.out / 'report.html'}: {report_texts(arguments.language)(f'verdict.{outcome}')}")


def main() -> None:
    arguments = parser().parse_args()
    if arguments.bundle is None and arguments.config is None:
        parser().error("name a model: --bundle DIR, or --config FILE of trained runs")
    names = arguments.parts.split(",")
    if unknown := [name for name in names if name not in PARTS]:
        parser().error(f"--parts: {', '.join(unknown)} unknown; there are {', '.join(PARTS)}")
    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    with ends_when_stopped("evaluate: stopped; the same command goes on"), plain_errors("evaluate"):
        if arguments.bundle is not None:
            decide(arguments)
        else:
            run(arguments, names)


if __name__ == "__main__":
    main()
