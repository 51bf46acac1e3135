"""Low-rank adapters (LoRA) for Stage C and its text encoder, merged into a network's weights when it is loaded.

Names of modules are those of `diffusers` (PEFT and before), of kohya and OneTrainer (underscores), or of the authors'
own training, which numbers its layers in the order of the network.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn

from wuerstchen.published.blocks import AttnBlock
from wuerstchen.published.bundle.checkpoint_error import CheckpointError, at
from wuerstchen.published.bundle.file_kinds import kind_of
from wuerstchen.published.bundle.weight_files import read_sections
from wuerstchen.published.clip_text import ClipText

STAGE_C_PREFIXES = ("lora_prior_unet_", "lora_unet_", "prior.", "unet.", "model.diffusion_model.", "diffusion_model.")
TEXT_PREFIXES = ("lora_prior_te_", "lora_te_", "text_encoder.")
PARTS = {"lora_down": "down", "lora_A": "down", "lora.down": "down", "lora_up": "up", "lora_B": "up", "lora.up": "up"}
PART = re.compile(r"(.*)\.(lora_down|lora_up|lora_A|lora_B|lora\.down|lora\.up)(?:\.default)?(?:\.weight)?")
# Kinds that are not low-rank sums, by a tensor that only they have.
OTHERS = {
    "hada_": "LoHa",
    "lokr_": "LoKr",
    "dora_scale": "DoRA",
    "magnitude_vector": "DoRA",
    "lora_mid": "LoCon with a core",
}
# Rows of the token embedding, and where they are added.
TOKENS = {"embeddings.embeddings", "embeddings.indices"}
# Settings of PEFT by which layers count differently.
UNSUPPORTED = ("alpha_pattern", "rank_pattern", "use_rslora", "use_dora")
NUMBERED = re.compile(r"weights\.(\d+)")
LISTED_MAX = 4


@dataclass(frozen=True)
class Adapter:
    """A file, and the strength (1: as trained) by which its sums count."""

    file: Path
    strength: float = 1.0


@dataclass
class LowRank:
    """`up` @ `down` * alpha / rank is added to a weight. Without `alpha` the product stands as it is."""

    up: Tensor | None = None
    down: Tensor | None = None
    alpha: float | None = None

    def factors(self, shape: torch.Size) -> tuple[Tensor, Tensor]:
        """As matrices. Raises ValueError where they do not make a weight of this shape."""
        if self.up is None or self.down is None:
            raise ValueError("has one of its two factors alone")
        up, down = self.up.flatten(1), self.down.flatten(1)
        if up.shape[1] != len(down) or (len(up), down.shape[1]) != (shape[0], shape[1:].numel()):
            raise ValueError(f"is {tuple(up.shape)} times {tuple(down.shape)}, for a weight of {tuple(shape)}")
        return up, down

    def product(self, shape: torch.Size) -> Tensor:
        """Of the weight's shape, float32. Raises as `factors`."""
        up, down = self.factors(shape)
        scale = 1.0 if self.alpha is None else self.alpha / len(down)
        return (up.float() @ down.float() * scale).reshape(shape)


@dataclass(frozen=True)
class Contents:
    """An adapter's layers by name of module, and what it adds to rows of the token embedding."""

    layers: dict[str, LowRank] = field(default_factory=dict)
    tokens: tuple[Tensor, Tensor] | None = None


def parse_adapter(text: str) -> Adapter:
    """ "FILE" or "FILE:0.8". Raises CheckpointError where there is no such file."""
    path, colon, strength = text.rpartition(":")
    if colon and re.fullmatch(r"-?\d+(\.\d+)?", strength):
        adapter = Adapter(Path(path), float(strength))
    else:
        adapter = Adapter(Path(text))
    if not adapter.file.is_file():
        raise CheckpointError(f"--adapter: there is no file {adapter.file}")
    return adapter


def read_adapter(file: Path) -> Contents:
    """Raises CheckpointError where the file is no LoRA, of a kind that cannot be merged, or more than a LoRA."""
    state = next(iter(read_sections(file, "cpu").values()))
    for mark, kind in OTHERS.items():
        if any(mark in name for name in state):
            raise at(file, f"is a {kind}, which cannot be merged: only plain LoRAs can")
    layers, others = _layers(state)
    if not layers:
        raise at(file, "holds no LoRA: none of its tensors is an up or down factor")
    if set(others) == TOKENS:
        tokens, others = (others["embeddings.embeddings"], others["embeddings.indices"]), {}
    else:
        tokens = None
    if others:
        listed, plural = ", ".join(sorted(others)[:LISTED_MAX]), "" if len(others) == 1 else "s"
        raise at(
            file, f"holds {len(others)} tensor{plural} that no plain LoRA has, such as {listed}: only all of it counts"
        )
    alphas = _stored_alphas(file)
    for name, layer in layers.items():
        if NUMBERED.fullmatch(name):
            layer.alpha = 1.0  # of the authors' training
        elif layer.alpha is None:
            layer.alpha = next((alpha for part, alpha in alphas.items() if name.startswith(part)), None)
    return Contents(layers, tokens)


def _layers(state: Mapping[str, Tensor]) -> tuple[dict[str, LowRank], dict[str, Tensor]]:
    """The layers of a file, and its tensors that belong to none."""
    layers: dict[str, LowRank] = {}
    others: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if match := PART.fullmatch(name):
            setattr(layers.setdefault(match[1], LowRank()), PARTS[match[2]], tensor)
        elif name.endswith(".alpha"):
            layers.setdefault(name.removesuffix(".alpha"), LowRank()).alpha = float(tensor)
        else:
            others[name] = tensor
    return layers, others


def _stored_alphas(file: Path) -> dict[str, float]:
    """What newer versions of `diffusers` write beside the tensors, by the prefix ("prior.", "text_encoder.") of the
    layers that it is for. Raises CheckpointError for scales layer by layer.
    """
    if kind_of(file) != "safetensors":
        return {}
    with safe_open(file, framework="pt") as opened:
        settings = json.loads((opened.metadata() or {}).get("lora_adapter_metadata", "{}"))
    for key, value in settings.items():
        name = key.rpartition(".")[2]
        if name in UNSUPPORTED and value:
            raise at(file, f"sets {name}, which is not supported")
    return {key.removesuffix("lora_alpha"): value for key, value in settings.items() if key.endswith("lora_alpha")}


def require_targets(adapter: Adapter, networks: Mapping[str, nn.Module]) -> None:
    """Raises CheckpointError where a layer of the adapter fits none of the networks (by role, may be on meta)."""
    contents, known = read_adapter(adapter.file), set()
    for network in networks.values():
        for name, weights in _pairs(network, contents):
            known.add(name)
            try:
                contents.layers[name].factors(_shape(weights))
            except ValueError as problem:
                raise at(adapter.file, f"{name} {problem}") from None
    if unknown := sorted(contents.layers.keys() - known):
        listed = ", ".join(unknown[:LISTED_MAX])
        raise at(
            adapter.file, f"{len(unknown)} of its {len(contents.layers)} layers fit nothing here, such as {listed}"
        )
    if contents.tokens is not None and int(contents.tokens[1].max()) >= networks["text_encoder"].config.vocabulary:
        raise at(adapter.file, "adds tokens to the vocabulary, which the tokenizer lacks")


@torch.no_grad()
def merge(adapter: Adapter, network: nn.Module) -> None:
    """Adds the layers that are this network's to its weights, in place; those become float32."""
    contents = read_adapter(adapter.file)
    for name, weights in _pairs(network, contents):
        product = contents.layers[name].product(_shape(weights))
        for weight, part in zip(weights, product.split([len(weight) for weight in weights]), strict=True):
            weight.data = weight.float() + adapter.strength * part
    if contents.tokens is not None and isinstance(network, ClipText):
        embedding = network.embeddings.token_embedding.weight
        rows, places = contents.tokens
        embedding.data = embedding.float().index_add(0, places.long(), adapter.strength * rows.float())


def _shape(weights: list[nn.Parameter]) -> torch.Size:
    """Of the rows of all of them."""
    return torch.Size((sum(len(weight) for weight in weights), *weights[0].shape[1:]))


def _pairs(network: nn.Module, contents: Contents) -> Iterator[tuple[str, list[nn.Parameter]]]:
    """Each layer of the adapter that is this network's, with the weights whose rows it changes, in order."""
    places = _spelled(network) | _numbered(network)
    prefixes = TEXT_PREFIXES if isinstance(network, ClipText) else STAGE_C_PREFIXES
    for name in contents.layers:
        prefix = next((prefix for prefix in prefixes if name.startswith(prefix)), "")
        if found := places.get(name.removeprefix(prefix).replace(".", "_")):
            yield name, found


def _spelled(network: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Every matrix by its module's name with underscores, as `diffusers` and as the authors and ComfyUI spell it."""
    places: dict[str, list[nn.Parameter]] = {}
    head = "text_model_" if isinstance(network, ClipText) else ""
    for name, parameter in network.named_parameters():
        if parameter.ndim > 1 and name.endswith(".weight"):
            module = name.removesuffix(".weight")
            for spelled in (module, module.replace(".to_out.0", ".attn.out_proj").replace(".to_", ".attn.to_")):
                places[head + spelled.replace(".", "_")] = [parameter]
    return places


def _numbered(network: nn.Module) -> dict[str, list[nn.Parameter]]:
    """The authors' training changes attention alone. Of each block it counts the output before the packed inputs."""
    blocks = [block.attention for block in network.modules() if isinstance(block, AttnBlock)]
    places = [place for each in blocks for place in ([each.to_out[0]], [each.to_q, each.to_k, each.to_v])]
    return {f"weights_{number}": [layer.weight for layer in place] for number, place in enumerate(places)}
