import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tiny_bundle import TINY, predicted

from wuerstchen.export.open_bundle import Bundle
from wuerstchen.models.build import new_stage_c
from wuerstchen.models.lora import add_lora, apply_lora, load_lora, merge_lora, save_lora
from wuerstchen.models.stage_c import StageC


def with_random_adapters(bundle: Bundle) -> StageC:
    model = bundle.stage_c(TINY)
    add_lora(model, rank=3, alpha=6)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)) * 0.1)
    return model


def test_new_adapters_change_nothing(bundle: Bundle) -> None:
    model = bundle.stage_c(TINY)
    before = predicted(model)
    add_lora(model, rank=4, alpha=4)
    assert torch.equal(predicted(model), before)
    trained = {
        name.rpartition("parametrizations.weight.0.")[2] for name, p in model.named_parameters() if p.requires_grad
    }
    assert trained == {"down", "up"}


def test_merged_adapters_compute_the_same_under_the_plain_names(bundle: Bundle) -> None:
    model = with_random_adapters(bundle)
    before = predicted(model)
    assert (before - predicted(bundle.stage_c(TINY))).abs().max() > 1e-2
    merge_lora(model)
    assert (predicted(model) - before).abs().max() <= 1e-6
    assert model.state_dict().keys() == new_stage_c(TINY).state_dict().keys()


def test_a_file_of_adapters_gives_back_the_model(bundle: Bundle, tmp_path: Path) -> None:
    model, again = with_random_adapters(bundle), bundle.stage_c(TINY)
    save_lora(model, tmp_path / "lora.safetensors", {"base": "tiny"})
    load_lora(again, tmp_path / "lora.safetensors")
    assert torch.equal(predicted(again), predicted(model))
    assert (tmp_path / "lora.safetensors").stat().st_size < 40_000


def test_every_kind_of_layer_is_adapted(bundle: Bundle) -> None:
    model = with_random_adapters(bundle)
    adapted = {name.split(".parametrizations")[0] for name, p in model.named_parameters() if p.requires_grad}
    kinds = {name.rpartition(".")[2] for name in adapted if not name.startswith("pooled.")}
    assert kinds == {"query", "key", "value", "out", "expand", "reduce"}
    assert {name for name in adapted if name.startswith("pooled.")} == {f"pooled.{k}" for k in range(len(model.pooled))}


def test_a_file_that_adapts_attention_alone_is_read(bundle: Bundle, tmp_path: Path) -> None:
    """Files of 0.2.0."""
    model, again, applied = with_random_adapters(bundle), bundle.stage_c(TINY), bundle.stage_c(TINY)
    save_lora(model, tmp_path / "all.safetensors", {})
    with safe_open(tmp_path / "all.safetensors", "pt") as file:
        kept = {name: file.get_tensor(name) for name in file.keys() if ".2." in name}  # noqa: SIM118
        save_file(kept, tmp_path / "attention.safetensors", file.metadata())
    load_lora(again, tmp_path / "attention.safetensors")
    apply_lora(applied, tmp_path / "attention.safetensors", 1.0)
    assert (predicted(again) - predicted(bundle.stage_c(TINY))).abs().max() > 1e-3
    assert (predicted(applied) - predicted(again)).abs().max() <= 1e-6
    save_lora(again, tmp_path / "again.safetensors", {})
    with safe_open(tmp_path / "again.safetensors", "pt") as file:
        assert set(file.keys()) == set(kept)


def test_adapters_of_another_network_are_refused(bundle: Bundle, tmp_path: Path) -> None:
    save_lora(with_random_adapters(bundle), tmp_path / "lora.safetensors", {})
    deeper = new_stage_c(dataclasses.replace(TINY, stage_c=dataclasses.replace(TINY.stage_c, depth=3)))
    with pytest.raises(ValueError, match="other layers"):
        load_lora(deeper, tmp_path / "lora.safetensors")
