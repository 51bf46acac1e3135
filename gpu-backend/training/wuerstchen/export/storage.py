"""How small each graph can be stored, and what it costs: float16 and int8 weights against float32.

`python -m wuerstchen.export.storage --config configs/emoji-128.toml --runs runs`: a table for the model card. Weights
alone are rounded; arithmetic stays float32. PSNR is of the graph's own output on random inputs, so it tells of one
pass, not of a sampled picture.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from wuerstchen.config import load_config
from wuerstchen.export.bundle import exact_model, stored_psnr, trained_stages
from wuerstchen.export.compress_weights import compress_weights
from wuerstchen.export.graphs import Graph, bundle_graphs
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import ends_when_stopped
from wuerstchen.whole_file import write_whole

STORAGES = ("float16", "int8")


@dataclass(frozen=True)
class StoredSize:
    """One graph in one storage."""

    graph: str
    storage: str
    size: int  # bytes
    psnr_db: float
    in_bundle: bool  # whether the bundle stores it so


def measure(graph: Graph) -> list[StoredSize]:
    exact = exact_model(graph)
    figures = [StoredSize(graph.key, "float32", exact.ByteSize(), stored_psnr(graph, exact), False)]
    for storage in STORAGES:
        stored = compress_weights(exact, storage)
        figures.append(
            StoredSize(graph.key, storage, stored.ByteSize(), stored_psnr(graph, stored), storage == graph.weights)
        )
    return figures


def run(arguments: argparse.Namespace) -> None:
    config = load_config(arguments.config)
    graphs = bundle_graphs(config, trained_stages(config, arguments.runs / config.id))
    figures = [figure for graph in track(graphs, description="graphs") for figure in measure(graph)]
    table = Table("graph", "weights", "MB", "PSNR, dB", "in the bundle")
    for figure in figures:
        used = "yes" if figure.in_bundle else ""
        table.add_row(figure.graph, figure.storage, f"{figure.size / 1e6:.2f}", f"{figure.psnr_db:.1f}", used)
    Console().print(table)
    if arguments.json is not None:
        write_whole(arguments.json, json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder that training wrote")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    with plain_errors("export.storage"), ends_when_stopped("export.storage: stopped"):
        run(arguments)


if __name__ == "__main__":
    main()
