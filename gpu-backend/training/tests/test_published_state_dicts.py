"""Released weights load in both published layouts, and what does not fit is named."""

from pathlib import Path

import pytest
import torch
from published_reference import in_original_layout, new
from safetensors.torch import save_file
from torch import Tensor, nn

from wuerstchen.models.blocks import channels_first, channels_last
from wuerstchen.published.blocks import AttnBlock
from wuerstchen.published.build import build_stage
from wuerstchen.published.cascade import CascadeUNet
from wuerstchen.published.stage_a import PaellaVQ
from wuerstchen.published.stage_b import DiffNeXt
from wuerstchen.published.stage_c import Prior
from wuerstchen.published.state_dicts import detect_layout, load_published, read_state_dict
from wuerstchen.published.tiny import TINY_CASCADE_B, TINY_CASCADE_C, TINY_DIFFNEXT, TINY_PAELLA_VQ, TINY_PRIOR

NETWORKS = {
    "prior": (Prior, TINY_PRIOR),
    "diffnext": (DiffNeXt, TINY_DIFFNEXT),
    "paella-vq": (PaellaVQ, TINY_PAELLA_VQ),
    "cascade-c": (CascadeUNet, TINY_CASCADE_C),
    "cascade-b": (CascadeUNet, TINY_CASCADE_B),
}


class OriginalAttention(nn.Module):
    """The official attention block, as far as parameters go: a packed `nn.MultiheadAttention` named
    `attention.attn`.
    """

    def __init__(self, channels: int, condition_channels: int, heads: int) -> None:
        super().__init__()
        self.attention = nn.Module()
        self.attention.attn = nn.MultiheadAttention(channels, heads, batch_first=True)
        self.kv_mapper = nn.Sequential(nn.SiLU(), nn.Linear(condition_channels, channels))
        self.norm = nn.LayerNorm(channels, elementwise_affine=False, eps=1e-6)

    def forward(self, x: Tensor, tokens: Tensor) -> Tensor:
        image = self.norm(x.flatten(2).transpose(1, 2))
        memory = torch.cat([image, self.kv_mapper(tokens)], dim=1)
        mixed = self.attention.attn(image, memory, memory, need_weights=False)[0]
        return x + mixed.transpose(1, 2).reshape(x.shape)


def test_packed_attention_gives_the_same_result_after_it_is_split() -> None:
    torch.manual_seed(0)
    original = OriginalAttention(32, 12, 4).eval()
    nn.init.normal_(original.attention.attn.in_proj_bias)
    ours = AttnBlock(32, 12, 4, 0.1).eval()
    load_published(ours, original.state_dict())
    x, tokens = torch.randn(2, 32, 3, 5), torch.randn(2, 7, 12)
    with torch.no_grad():
        assert torch.allclose(channels_first(ours(channels_last(x), tokens)), original(x, tokens), atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("layout", ["original", "diffusers"])
def test_a_state_dict_of_either_layout_is_recognised_and_loads(name: str, layout: str) -> None:
    source = new(*NETWORKS[name], seed=1)
    renamed = "clip_mapper" if name == "cascade-b" else "clip_txt_pooled_mapper"
    state = in_original_layout(source, renamed) if layout == "original" else source.state_dict()
    target = new(*NETWORKS[name], seed=2)
    assert detect_layout(target, state) == layout
    load_published(target, state)
    for key, tensor in source.state_dict().items():
        assert torch.equal(target.state_dict()[key], tensor), key


def test_only_stable_cascades_stage_b_renames_its_text_mapper() -> None:
    decoder = new(DiffNeXt, TINY_DIFFNEXT)
    state = in_original_layout(decoder)
    assert "clip_mapper.weight" in state
    load_published(new(DiffNeXt, TINY_DIFFNEXT, seed=1), state)


@pytest.mark.parametrize("stage", ["compressor", "previewer"])
def test_networks_without_renamed_parts_load_from_either_repository(stage: str) -> None:
    source, target = build_stage("cascade-lite", stage), build_stage("cascade-lite", stage, "meta")
    load_published(target, source.state_dict())
    assert not any(tensor.is_meta for tensor in target.state_dict().values())


def test_a_network_on_meta_takes_the_tensors_over_without_a_copy() -> None:
    source = new(Prior, TINY_PRIOR)
    with torch.device("meta"):
        target = Prior(TINY_PRIOR)
    state = source.state_dict()
    load_published(target, state)
    assert target.projection.weight.data_ptr() == state["projection.weight"].data_ptr()


def test_data_parallel_prefixes_are_dropped() -> None:
    state = {f"module.{name}": tensor for name, tensor in in_original_layout(new(Prior, TINY_PRIOR)).items()}
    load_published(new(Prior, TINY_PRIOR, seed=1), state)


def test_every_mismatch_is_named() -> None:
    state = new(Prior, TINY_PRIOR).state_dict()
    del state["projection.bias"]
    state["surplus"] = torch.zeros(1)
    state["out.1.bias"] = torch.zeros(3)
    with pytest.raises(ValueError, match="Prior") as raised:
        load_published(new(Prior, TINY_PRIOR), state)
    message = str(raised.value)
    assert "1 missing: projection.bias" in message
    assert "1 unexpected: surplus" in message
    assert "out.1.bias (3,) instead of (32,)" in message


def test_a_wrong_network_is_refused_with_a_short_list() -> None:
    with pytest.raises(ValueError, match="of this DiffNeXt") as raised:
        load_published(new(DiffNeXt, TINY_DIFFNEXT), new(Prior, TINY_PRIOR).state_dict())
    assert len(str(raised.value)) < 1200


def test_a_refused_state_dict_leaves_the_network_as_it_was() -> None:
    network = new(Prior, TINY_PRIOR)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    broken = {name: tensor + 1 for name, tensor in before.items() if name != "out.1.bias"}
    with pytest.raises(ValueError, match=r"1 missing: out\.1\.bias"):
        load_published(network, broken)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_files_of_both_kinds_are_read(tmp_path: Path) -> None:
    state = {"weight": torch.arange(3.0)}
    save_file(state, tmp_path / "a.safetensors")
    torch.save({"state_dict": {"weight": torch.zeros(3)}, "ema_state_dict": state}, tmp_path / "b.pt")
    torch.save(state, tmp_path / "c.pt")
    assert torch.equal(read_state_dict(tmp_path / "a.safetensors")["weight"], state["weight"])
    assert torch.equal(read_state_dict(tmp_path / "b.pt", "ema_state_dict")["weight"], state["weight"])
    assert not read_state_dict(tmp_path / "b.pt")["weight"].any()
    assert torch.equal(read_state_dict(tmp_path / "c.pt")["weight"], state["weight"])


def test_a_missing_section_of_a_checkpoint_lists_the_others(tmp_path: Path) -> None:
    torch.save({"state_dict": {}, "step": 3}, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match="'ema_state_dict'; it has state_dict, step"):
        read_state_dict(tmp_path / "checkpoint.pt", "ema_state_dict")
