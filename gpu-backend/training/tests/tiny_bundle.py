"""The tiny bundle whose Stage C can be read back, and what its tests put in."""

import dataclasses
import json
import shutil
from pathlib import Path

import torch

from wuerstchen.config import load_config
from wuerstchen.export.bundle import export_graph
from wuerstchen.export.graphs import bundle_graphs
from wuerstchen.export.manifest import write_manifest
from wuerstchen.export.open_bundle import STAGE_C_GRAPHS, Bundle
from wuerstchen.export.tiny import tiny_stages
from wuerstchen.models.stage_c import StageC

TRAINING = Path(__file__).parent.parent
TINY = load_config(TRAINING / "configs" / "tiny.toml")
STAGES = tiny_stages(TINY)
with torch.no_grad():
    STAGES.stage_c.head.weight.mul_(
        0.2
    )  # a random head comes near the division by zero that a trained one keeps away from


def write_bundle(directory: Path) -> Bundle:
    """The servers' tiny bundle with Stage C as the code of today exports it."""
    shutil.copytree(TRAINING.parent.parent / "test" / "support" / "models" / "tiny", directory)
    manifest = json.loads((directory / "model.json").read_text())
    for graph in bundle_graphs(TINY, STAGES):
        if graph.key in STAGE_C_GRAPHS:
            export_graph(graph, directory / manifest["graphs"][graph.key]["file"])
            manifest["graphs"][graph.key]["inputs"] = [dataclasses.asdict(port) for port in graph.inputs]
    write_manifest(manifest, directory)
    return Bundle(directory)


def inputs(seed: int = 0) -> tuple[torch.Tensor, ...]:
    """A noisy latent that is not square, its time, text and mask."""
    generator = torch.Generator().manual_seed(seed)
    x, text = torch.randn((2, 16, 4, 6), generator=generator), torch.randn((2, 5, 32), generator=generator)
    return x, torch.tensor([0.3, 0.9]), text, torch.tensor([[1.0] * 5, [1.0] * 3 + [0.0] * 2])


@torch.no_grad()
def predicted(model: StageC) -> torch.Tensor:
    return model(*inputs())
