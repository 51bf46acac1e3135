"""Writes a bundle in which Stage C has the adapters of one or several fine-tunings, each as strong as you say.

`python -m wuerstchen.adapt --bundle ../models/emoji-128 --adapter mine.safetensors=0.8 --adapter other.safetensors
--out ../models/both`
"""

import argparse
import datetime
import math
import shutil
from pathlib import Path

from wuerstchen.config import load_config
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.export.tuned_bundle import About, check_target, write_tuned_bundle
from wuerstchen.models.lora import apply_lora
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import ends_when_stopped

CONFIGS = Path(__file__).parent.parent / "configs"
STRENGTH_MAX = 4.0


def read_adapter(text: str) -> tuple[Path, float]:
    """FILE or FILE=STRENGTH. Raises ValueError for a strength that is no number from -4 to 4."""
    name, equals, number = text.rpartition("=")
    if not equals:
        return Path(text), 1.0
    try:
        strength = float(number)
    except ValueError:
        strength = math.nan
    if not abs(strength) <= STRENGTH_MAX:
        raise ValueError(f"--adapter {text}: the strength must be a number from {-STRENGTH_MAX:g} to {STRENGTH_MAX:g}")
    return Path(name), strength


def adapt(arguments: argparse.Namespace) -> None:
    """Raises ValueError where a file was trained on another base or changes nothing, OSError where one is missing."""
    adapters = [read_adapter(text) for text in arguments.adapter]
    check_target(arguments.out, arguments.id)
    bundle = Bundle(arguments.bundle)
    config_file = arguments.config or bundle.config_file(CONFIGS)
    model = bundle.stage_c(load_config(config_file))
    for path, strength in adapters:
        base = apply_lora(model, path, strength).get("revision")
        if base not in (None, bundle.manifest["revision"]):
            raise ValueError(
                f"{path} was trained on revision {base}, but {arguments.bundle} is {bundle.manifest['revision']}"
            )
    how = "with the adapters " + ", ".join(f"{path.stem} at {strength:g}" for path, strength in adapters)
    write_tuned_bundle(
        bundle,
        model,
        arguments.out,
        About(datetime.datetime.now(datetime.UTC).date().isoformat(), how, (), config_file, arguments.id),
    )
    if Bundle(arguments.out).manifest["revision"] == bundle.manifest["revision"]:
        shutil.rmtree(arguments.out)  # a revision has one id
        raise ValueError(f"{how} nothing of {arguments.bundle} changes, as its weights are stored: make it stronger")
    print(f"bundle: {arguments.out}")


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--bundle", type=Path, required=True, help="model bundle that the adapters were trained on")
    result.add_argument(
        "--adapter",
        action="append",
        required=True,
        metavar="FILE[=STRENGTH]",
        help="several add up; default strength 1",
    )
    result.add_argument(
        "--config", type=Path, help="TOML file of the bundle's model; default: the bundle's, else configs/MODEL.toml"
    )
    result.add_argument("--out", type=Path, required=True, help="new folder; its name becomes the model's id")
    result.add_argument("--id", help="another id, such as emoji-128+mine:0.8")
    return result


def main() -> None:
    arguments = parser().parse_args()
    with ends_when_stopped("adapt: stopped; nothing was written"), plain_errors("adapt"):
        adapt(arguments)


if __name__ == "__main__":
    main()
