"""LoRAs of every program that trains them for Stable Cascade change the weights that they were trained on, and a file
that cannot be merged whole is refused.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from published_reference import new
from safetensors.torch import save_file
from test_published_state_dicts import OriginalAttention
from torch import Tensor, nn
from torch.nn.utils import parametrize

from wuerstchen.models.blocks import channels_first, channels_last
from wuerstchen.published.blocks import AttnBlock
from wuerstchen.published.bundle.adapters import Adapter, merge, parse_adapter, require_targets
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.cascade import CascadeUNet
from wuerstchen.published.clip_text import ClipText, ClipTextConfig
from wuerstchen.published.state_dicts import load_published
from wuerstchen.published.tiny import TINY_CASCADE_C

RANK, ALPHA, STRENGTH = 2, 4.0, 0.8
STAGE_C = ("down_blocks.0.2.attention.to_q", "up_blocks.1.2.attention.to_out.0", "clip_txt_mapper", "embedding.1")
TEXT = "encoder.layers.0.self_attn.q_proj"


@pytest.fixture(scope="module")
def networks() -> dict[str, nn.Module]:
    """Tests must not write to their weights: see `copy_of`."""
    config = ClipTextConfig(12, 8, 16, 1, 2, 9, 0, "gelu", 1e-5, 1)
    return {"stage_c": new(CascadeUNet, TINY_CASCADE_C), "text_encoder": new(ClipText, config)}


def copy_of(network: nn.Module) -> nn.Module:
    copied = type(network)(network.config)
    copied.load_state_dict(network.state_dict())
    return copied


def factors(network: nn.Module, module: str) -> tuple[Tensor, Tensor]:
    """up and down, of convolutions as convolutions."""
    rows, columns, *rest = network.get_parameter(f"{module}.weight").shape
    generator = torch.Generator().manual_seed(len(module))
    return torch.randn(rows, RANK, *rest, generator=generator), torch.randn(RANK, columns, *rest, generator=generator)


def kohya(part: str, module: str) -> str:
    """As OneTrainer and kohya name a layer."""
    head = {"stage_c": "lora_prior_unet_", "text_encoder": "lora_prior_te_text_model_"}[part]
    return head + module.replace(".", "_")


def onetrainer_of_original(part: str, module: str) -> str:
    return kohya(part, module.replace("to_out.0", "attn.out_proj").replace(".to_q", ".attn.to_q"))


def peft(part: str, module: str) -> str:
    return {"stage_c": "unet.", "text_encoder": "text_encoder.text_model."}[part] + module


def prior(part: str, module: str) -> str:
    return {"stage_c": "prior.", "text_encoder": "text_encoder.text_model."}[part] + module


# How a program names a layer, its factors, and whether it stores alpha.
NAMINGS: dict[str, tuple[Callable[[str, str], str], str, str, bool]] = {
    "kohya": (kohya, "lora_up.weight", "lora_down.weight", True),
    "OneTrainer": (onetrainer_of_original, "lora_up.weight", "lora_down.weight", True),
    "diffusers": (peft, "lora_B.weight", "lora_A.weight", False),
    "diffusers with adapters' names": (prior, "lora_B.default.weight", "lora_A.default.weight", False),
    "diffusers before PEFT": (prior, "lora.up.weight", "lora.down.weight", False),
}


@pytest.mark.parametrize("naming", NAMINGS)
def test_each_programs_names_reach_the_weights_they_were_trained_on(
    naming: str, networks: dict[str, nn.Module], tmp_path: Path
) -> None:
    spell, up_name, down_name, has_alpha = NAMINGS[naming]
    state, expected = {}, {}
    for part, module in [*(("stage_c", module) for module in STAGE_C), ("text_encoder", TEXT)]:
        up, down = factors(networks[part], module)
        name = spell(part, module)
        state |= {f"{name}.{up_name}": up, f"{name}.{down_name}": down}
        if has_alpha:
            state[f"{name}.alpha"] = torch.tensor(ALPHA)
        weight = networks[part].get_parameter(f"{module}.weight")
        product = (up.flatten(1) @ down.flatten(1)).reshape(weight.shape)
        expected[part, f"{module}.weight"] = weight + STRENGTH * (ALPHA / RANK if has_alpha else 1) * product
    save_file(state, tmp_path / "lora.safetensors")
    adapter = parse_adapter(f"{tmp_path / 'lora.safetensors'}:{STRENGTH}")
    require_targets(adapter, networks)
    for part, network in networks.items():
        merged = copy_of(network)
        merge(adapter, merged)
        for key, tensor in network.state_dict().items():
            assert torch.allclose(merged.state_dict()[key], expected.get((part, key), tensor), atol=1e-5), key


def test_the_alpha_that_diffusers_writes_beside_the_tensors_counts(
    networks: dict[str, nn.Module], tmp_path: Path
) -> None:
    module, merged, file = STAGE_C[0], copy_of(networks["stage_c"]), tmp_path / "lora.safetensors"
    up, down = factors(merged, module)
    before = merged.get_parameter(f"{module}.weight").detach().clone()
    state = {f"unet.{module}.lora_B.weight": up, f"unet.{module}.lora_A.weight": down}
    save_file(state, file, {"lora_adapter_metadata": f'{{"unet.r": {RANK}, "unet.lora_alpha": {ALPHA}}}'})
    merge(Adapter(file), merged)
    after = merged.get_parameter(f"{module}.weight")
    assert torch.allclose(after, before + ALPHA / RANK * up @ down, atol=1e-5)


def test_each_part_counts_by_the_alpha_that_is_written_for_it(networks: dict[str, nn.Module], tmp_path: Path) -> None:
    alphas, state = {"prior": ALPHA, "text_encoder": 16.0}, {}
    modules = {"stage_c": STAGE_C[0], "text_encoder": TEXT}
    for part, module in modules.items():
        up, down = factors(networks[part], module)
        state |= {f"{prior(part, module)}.lora_B.weight": up, f"{prior(part, module)}.lora_A.weight": down}
    settings = json.dumps({f"{part}.lora_alpha": alpha for part, alpha in alphas.items()})
    save_file(state, tmp_path / "lora.safetensors", {"lora_adapter_metadata": settings})
    for (part, module), alpha in zip(modules.items(), alphas.values(), strict=True):
        merged, (up, down) = copy_of(networks[part]), factors(networks[part], module)
        merge(Adapter(tmp_path / "lora.safetensors"), merged)
        change = merged.get_parameter(f"{module}.weight") - networks[part].get_parameter(f"{module}.weight")
        assert torch.allclose(change, alpha / RANK * up @ down, atol=1e-5), part


class TrainedSum(nn.Module):
    """What the authors' training adds to a weight."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.lora_down, self.lora_up = (
            nn.Parameter(torch.randn(shape)) for shape in ((RANK, weight.shape[1]), (weight.shape[0], RANK))
        )

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.lora_up @ self.lora_down / RANK


def test_the_authors_numbered_layers_count_a_blocks_output_before_its_packed_inputs(tmp_path: Path) -> None:
    torch.manual_seed(0)
    trained = nn.ModuleDict(
        {"down_blocks": OriginalAttention(16, 12, 2), "up_blocks": OriginalAttention(16, 12, 2)}
    ).eval()
    ours = nn.ModuleDict({name: AttnBlock(16, 12, 2, 0.0) for name in trained}).eval()
    for name, block in trained.items():
        load_published(ours[name], block.state_dict())
    for name, module in list(trained.named_modules()):  # as the training chooses: every weight below ".attn"
        for parameter in ("weight", "in_proj_weight"):
            if ".attn" in name and isinstance(getattr(module, parameter, None), nn.Parameter):
                parametrize.register_parametrization(module, parameter, TrainedSum(getattr(module, parameter)))
    sums = nn.ModuleList(module for module in trained.modules() if isinstance(module, TrainedSum))
    state = {f"weights.{name}": tensor for name, tensor in sums.state_dict().items()}
    save_file(state, tmp_path / "lora.safetensors")
    merge(Adapter(tmp_path / "lora.safetensors"), ours)
    x, tokens = torch.randn(2, 16, 3, 5), torch.randn(2, 7, 12)
    with torch.no_grad():
        for name in trained:
            assert torch.allclose(
                channels_first(ours[name](channels_last(x), tokens)), trained[name](x, tokens), atol=1e-4
            )


def lora(module: str, rows: int = 64, columns: int = 64, **more: Tensor) -> dict[str, Tensor]:
    name = f"lora_prior_unet_{module}"
    return {f"{name}.lora_up.weight": torch.ones(rows, 1), f"{name}.lora_down.weight": torch.ones(1, columns), **more}


Q = "down_blocks_0_2_attention_to_q"
TOKENS = {"embeddings.embeddings": torch.ones(1, 8), "embeddings.indices": torch.tensor([12])}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            lora("input_blocks_0_to_q"),
            "1 of its 1 layers fit nothing here, such as lora_prior_unet_input_blocks_0_to_q",
        ),
        (lora(Q, rows=32), r"attention_to_q is \(32, 1\) times \(1, 64\), for a weight of \(64, 64\)"),
        ({f"lora_prior_unet_{Q}.lora_up.weight": torch.ones(64, 1)}, "has one of its two factors alone"),
        (lora(Q, **{f"lora_prior_unet_{Q}.dora_scale": torch.ones(1)}), "is a DoRA, which cannot be merged"),
        ({f"lora_prior_unet_{Q}.hada_w1_a": torch.ones(1)}, "is a LoHa, which cannot be merged"),
        (lora(Q, **TOKENS), "adds tokens to the vocabulary"),
        *(
            (lora(Q, **{name: torch.ones(1)}), rf"holds 1 tensor that no plain LoRA has, such as {re.escape(name)}")
            for name in (
                f"lora_prior_unet_{Q}.lora_B.bias",
                f"lora_prior_unet_{Q}.diff_b",
                "lora_prior_unet_down_blocks_0_2_attention_to_k.diff",
                f"lora_prior_unet_{Q}.w_norm",
                f"lora_prior_unet_{Q}.a1.weight",
                "bundle_emb.a.clip_g",
                "embeddings.embeddings",
                "anything",
            )
        ),
        ({"weight": torch.ones(1)}, "holds no LoRA"),
    ],
)
def test_a_file_that_cannot_be_merged_whole_is_refused(
    state: dict[str, Tensor], message: str, networks: dict[str, nn.Module], tmp_path: Path
) -> None:
    save_file(state, tmp_path / "lora.safetensors")
    with pytest.raises(CheckpointError, match=message):
        require_targets(Adapter(tmp_path / "lora.safetensors"), networks)


def test_rows_of_the_token_embedding_are_added(networks: dict[str, nn.Module], tmp_path: Path) -> None:
    save_file(lora(Q, **(TOKENS | {"embeddings.indices": torch.tensor([3])})), tmp_path / "lora.safetensors")
    merged = copy_of(networks["text_encoder"])
    merge(Adapter(tmp_path / "lora.safetensors", 0.5), merged)
    change = merged.embeddings.token_embedding.weight - networks["text_encoder"].embeddings.token_embedding.weight
    assert torch.allclose(change[3], torch.full((8,), 0.5))
    assert not change[[0, 1, 2, 4]].any()


def test_a_file_and_its_strength_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "a:b.safetensors"
    file.touch()
    assert parse_adapter(f"{file}") == Adapter(file, 1.0)
    assert parse_adapter(f"{file}:-0.25") == Adapter(file, -0.25)
    with pytest.raises(CheckpointError, match=r"--adapter: there is no file .*nowhere"):
        parse_adapter(f"{tmp_path / 'nowhere'}:0.8")
