"""A proof of concept: from a folder of your own pictures to a report for a decision, and a bundle to serve. docs/poc.md
explains it.

Each step is a command that it prints; Ctrl-C stops, and the same command goes on. `--prompts LOG` instead replays a log
of prompts against each reuse policy, without drawing anything.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from wuerstchen.arguments import count
from wuerstchen.config import load_config
from wuerstchen.decision.bundle_model import BundleModel
from wuerstchen.decision.figures import asked_pictures
from wuerstchen.decision.forecast import Forecast, pictures_made
from wuerstchen.decision.replay import POLICIES, Costs, gpu_seconds, read_log, replay
from wuerstchen.decision.replay_page import replay_page
from wuerstchen.decision.sample_log import sample_log
from wuerstchen.decision.steps import Steps, run_command
from wuerstchen.decision.texts import LANGUAGES, Texts
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.export.tuned_bundle import check_target
from wuerstchen.export.weights import WEIGHTS_FILE
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import ends_when_stopped
from wuerstchen.training.cache import digest_of
from wuerstchen.training.data import PictureSet
from wuerstchen.whole_file import write_whole

EXAMPLES = """examples:
  python -m wuerstchen.poc --from ~/pictures --bundle ../models/emoji-128 --out poc/mine
  python -m wuerstchen.poc --sample-log log.jsonl
  python -m wuerstchen.poc --prompts log.jsonl --out poc/replay
"""
CONFIGS = Path(__file__).parent.parent / "configs"
HELD_OUT_PERCENT = "20"
SAMPLE_REQUESTS = 2_000


def prove(asked: argparse.Namespace, run: Callable[[list[str]], None] = run_command) -> None:
    """Raises ValueError or OSError where folder, bundle or options do not do, CalledProcessError where a step fails."""
    folder, out = asked.folder.expanduser().resolve(), asked.out
    if not folder.is_dir():
        raise ValueError(f"--from: {folder} is no folder")
    bundle = Bundle(asked.bundle)
    config, tuned = str(asked.config or bundle.config_file(CONFIGS)), out / asked.name
    if not (tuned / "model.json").exists():
        check_target(tuned)
    out.mkdir(parents=True, exist_ok=True)
    base, data = ["--bundle", str(asked.bundle), "--config", config], ["--data", str(out / "set")]
    steps = Steps(out / "poc.json", _digest(asked, folder, bundle), run)
    held_out = ["--held-out-percent", HELD_OUT_PERCENT]
    steps.step(
        "prepare",
        ["wuerstchen.prepare", "--from", str(folder), "--out", str(out / "set"), "--config", config, *held_out],
    )
    tuning = [*base, *data, "--runs", str(out / "runs"), "--steps", str(asked.steps)]
    taken = out / "training.json"
    steps.step("what training will take", ["wuerstchen.finetune", *tuning, "--dry-run", "--forecast", str(taken)])
    drawing = [*base, *data, "--runs", str(out / "decoder-runs"), "--steps", str(asked.steps)]
    mends = (asked.bundle / WEIGHTS_FILE).exists()
    if mends:
        print(_decoder_takes(steps, drawing, out / "decoder.json"))
    print(f"\n{_forecast(asked, bundle, Path(config), taken).sentence()}")
    print(
        f"spent so far: {sum(steps.seconds.values()) / 60:.1f} minutes. Ctrl-C stops; the same command goes on",
        flush=True,
    )
    if asked.dry_run:
        return
    judged = [
        *data,
        "--captions",
        str(asked.captions),
        "--language",
        asked.language,
        "--price-hour",
        f"{asked.price_hour:g}",
    ]
    judged += ["--pictures", str(out / "pictures"), "--set-name", folder.name]
    steps.step("the decoder, before training", ["wuerstchen.evaluate", *base, *judged, "--out", str(out / "before")])
    said, limits = _decoder(out / "before" / "figures.json")
    print(said)
    if limits and mends:
        drawn = out / f"{asked.name}-decoder"
        steps.step("train the decoder", ["wuerstchen.finetune_decoder", *drawing, "--out", str(drawn)])
        tuning = ["--bundle", str(drawn), *tuning[2:]]
    elif limits:
        print(f"it cannot be trained on: {asked.bundle} has no {WEIGHTS_FILE}")
    steps.step("train", ["wuerstchen.finetune", *tuning, "--out", str(tuned)])
    hours = f"{sum(steps.seconds.get(name, 0) for name in ('train the decoder', 'train')) / 3600:.4f}"
    compared = ["--bundle", str(tuned), "--against", str(asked.bundle), "--config", config, "--training-hours", hours]
    steps.step("report", ["wuerstchen.evaluate", *compared, *judged, "--out", str(out / "report")])
    print(_ending(out, tuned, asked.language))


def _digest(asked: argparse.Namespace, folder: Path, bundle: Bundle) -> str:
    """Of everything that the steps depend on: names, sizes and times of the pictures' files stand for their bytes."""
    files = sorted((path.relative_to(folder).as_posix(), path.stat()) for path in folder.rglob("*") if path.is_file())
    listed = [f"{name!a} {stat.st_size} {stat.st_mtime_ns}" for name, stat in files]
    options = (asked.steps, asked.captions, asked.language, asked.name, asked.price_hour)
    return digest_of(bundle.manifest["revision"], repr(options), *listed)


def _forecast(asked: argparse.Namespace, bundle: Bundle, config_file: Path, taken: Path) -> Forecast:
    """Measured once, by a picture of this machine, and kept in OUT/forecast.json."""
    path = asked.out / "forecast.json"
    if not path.exists():
        training, config = json.loads(taken.read_text()), load_config(config_file)
        pictures = PictureSet(asked.out / "set", config.image_side)
        drawn, held_out = len(asked_pictures(pictures, asked.captions)), min(asked.captions, len(pictures.held_out))
        prompt = pictures.records[0].captions[0]
        found = Forecast(
            training_seconds=training["seconds"],
            picture_seconds=float(BundleModel(bundle, config, asked.out / "pictures").seconds_a_picture([prompt])[0]),
            pictures=pictures_made(drawn, held_out, training["pictures"]),
            memory_gib=training["memory_gib"],
            price_hour=asked.price_hour,
        )
        write_whole(path, json.dumps(asdict(found), indent=1) + "\n")
    return Forecast(**json.loads(path.read_text()))


def _decoder_takes(steps: Steps, drawing: list[str], file: Path) -> str:
    steps.step(
        "what training the decoder would take", ["wuerstchen.finetune_decoder", *drawing, "--forecast", str(file)]
    )
    minutes = json.loads(file.read_text())["seconds"] / 60
    return f"if the decoder is a limit, its training takes about {minutes:.1f} minutes more"


def _decoder(path: Path) -> tuple[str, bool]:
    """How well the bundle's decoder draws these pictures at all, which no training of Stage C changes; and whether
    that is a limit.
    """
    found = json.loads(path.read_text(encoding="utf-8"))
    figure, criterion = found["figures"]["after"].get("restoration"), found["criteria"]["restoration"]
    if figure is None:
        return "decoder: not measured", False
    limits = criterion["outcome"] != "met"
    met = "is a limit" if limits else "does not limit you"
    return (
        f"decoder: {figure['value']:.1f} dB on held-out pictures, {criterion['threshold']:g} asked for: it {met}",
        limits,
    )


def _ending(out: Path, tuned: Path, language: str) -> str:
    found = json.loads((out / "report" / "figures.json").read_text(encoding="utf-8"))
    verdict = Texts(language)(f"verdict.{found['verdict']}")
    return (
        f"\n{verdict}\nreport: {out / 'report' / 'report.html'}\nserve:  npm start -- --bundle {tuned.resolve()}\n"
        "next:   a trial with few users, then production step by step: docs/poc.md"
    )


def replay_prompts(asked: argparse.Namespace) -> None:
    """Writes OUT/replay.html and OUT/replay.json."""
    costs = Costs(
        asked.stage_c_seconds, asked.decode_seconds, asked.gpu_price_hour, asked.cold_start_seconds, asked.idle_seconds
    )
    if bad := [name for name, value in asdict(costs).items() if not 0 <= value < 1e9]:
        raise ValueError(f"{bad[0]} must be at least 0")
    requests = read_log(asked.prompts)
    outcomes = [replay(requests, policy) for policy in POLICIES]
    asked.out.mkdir(parents=True, exist_ok=True)
    fresh = gpu_seconds(outcomes[0], costs)
    rows = [{**asdict(o), "hit_rate": o.hit_rate, "gpu_seconds_saved": fresh - gpu_seconds(o, costs)} for o in outcomes]
    write_whole(asked.out / "replay.json", json.dumps({"costs": asdict(costs), "policies": rows}, indent=1) + "\n")
    write_whole(asked.out / "replay.html", replay_page(outcomes, costs, asked.prompts.name, Texts(asked.language)))
    for outcome in outcomes:
        print(f"{outcome.policy:8} {outcome.hit_rate:6.1%} of {outcome.requests:,} requests from a stored latent")
    print(asked.out / "replay.html")


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = result.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--from",
        dest="folder",
        type=Path,
        metavar="FOLDER",
        help="pictures and captions, as wuerstchen.prepare reads them",
    )
    what.add_argument(
        "--prompts", type=Path, metavar="LOG", help="a log of prompts: JSON lines with time, prompt, account"
    )
    what.add_argument(
        "--sample-log", type=Path, metavar="LOG", help=f"write a made-up log of {SAMPLE_REQUESTS:,} requests there"
    )
    result.add_argument("--bundle", type=Path, help="with --from: the model to start from")
    result.add_argument(
        "--config", type=Path, help="TOML file of that model; default: the bundle's, else configs/MODEL.toml"
    )
    result.add_argument("--out", type=Path, help="folder of everything that is written")
    result.add_argument("--name", default="mine", help="id of the tuned model (default: mine)")
    result.add_argument("--steps", type=count, default=400, help="of training (default 400)")
    result.add_argument(
        "--captions", type=count, default=100, help="captions that are drawn for each report (default 100)"
    )
    result.add_argument("--language", choices=LANGUAGES, default="en", help="of the reports")
    result.add_argument(
        "--price-hour",
        type=float,
        default=0.08,
        help="assumed price of this machine's hour in US dollars (default 0.08)",
    )
    result.add_argument(
        "--dry-run", action="store_true", help="prepare, and say what all of it will take in minutes, memory and money"
    )
    defaults = Costs()
    result.add_argument(
        "--gpu-price-hour", type=float, default=defaults.gpu_hour, help="with --prompts: of a GPU (default %(default)g)"
    )
    for name in ("stage_c_seconds", "decode_seconds", "cold_start_seconds", "idle_seconds"):
        option = f"--{name.replace('_', '-')}"
        result.add_argument(
            option, type=float, default=getattr(defaults, name), help="with --prompts (default %(default)g)"
        )
    return result


def main() -> None:
    asked = parser().parse_args()
    if asked.sample_log is None and asked.out is None:
        parser().error("name a folder: --out DIR")
    if asked.folder is not None and asked.bundle is None:
        parser().error("name the model to start from: --bundle DIR")
    with ends_when_stopped("poc: stopped; the same command goes on"), plain_errors("poc"):
        try:
            if asked.sample_log is not None:
                write_whole(asked.sample_log, sample_log(SAMPLE_REQUESTS))
            elif asked.prompts is not None:
                replay_prompts(asked)
            else:
                prove(asked)
        except subprocess.CalledProcessError as error:
            # The step said why. A negative status is the signal that ended it.
            sys.exit(error.returncode if error.returncode > 0 else 128 - error.returncode)


if __name__ == "__main__":
    main()
