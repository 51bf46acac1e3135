"""Turns your own pictures into a data set for training.

Captions are taken from `metadata.jsonl` or `metadata.csv` (fields file_name and text, caption or captions, perhaps
label), from cat.txt, cat.caption or cat.json beside cat.png, or from WebDataset shards (*.tar). What cannot be used is
listed in report.json and left out; the previous set stays until the new one is whole. preview.html shows all of it.
"""

import argparse
import warnings
from fractions import Fraction
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from wuerstchen.config import Config, load_config
from wuerstchen.pictures.buckets import RATIOS, aspect_buckets, parse_ratio, side_multiple
from wuerstchen.pictures.fit import FITS
from wuerstchen.pictures.prepare import CUT_NAMED, Settings, prepare
from wuerstchen.pictures.preview import PREVIEW, TEXTS
from wuerstchen.pictures.samples import count_pictures
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import ends_when_stopped
from wuerstchen.texts import LANGUAGES, Texts
from wuerstchen.training.records import HELD_OUT_PERCENT

EXAMPLES = """examples:
  python -m wuerstchen.prepare --from ~/pictures --out data/mine --config configs/emoji-128.toml
  python -m wuerstchen.prepare --from shards --out data/mine --config configs/emoji-128.toml --ratios 1:1
  python -m wuerstchen.prepare --from ~/pictures --out data/mine --config configs/emoji-128.toml \\
    --held-out-percent 10 --near-bits 0
"""
FILES_SHOWN = 3
# Pixels for which all stages of a published model have whole cells.
PUBLISHED_MULTIPLE, PUBLISHED_SIDE_MAX = 128, 2048


def settings_of(arguments: argparse.Namespace, config: Config | None) -> Settings:
    """Raises ValueError naming the option, its limit and the fix. Without a configuration, sides are as a published
    model takes them.
    """
    if config is None:
        side, multiple = arguments.side, PUBLISHED_MULTIPLE
        if side % multiple or not multiple <= side <= PUBLISHED_SIDE_MAX:
            raise ValueError(f"--side is {side}: a multiple of {multiple} up to {PUBLISHED_SIDE_MAX}")
    else:
        side, multiple = config.image_side, side_multiple(config)
    side_min = arguments.side_min if arguments.side_min is not None else side // 2
    for name, value, low, high in (
        ("--held-out-percent", arguments.held_out_percent, 0, 50),
        ("--near-bits", arguments.near_bits, 0, 16),
        ("--side-min", side_min, 1, 10_000),
    ):
        if not low <= value <= high:
            raise ValueError(f"{name} is {value:g}: it must lie from {low} to {high}")
    ratios: list[Fraction] = [parse_ratio(text) for text in arguments.ratios.split(",")]
    return Settings(
        side,
        tuple(aspect_buckets(side, multiple, ratios)),
        side_min,
        arguments.near_bits,
        arguments.held_out_percent,
        arguments.licence,
        arguments.fit,
        arguments.alpha_mask,
    )


def show(report: dict, out: Path, console: Console) -> None:
    """The report as tables."""
    pictures = report["pictures"]
    kept = Table("bucket", "pictures", title=f"{out}: {pictures['train']} to train on, {pictures['held_out']} held out")
    for bucket, count in report["buckets"].items():
        kept.add_row(bucket, str(count))
    console.print(kept)
    if cut := report["cut"]:
        worst = max(cut, key=lambda item: item["share"])
        console.print(
            f"{len(cut)} of {pictures['all']} pictures lose more than {CUT_NAMED:.0%} of their area, "
            f"{escape(worst['file'])} "
            f"{worst['share']:.0%}: see report.json. --fit pad keeps all of each, --fit focus cuts away from its edges"
        )
    if report["repeated"]:
        times = Table("repeated folder", "times", "pictures", title="by the number that its name begins with")
        for item in report["repeated"]:
            times.add_row(escape(item["folder"]), str(item["times"]), str(item["pictures"]))
        console.print(times)
    if any(report["left_out"].values()):
        texts = Texts(TEXTS, "en")
        left = Table("left out", "files", "the first of them", title="all of them are in report.json")
        for reason, items in report["left_out"].items():
            if items:
                first = "\n".join(escape(f"{item['file']}: {item['detail']}") for item in items[:FILES_SHOWN])
                left.add_row(texts(f"reason.{reason}"), str(len(items)), first)
        console.print(left)
    console.print(f"{out / PREVIEW}: the pictures as training sees them")


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument(
        "--from", dest="folder", type=Path, required=True, metavar="FOLDER", help="pictures and captions, or tar shards"
    )
    result.add_argument(
        "--out", type=Path, required=True, help="folder of the data set; a set prepared earlier is replaced"
    )
    sizes = result.add_mutually_exclusive_group(required=True)
    sizes.add_argument("--config", type=Path, help="TOML file of the model to train: it says how large pictures are")
    sizes.add_argument("--side", type=int, help="for a published model: pixels a side, 1024 as a rule")
    result.add_argument(
        "--ratios", default=",".join(RATIOS), help="width:height of the buckets, comma-separated; 1:1 crops to squares"
    )
    result.add_argument(
        "--fit",
        choices=FITS,
        default="crop",
        help="how a picture takes its bucket's shape: its middle (crop, default), where most edges are (focus), "
        "whole on white (pad)",
    )
    result.add_argument(
        "--side-min",
        type=int,
        help="pictures with a shorter side below this are left out; default: half the model's side",
    )
    result.add_argument(
        "--near-bits",
        type=int,
        default=6,
        help="bits of 64 by which duplicates may differ (default 6; 0: equal hashes only)",
    )
    result.add_argument(
        "--held-out-percent",
        type=float,
        default=HELD_OUT_PERCENT,
        help="share kept for evaluation (default 2, at least one)",
    )
    result.add_argument(
        "--alpha-mask",
        action="store_true",
        help="what is transparent counts little in fine-tuning; else masks are the files cat-masklabel.png",
    )
    result.add_argument("--language", choices=LANGUAGES, default="en", help="of preview.html")
    result.add_argument("--licence", default="own", help="what the records say of their licence (default: own)")
    return result


def run(arguments: argparse.Namespace, console: Console) -> dict:
    """Raises ValueError or OSError with a text for people."""
    folder, out = arguments.folder.expanduser().resolve(), arguments.out.expanduser().resolve()
    if not folder.is_dir():
        raise ValueError(f"--from: {folder} is no folder")
    if out == folder or folder in out.parents or out in folder.parents:
        raise ValueError("--out must lie neither inside --from nor around it")
    settings = settings_of(arguments, None if arguments.config is None else load_config(arguments.config))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("pictures", total=count_pictures(folder))
        return prepare(folder, out, settings, lambda: progress.advance(task), arguments.language)


def main() -> None:
    warnings.filterwarnings(
        "ignore", category=Image.DecompressionBombWarning
    )  # such pictures are left out and reported
    arguments, console = parser().parse_args(), Console()
    stopped = f"prepare: stopped; {arguments.out} is as it was, start again to prepare it"
    with ends_when_stopped(stopped), plain_errors("prepare"):
        show(run(arguments, console), arguments.out, console)


if __name__ == "__main__":
    main()
