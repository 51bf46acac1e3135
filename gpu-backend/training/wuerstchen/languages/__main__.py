"""Teaches the text encoder of a model another language: `python -m wuerstchen.languages --config configs/emoji-128.toml
--language ja`.

Writes RUNS/ID/text-LANGUAGE.safetensors (new rows of the word embedding) and .tokenizer.json, which the export takes
up. Ctrl-C stops; the same command goes on.
"""

import argparse
import dataclasses
import json
from pathlib import Path

import torch

from wuerstchen.arguments import count
from wuerstchen.config import load_config
from wuerstchen.languages.distil import PLAN, text_run
from wuerstchen.languages.extension import save_rows, save_tokenizer
from wuerstchen.languages.lexicon import load_lexicon
from wuerstchen.languages.vocabulary import extend_tokenizer
from wuerstchen.models.build import load_state
from wuerstchen.models.text_encoder import TextEncoder
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import end_stopped, ends_when_stopped
from wuerstchen.training.loop import train
from wuerstchen.training.sources import text_encoder_directory


def teach() -> None:
    parser = argparse.ArgumentParser(prog="python -m wuerstchen.languages", description=__doc__)
    parser.add_argument(
        "--config", type=Path, required=True, help="TOML file; the language's files are in languages/ beside it"
    )
    parser.add_argument("--language", required=True, help="for example ja")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder that training wrote")
    parser.add_argument("--steps", type=count, default=PLAN.steps)
    parser.add_argument("--threads", type=count, help="CPU threads; default: all")
    arguments = parser.parse_args()
    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    config, plan = load_config(arguments.config), dataclasses.replace(PLAN, steps=arguments.steps)
    runs, lexicon = arguments.runs / config.id, load_lexicon(arguments.config.parent / "languages", arguments.language)
    english = TextEncoder.load(text_encoder_directory())
    table = json.loads((text_encoder_directory() / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = extend_tokenizer(table, lexicon, len(english.words.weight))
    save_tokenizer(runs, arguments.language, vocabulary.tokenizer)
    run = text_run(config, arguments.language, lexicon, vocabulary, english)
    if not train(run, plan, runs):
        end_stopped(f"{run.name}: stopped, checkpoint written; the same command goes on from it")
    rows = load_state(runs / f"{run.name}.pt")["words.added"]
    save_rows(runs, arguments.language, rows)


def main() -> None:
    with ends_when_stopped("languages: stopped; the same command goes on"), plain_errors("languages"):
        teach()


if __name__ == "__main__":
    main()
