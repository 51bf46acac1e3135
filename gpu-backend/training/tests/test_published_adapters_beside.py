"""Adapters that lie beside a published model: merged where they are named, pointed out where they are not."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from test_published_import import cheap_export, opened, order, quiet

from wuerstchen.published.bundle.adapters import Adapter
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.fit import with_adapters
from wuerstchen.published.bundle.open_source import Source, unused_adapters
from wuerstchen.published.import_bundle import write_bundle


def test_an_adapter_beside_a_model_is_merged_where_it_is_named_and_pointed_out_where_it_is_not(
    copied: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wuerstchen.published.import_bundle.export_graph", cheap_export)
    file, layer = copied[0] / "pytorch_lora_weights.safetensors", "unet.blocks.2.attention.to_q"
    save_file({f"{layer}.lora_B.weight": torch.ones(32, 1), f"{layer}.lora_A.weight": torch.ones(1, 32)}, file)
    source, plain, revisions = Source((str(copied[0]),)), opened(copied), []
    assert unused_adapters(source, plain) == [file]
    for strength in (0.5, 0.6):
        merged = with_adapters(plain, (Adapter(file, strength),))
        assert unused_adapters(source, merged) == []
        change = (
            merged.stage_c.load().blocks[2].attention.to_q.weight - plain.stage_c.load().blocks[2].attention.to_q.weight
        )
        assert torch.allclose(change, torch.full((32, 32), strength), atol=1e-6)
        write_bundle(merged, order(tmp_path / str(strength)), quiet())
        revisions.append(json.loads((tmp_path / str(strength) / "model.json").read_text())["revision"])
    assert revisions[0] != revisions[1]
    with pytest.raises(CheckpointError, match=r"adapters pytorch_lora_weights.safetensors:0.5.*; --restart"):
        write_bundle(merged, order(tmp_path / "0.5"), quiet())


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("a.safetensors", "lora_prior_unet_blocks_0.lora_down.weight"),
        ("pytorch_lora_weights.bin", "unet.blocks.0.lora.down.weight"),
        ("b.pt", "weights.0.lora_down"),
        ("loha.safetensors", "lycoris_blocks_0.hada_w1_a"),
        ("lokr.safetensors", "lora_unet_blocks_0.lokr_w1"),
        ("oft.safetensors", "unet_blocks_0.oft_blocks"),
    ],
)
def test_an_adapter_of_any_kind_beside_a_model_is_pointed_out(name: str, layer: str, copied: tuple[Path, Path]) -> None:
    file, state = copied[0] / name, {layer: torch.ones(1, 2)}
    save_file(state, file) if file.suffix == ".safetensors" else torch.save(state, file)
    assert unused_adapters(Source((str(copied[0]),)), opened(copied)) == [file]
