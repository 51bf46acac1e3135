"""Marks a model: trains Stage A's decoder, with an extractor, so that every picture says by which bundle it was made.

Reads RUNS/MODEL/stage-a.pt and writes mark.pt beside it, which `wuerstchen.export.bundle --with-mark` draws; Stages B
and C fit as before. Ctrl-C stops; the same command goes on.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from wuerstchen.arguments import count
from wuerstchen.config import Config, load_config
from wuerstchen.marking.measure import Report, measure
from wuerstchen.marking.message import BITS, matches_min, message_hex
from wuerstchen.marking.training import mark_plan, train_mark
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import end_stopped, ends_when_stopped
from wuerstchen.training.data import PictureSet
from wuerstchen.whole_file import write_whole

EXAMPLE = """example:
  python -m wuerstchen.mark --config configs/emoji-128.toml --data data --runs runs
"""


def mark(asked: argparse.Namespace) -> bool:
    """Returns False where a signal stopped it."""
    config = load_config(asked.config)
    pictures, runs = PictureSet(asked.data, config.image_side), asked.runs / config.id
    marking = train_mark(config, pictures, runs, mark_plan(asked.steps, asked.batch), asked.unmarked)
    if marking is None:
        return False
    report = measure(marking, pictures, asked.unmarked)
    write_whole(runs / "mark.json", json.dumps(asdict(report), indent=1) + "\n")
    _tell(config, report)
    return True


def _tell(config: Config, report: Report) -> None:
    table = Table("held-out pictures", "bits right", "mark found")
    for line in report.survival:
        table.add_row(line.distortion, f"{line.bits:.2%}", f"{line.found:.2%}")
    console = Console()
    console.print(table)
    console.print(
        f"{report.pictures} pictures; {report.psnr:.1f} dB to the unmarked ones, the worst hundredth below "
        f"{report.psnr_low:.1f} dB. Message {message_hex(config.id)} of {config.id}, found from {matches_min()} of "
        f"{BITS} bits on."
    )
    most = max(number for number, times in enumerate(report.histogram) if times)
    mean = sum(number * times for number, times in enumerate(report.histogram)) / report.readings
    console.print(
        f"{report.readings} readings of unmarked pictures agreed in {mean:.2f} bits (chance: {BITS / 2:.0f}), in "
        f"{most} at most; squared correlation of two bits {report.pairs:.5f} (chance: {1 / report.readings:.5f})."
    )


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--config", type=Path, required=True, help="TOML file of the model, see configs/")
    made.add_argument("--data", type=Path, default=Path("data"), help="folder of the data set; default: data")
    made.add_argument("--runs", type=Path, default=Path("runs"), help="folder that training wrote; default: runs")
    made.add_argument("--steps", type=count, default=800, help="default 800")
    made.add_argument("--batch", type=count, default=16, help="pictures a step, at least 4 (default 16)")
    made.add_argument(
        "--unmarked", type=count, default=2000, help="unmarked pictures to read at the end (default 2000)"
    )
    made.add_argument("--threads", type=count, help="CPU threads; default: all")
    return made


def main() -> None:
    asked = parser().parse_args()
    if asked.threads is not None:
        torch.set_num_threads(asked.threads)
    with ends_when_stopped("mark: stopped; the same command goes on"), plain_errors("mark"):
        finished = mark(asked)
    if not finished:
        end_stopped("mark: stopped, checkpoint written; the same command goes on from it")


if __name__ == "__main__":
    main()
