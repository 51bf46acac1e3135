"""A published checkpoint to a bundle that the server runs: Würstchen v2 or Stable Cascade, as files, a folder or an id
on the hub.

`python -m wuerstchen.published.import_bundle warp-ai/wuerstchen --out ../models/wuerstchen-v2`
Run it again after an interruption: finished graphs stay, what is half written is thrown away.
"""

import argparse
import datetime
import fcntl
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from wuerstchen.config_values import BUNDLE_ID, MODEL_ID
from wuerstchen.export.manifest import kebab, port_json, write_manifest
from wuerstchen.published.bundle.adapters import parse_adapter
from wuerstchen.published.bundle.checkpoint import Checkpoint, Choice
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.decoder_text import read_decoder_text, shares_encoder, with_decoder_text
from wuerstchen.published.bundle.describe_bundle import SIDE_MAX, SIDE_STEP, About, build_manifest, model_card
from wuerstchen.published.bundle.diffusers_folders import open_checkpoint
from wuerstchen.published.bundle.export_graph import INLINE_BYTES_MAX, Target, export_graph
from wuerstchen.published.bundle.fit import with_adapters
from wuerstchen.published.bundle.identity import encoder_digest, identity
from wuerstchen.published.bundle.memory import free_memory, need_of, require_room
from wuerstchen.published.bundle.network_graphs import Plan, plan_graphs
from wuerstchen.published.bundle.open_source import Source, open_source, unused_adapters
from wuerstchen.published.bundle.record import FileFacts, Record, describe_file, finished, open_record, save_record
from wuerstchen.whole_file import write_whole

STAGING = ".partial"


@dataclass(frozen=True)
class Order:
    """What to make, and where. `precision` "half" stores weights as float16, whatever `weights` says."""

    choice: Choice
    about: About
    directory: Path
    weights: str = "float32"
    inline_bytes_max: int = INLINE_BYTES_MAX
    precision: str = "float32"


def import_bundle(decoder: Path, prior: Path, order: Order, progress: Progress) -> None:
    """As `write_bundle`, from both halves in the layout of `diffusers`."""
    write_bundle(open_checkpoint(decoder, prior, order.choice), order, progress)


def write_bundle(checkpoint: Checkpoint, order: Order, progress: Progress) -> None:
    """Writes the bundle, or what is missing of it. Raises CheckpointError, or ArithmeticError where a graph is not
    what the network is.
    """
    order.directory.mkdir(parents=True, exist_ok=True)
    with _alone(order.directory):
        record = open_record(order.directory, _options(checkpoint, order), _source_facts(checkpoint, progress))
        save_record(record, order.directory)
        plans = plan_graphs(checkpoint, shares_encoder(checkpoint, record.sources))
        for number, plan in enumerate(plans, start=1):
            if not finished(record, plan.key, order.directory):
                _make_graph(plan, record, order, progress, f"{number}/{len(plans)} {plan.key}")
        shutil.rmtree(order.directory / STAGING, ignore_errors=True)
        _finish(checkpoint, record, order, [plan.key for plan in plans])


def _make_graph(plan: Plan, record: Record, order: Order, progress: Progress, label: str) -> None:
    staging = order.directory / STAGING
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    task = progress.add_task(label, total=None)
    graph, report = plan.build(), lambda size: progress.advance(task, size)
    target = Target(staging, kebab(plan.key), order.weights, order.inline_bytes_max, report, order.precision)
    written = export_graph(graph, target)
    files = {name: asdict(describe_file(staging / name)) for name in written.files}
    for name in reversed(written.files):  # weights before the graph that names them
        (staging / name).replace(order.directory / name)
    ports = {
        "inputs": [port_json(port) for port in graph.inputs],
        "outputs": [port_json(port) for port in graph.outputs],
    }
    entry = {"file": written.files[0], **ports, "weights": written.weights}
    if written.precision != "float32":
        entry |= {"precision": written.precision}
    record.graphs[plan.key] = {"entry": entry, "psnrDb": written.psnr_db, "files": files}
    save_record(record, order.directory)
    progress.update(task, total=progress.tasks[task].completed or 1)


def _finish(checkpoint: Checkpoint, record: Record, order: Order, keys: list[str]) -> None:
    """The manifest comes last: without it nothing is served."""
    directory = order.directory
    write_whole(directory / "tokenizer.json", checkpoint.tokenizer.json)
    if not (directory / "MODEL_CARD.md").exists():  # perhaps someone has written more into it
        write_whole(directory / "MODEL_CARD.md", model_card(checkpoint, order.about, order.weights, order.precision))
    graphs = {key: record.graphs[key]["entry"] for key in keys}
    manifest = build_manifest(checkpoint, order.about, graphs, encoder_digest(checkpoint, record.sources))
    files = {name: facts for key in keys for name, facts in record.graphs[key]["files"].items()}
    files["tokenizer.json"] = asdict(describe_file(directory / "tokenizer.json"))
    write_manifest(manifest, directory, files, identity(checkpoint, record.sources, _numbers(order)))


def _numbers(order: Order) -> str:
    """How weights are stored and computed with: what changes a picture."""
    return order.precision if order.precision == "half" else order.weights


def _options(checkpoint: Checkpoint, order: Order) -> dict[str, str]:
    """What decides the graphs' bytes beside the sources."""
    adapters = ", ".join(f"{adapter.file.name}:{adapter.strength}" for adapter in checkpoint.adapters)
    options = {"family": checkpoint.family, "weights": _numbers(order), "inlineBytesMax": str(order.inline_bytes_max)}
    text = checkpoint.decoder_text
    options |= {"adapters": adapters} if adapters else {}
    return options | ({} if text is None else {"decoderGuidance": str(text.guidance)})


def _source_facts(checkpoint: Checkpoint, progress: Progress) -> dict[str, FileFacts]:
    sources = checkpoint.sources()
    task = progress.add_task("SHA-256 of the sources", total=sum(path.stat().st_size for path in sources.values()))
    return {name: describe_file(path, lambda size: progress.advance(task, size)) for name, path in sources.items()}


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Raises CheckpointError while another import writes there. The system lets go of it even when a process is
    killed.
    """
    with (directory / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CheckpointError(f"another import is writing to {directory}") from None
        yield
        (directory / ".lock").unlink()


def read_sizes(text: str) -> tuple[str, ...]:
    """ "1024x1024,1536x1024". Raises CheckpointError for sides that no release fits."""
    sizes = tuple(size.strip() for size in text.split(","))
    for size in sizes:
        match = re.fullmatch(r"(\d+)x(\d+)", size)
        if match is None or any(
            int(side) % SIDE_STEP or not SIDE_STEP <= int(side) <= SIDE_MAX for side in match.groups()
        ):
            raise CheckpointError(
                f"--sizes: {size!r} is not WIDTHxHEIGHT with sides that are multiples of {SIDE_STEP} up to {SIDE_MAX}"
            )
    return sizes


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="model:import", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "source", nargs="+", help="folder, hub id (warp-ai/wuerstchen), or the files of one model, Stages A, B and C"
    )
    parser.add_argument("--prior", help="folder, hub id or file of the prior (default: beside the source, or in it)")
    parser.add_argument("--text", help="folder, file or hub id of Stage C's text encoder, where files hold none")
    parser.add_argument("--decoder-text", help="that of Stage B's (default for Stable Cascade: the same)")
    parser.add_argument("--out", type=Path, required=True, help="bundle folder; its name becomes the model's id")
    parser.add_argument("--id", help="another id, such as stable-cascade+mine:0.8")
    parser.add_argument(
        "--weights",
        choices=("float32", "float16"),
        default="float32",
        help="how weights are stored; they compute in float32",
    )
    parser.add_argument(
        "--precision",
        choices=("float32", "half"),
        default="float32",
        help="half: a card computes products in float16, with half the memory (weights are stored as float16)",
    )
    parser.add_argument("--variant", help='which weight files where there are several, for example "bf16"')
    parser.add_argument(
        "--adapter", action="append", default=[], metavar="FILE:0.8", help="LoRA to merge into Stage C (default: at 1)"
    )
    parser.add_argument(
        "--stage-b", choices=("large", "lite"), default="large", help="Stable Cascade's Stage B (default: large)"
    )
    parser.add_argument(
        "--stage-c", choices=("large", "lite"), default="large", help="Stable Cascade's Stage C (default: large)"
    )
    parser.add_argument("--decoder-prompt", action="store_true", help="Stage B reads the prompt too")
    parser.add_argument(
        "--decoder-guidance", type=float, help="Stage B's guidance scale; above 1 it takes two passes (default: 0)"
    )
    parser.add_argument(
        "--sizes",
        help="picture sizes to offer, the default first, such as 1024x1024,1536x1024 (default: 1024 to 1536 a side)",
    )
    parser.add_argument("--licence", help="of these weights, where it is not the release's")
    parser.add_argument("--revision", help="branch, tag or commit on the hub")
    parser.add_argument("--ignore-memory", action="store_true", help="begin although memory is short")
    parser.add_argument("--restart", action="store_true", help="begin again where a former import wrote to --out")
    return parser.parse_intermixed_args()


def main() -> None:
    arguments, console = _arguments(), Console(stderr=True)
    columns = (TextColumn("{task.description:28}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    try:
        run(arguments, Progress(*columns, console=console))
    except (CheckpointError, ArithmeticError) as problem:
        console.print(str(problem), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    console.print(f"{arguments.out} is ready: MODEL_ID={arguments.out.resolve().name} serves it", markup=False)


def run(arguments: argparse.Namespace, progress: Progress) -> None:
    """What the command line asks for. Raises as `import_bundle`."""
    directory: Path = arguments.out.resolve()
    if arguments.id is not None and not BUNDLE_ID.fullmatch(arguments.id):
        raise CheckpointError(
            f"--id: {arguments.id!r} is neither MODEL nor MODEL+ADAPTER:STRENGTH, such as sc+mine:0.8"
        )
    if arguments.id is None and not MODEL_ID.fullmatch(directory.name):
        raise CheckpointError(
            f"--out: {directory.name!r} is no model id: 1 to 64 of a-z, 0-9, '.', '_' and '-', a letter or digit first"
        )
    choice = Choice(arguments.variant, arguments.stage_b, arguments.stage_c)
    sizes = read_sizes(arguments.sizes) if arguments.sizes else None
    names = tuple(arguments.source)
    source = Source(names, arguments.prior, arguments.text, arguments.decoder_text, arguments.revision)
    text = read_decoder_text(arguments.decoder_prompt, arguments.decoder_guidance)
    checkpoint = with_decoder_text(open_source(source, choice), text)
    checkpoint = with_adapters(checkpoint, tuple(map(parse_adapter, arguments.adapter)))
    origin = ", ".join((*names, *arguments.adapter))
    about = About(arguments.id or directory.name, datetime.date.today().isoformat(), origin, sizes, arguments.licence)
    for file in unused_adapters(source, checkpoint):
        progress.console.print(f"{file} is a LoRA and is not read; --adapter {file}:1 merges it", markup=False)
    room = require_room(
        need_of(checkpoint, arguments.weights, arguments.precision),
        directory,
        None if arguments.ignore_memory else free_memory(),
    )
    progress.console.print(room, markup=False, highlight=False)
    if arguments.restart and (directory / "import.json").exists():
        shutil.rmtree(directory)
    with progress:
        write_bundle(
            checkpoint, Order(choice, about, directory, arguments.weights, precision=arguments.precision), progress
        )


if __name__ == "__main__":
    main()
