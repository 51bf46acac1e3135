"""A proof of concept: from a folder of your own pictures to a report for a decision, and a bundle to serve. docs/poc.md
explains it.

Each step is a command that it prints; Ctrl-C stops, and the same command goes on. `--prompts LOG` instead replays a log
of prompts against each reuse policy, without drawing anything.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from wuerstchen.arguments import count
from wuerstchen.decision.proof import prove
from wuerstchen.decision.replay import POLICIES, Costs, gpu_seconds, read_log, replay
from wuerstchen.decision.replay_page import replay_page
from wuerstchen.decision.report_texts import report_texts
from wuerstchen.decision.sample_log import sample_log
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import ends_when_stopped
from wuerstchen.texts import LANGUAGES
from wuerstchen.whole_file import write_whole

EXAMPLES = """examples:
  python -m wuerstchen.poc --from ~/pictures --bundle ../models/emoji-128 --out poc/mine
  python -m wuerstchen.poc --sample-log log.jsonl
  python -m wuerstchen.poc --prompts log.jsonl --out poc/replay
"""
SAMPLE_REQUESTS = 2_000


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
    write_whole(
        asked.out / "replay.html", replay_page(outcomes, costs, asked.prompts.name, report_texts(asked.language))
    )
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
    result.add_argument(
        "--steps", type=count, help="of training Stage C (default: by the number of pictures, 1000 to 2000)"
    )
    result.add_argument(
        "--decoder-steps", type=count, default=400, help="of training Stages A and B, where they limit (default 400)"
    )
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
