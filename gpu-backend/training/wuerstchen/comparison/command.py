"""What the commands that compare trainings ask alike, and how they run, report and end."""

import argparse
import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import torch

from wuerstchen.arguments import count
from wuerstchen.comparison.trials import StoppedError, Trials
from wuerstchen.config import Config, load_config
from wuerstchen.evaluation.report import write_report
from wuerstchen.evaluation.results import PartResult
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import end_stopped, ends_when_stopped
from wuerstchen.training.data import PictureSet


def parser_of(description: str | None, examples: str, seeds: int, captions: int) -> argparse.ArgumentParser:
    """`seeds` and `captions`: defaults."""
    made = argparse.ArgumentParser(
        description=description, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--config", type=Path, required=True, help="TOML file of the model, with a [compressor] section")
    made.add_argument("--data", type=Path, default=Path("data"), help="folder of the data set; default: data")
    made.add_argument("--runs", type=Path, default=Path("runs"), help="folder of finished runs; default: runs")
    made.add_argument("--out", type=Path, required=True, help="folder for trainings and report.html")
    made.add_argument("--seeds", type=count, default=seeds, help="trainings of each kind (default %(default)s)")
    made.add_argument(
        "--captions", type=count, default=captions, help="captions drawn at each of 8 points (default %(default)s)"
    )
    made.add_argument("--styles", help="whose favourites are drawn, comma-separated; default: the configuration's")
    made.add_argument("--threads", type=count, help="CPU threads; default: all")
    return made


def run_comparison(
    name: str, title: str, asked: argparse.Namespace, compare: Callable[[argparse.Namespace, Trials], PartResult]
) -> None:
    """Writes OUT/report.html with what `compare` found. Ends the process with a sentence where data, configuration or
    runs do not do, and with status 130 where a signal came.
    """
    if asked.threads is not None:
        torch.set_num_threads(asked.threads)
    with ends_when_stopped(f"{name}: stopped; the same command goes on"), plain_errors(name):
        try:
            config = with_styles(load_config(asked.config), asked.styles)
            pictures = PictureSet(asked.data, config.image_side)
            part = compare(asked, Trials(config, pictures, asked.out, asked.captions))
        except StoppedError as stopped:
            end_stopped(f"{stopped}: stopped, checkpoint written; the same command goes on from it")
        facts = f"{len(pictures.records):,} pictures. Written {time.strftime('%Y-%m-%d')}."
        write_report(asked.out, f"{config.name}: {title}", facts, [part])
        print(asked.out / "report.html")


def with_styles(config: Config, styles: str | None) -> Config:
    """`styles`: those whose favourites are drawn, comma-separated; None: those of the configuration's curriculum."""
    if styles is None:
        return config
    narrowed = dataclasses.replace(config.curriculum_c, styles=tuple(styles.split(",")))
    return dataclasses.replace(config, curriculum_c=narrowed)
