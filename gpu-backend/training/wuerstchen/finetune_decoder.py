"""Trains the decoder of a finished bundle on with your own pictures: Stage A's decoder and Stage B. For pictures that
it cannot draw.

The bundle needs weights.safetensors. Latents keep their meaning, so Stage C fits as before; tune it afterwards with
wuerstchen.finetune. Ctrl-C stops; the same command goes on.
"""

import argparse
import datetime
import json
import math
import tempfile
from pathlib import Path

import torch

from wuerstchen.arguments import count
from wuerstchen.config import load_config
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.export.tuned_bundle import About, check_target, write_decoder_bundle
from wuerstchen.export.weights import read_weights, unpack_weights
from wuerstchen.finetuning.decoder import decoder_config, decoder_seconds, train_decoder
from wuerstchen.finetuning.shared_options import add_mask_floor
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import end_stopped, ends_when_stopped
from wuerstchen.training.data import PictureSet
from wuerstchen.whole_file import write_whole

EXAMPLE = """example:
  python -m wuerstchen.finetune_decoder --bundle ../models/mine --data data/mine --runs runs/decoder \\
    --out ../models/mine-drawn
"""
CONFIGS = Path(__file__).parent.parent / "configs"
HELD_OUT_LEAST, HELD_OUT_SHARE = 8, 0.1


def begin(runs: Path, bundle: Bundle, identity: dict[str, str | int | float]) -> None:
    """Takes the bundle's weights into RUNS, once. Raises ValueError where RUNS holds another training."""
    path = runs / "decoder.json"
    if path.exists():
        if json.loads(path.read_text()) != identity:
            raise ValueError(
                f"{runs} holds a training of another bundle, other pictures or options: name another --runs"
            )
        return
    if any(runs.glob("stage-*")):
        raise ValueError(f"{runs} holds another training: name another --runs")
    unpack_weights(read_weights(bundle.directory), runs)
    write_whole(path, json.dumps(identity, indent=1) + "\n")


def tune(asked: argparse.Namespace) -> bool:
    """Trains and writes the bundle. Returns False where a signal stopped it."""
    bundle = Bundle(asked.bundle)
    config_file = asked.config or bundle.config_file(CONFIGS)
    config = decoder_config(load_config(config_file), asked.steps, asked.batch)
    if asked.out is not None:
        check_target(asked.out)
    pictures = PictureSet(asked.data, config.image_side)
    pictures.hold_out(max(HELD_OUT_LEAST, math.ceil(len(pictures.records) * HELD_OUT_SHARE)))
    if asked.forecast is not None:
        with tempfile.TemporaryDirectory() as folder:
            unpack_weights(read_weights(bundle.directory), Path(folder))
            seconds = decoder_seconds(config, pictures, Path(folder), asked.mask_floor)
            write_whole(asked.forecast, json.dumps({"seconds": seconds}) + "\n")
        return True
    runs = asked.runs / config.id
    identity = {
        "base": bundle.manifest["revision"],
        "data": pictures.digest[:16],
        "steps": asked.steps,
        "batch": asked.batch,
        **({} if pictures.masks is None else {"mask_floor": asked.mask_floor}),
    }
    begin(runs, bundle, identity)
    if not train_decoder(config, pictures, runs, asked.mask_floor):
        return False
    how = f"Stages A and B trained on ({asked.steps} steps each) with {len(pictures.train)} further pictures"
    created = datetime.datetime.now(datetime.UTC).date().isoformat()
    write_decoder_bundle(bundle, config, runs, asked.out, About(created, how, (), config_file))
    print(f"bundle: {asked.out}")
    return True


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--bundle", type=Path, required=True, help="model bundle to start from, with weights.safetensors")
    made.add_argument("--data", type=Path, required=True, help="data set that wuerstchen.prepare wrote")
    made.add_argument("--runs", type=Path, required=True, help="folder of this training")
    made.add_argument(
        "--config", type=Path, help="TOML file of the bundle's model; default: the bundle's, else configs/MODEL.toml"
    )
    made.add_argument("--steps", type=count, default=400, help="of each stage (default 400)")
    made.add_argument("--batch", type=count, default=16, help="pictures a step (default 16)")
    add_mask_floor(made)
    made.add_argument(
        "--forecast", type=Path, metavar="FILE", help="write the seconds that it will take there (JSON); train nothing"
    )
    made.add_argument("--threads", type=count, help="CPU threads; default: all")
    made.add_argument("--out", type=Path, help="new folder of the bundle; its name becomes the model's id")
    return made


def main() -> None:
    asked = parser().parse_args()
    if asked.out is None and asked.forecast is None:
        parser().error("name the new bundle: --out DIR")
    if asked.threads is not None:
        torch.set_num_threads(asked.threads)
    with ends_when_stopped("finetune_decoder: stopped; the same command goes on"), plain_errors("finetune_decoder"):
        finished = tune(asked)
    if not finished:
        end_stopped("finetune_decoder: stopped, checkpoint written; the same command goes on from it")


if __name__ == "__main__":
    main()
