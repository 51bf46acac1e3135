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

from wuerstchen.decision.poc_options import (
    COSTS,
    add_language,
    add_proof_options,
    add_replay_options,
    add_step_options,
)
from wuerstchen.decision.prompt_tokens import Tokens, tokens_by, words_of
from wuerstchen.decision.proof import prove
from wuerstchen.decision.replay import POLICIES, Costs, gpu_seconds, read_log, replay
from wuerstchen.decision.replay_page import replay_page
from wuerstchen.decision.report_texts import report_texts
from wuerstchen.decision.sample_log import sample_log
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import ends_when_stopped
from wuerstchen.whole_file import write_whole

EXAMPLES = """examples:
  python -m wuerstchen.poc --from ~/pictures --bundle ../models/emoji-128 --out poc/mine
  python -m wuerstchen.poc --sample-log log.jsonl
  python -m wuerstchen.poc --prompts log.jsonl --out poc/replay
"""
SAMPLE_REQUESTS = 2_000


def replay_prompts(asked: argparse.Namespace) -> None:
    """Writes OUT/replay.html and OUT/replay.json."""
    costs = Costs(gpu_hour=asked.gpu_price_hour, **{name: getattr(asked, name) for name in COSTS})
    requests = read_log(asked.prompts)
    tokens_of = words_of if asked.bundle is None else _tokens_of(Bundle(asked.bundle))
    outcomes = [replay(requests, policy, tokens_of) for policy in POLICIES]
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


def _tokens_of(bundle: Bundle) -> Callable[[str], Tokens]:
    text = bundle.manifest["text"]
    return tokens_by(bundle.directory / text["tokenizer"], text["tokensMax"])


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
    result.add_argument("--out", type=Path, help="folder of everything that is written")
    add_language(result)
    add_proof_options(result)
    add_step_options(result)
    add_replay_options(result)
    return result


def main() -> None:
    asked = parser().parse_args()
    if asked.sample_log is None and asked.out is None:
        parser().error("name a folder: --out DIR")
    if asked.folder is not None and asked.bundle is None:
        parser().error("name the model to start from: --bundle DIR")
    if asked.folder is None and asked.dry_run:
        parser().error("--dry-run is of a proof of concept: name its pictures with --from DIR")
    with ends_when_stopped("poc: stopped; the same command goes on"), plain_errors("poc"):
        try:
            if asked.sample_log is not None:
                asked.sample_log.parent.mkdir(parents=True, exist_ok=True)
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
