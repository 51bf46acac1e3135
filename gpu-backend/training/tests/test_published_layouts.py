"""Every layout in which people have a model on disk opens as the model that `diffusers` saved: the published names and
files around random weights.
"""

import base64
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import published_checkpoints
import pytest
import torch
from published_bundle_runner import BundleRunner
from published_reference import in_original_layout
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection
from transformers.image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD

from wuerstchen.evaluation import diffusers_networks
from wuerstchen.evaluation.diffusers_networks import TextSize
from wuerstchen.published.bundle.checkpoint import Checkpoint, Choice
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.describe_bundle import About, build_manifest
from wuerstchen.published.bundle.image_prompts import image_encoder
from wuerstchen.published.bundle.network_graphs import plan_graphs
from wuerstchen.published.bundle.open_source import Source, open_source
from wuerstchen.published.compressor import Compressor
from wuerstchen.published.configs import CompressorConfig, PreviewerConfig, PublishedConfig
from wuerstchen.published.previewer import Previewer
from wuerstchen.published.tiny import TINY_CASCADE_B, TINY_CASCADE_C, TINY_DIFFNEXT, TINY_PRIOR, randomise

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "test" / "golden"))

import make_published_golden

# A head is 64 wide in every release, so that shapes tell their number.
WIDTH, TEXT = 64, TextSize(inner_width=37, layers=2, heads=1, projection=72)
MODELS: dict[str, PublishedConfig] = {
    "v2": replace(
        published_checkpoints.FAMILIES["v2"],
        stage_c=replace(TINY_PRIOR, heads=1, text_channels=WIDTH),
        stage_b=replace(TINY_DIFFNEXT, channels=(16, 64, 64, 64), heads=(0, 1, 1, 1), text_channels=WIDTH),
    ),
    "cascade": replace(
        published_checkpoints.FAMILIES["cascade"],
        stage_c=replace(TINY_CASCADE_C, heads=(1, 1), text_channels=WIDTH, pooled_channels=TEXT.projection),
        stage_b=replace(TINY_CASCADE_B, heads=(0, 0, 1, 1), pooled_channels=TEXT.projection),
    ),
}
CASE = {
    "prompt": "red cat",
    "negativePrompt": "a dog",
    "seed": 5,
    "steps": 4,
    "guidanceScale": 2.0,
    "size": "128x128",
}
State = Mapping[str, Tensor]


class Model:
    """A tiny model of `diffusers`: its pipelines, what they paint, and its networks' states."""

    def __init__(self, family: str) -> None:
        self.prior, self.decoder = diffusers_networks.pipelines(
            MODELS[family], TEXT, published_checkpoints.STAGE_A_GAIN[family]
        )
        if family == "cascade":  # whose files bring one text encoder for both stages
            self.decoder.text_encoder.load_state_dict(self.prior.text_encoder.state_dict())
        self.painted = make_published_golden.make_case(family, self.prior, self.decoder, CASE)

    @property
    def states(self) -> dict[str, State]:
        parts = {
            "text_encoder": self.prior.text_encoder,
            "stage_c": self.prior.prior,
            "text_encoder_b": self.decoder.text_encoder,
            "stage_b": self.decoder.decoder,
            "stage_a": self.decoder.vqgan,
        }
        return {name: part.state_dict() for name, part in parts.items()}


@pytest.fixture(scope="module")
def v2() -> Model:
    return Model("v2")


@pytest.fixture(scope="module")
def cascade() -> Model:
    return Model("cascade")


@pytest.fixture(scope="module")
def extras() -> dict[str, nn.Module]:
    torch.manual_seed(3)
    networks = {
        "compressor": Compressor(CompressorConfig(16, affine=False)),
        "previewer": Previewer(PreviewerConfig(16, 32)),
    }
    return {name: randomise(network, 3) for name, network in networks.items()}


@pytest.fixture(scope="module")
def vision() -> CLIPVisionModelWithProjection:
    """The picture encoder of the prior, with a head as wide as the release's."""
    torch.manual_seed(4)
    projection = MODELS["cascade"].stage_c.image_channels
    sizes = {"hidden_size": WIDTH, "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 1}
    config = CLIPVisionConfig(**sizes, image_size=28, patch_size=14, projection_dim=projection)
    return CLIPVisionModelWithProjection(config).half().float().eval()


class NetworkRunner(BundleRunner):
    """As the server runs a bundle, with the opened networks in place of the graphs that are made of them."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.graphs = {plan.key: plan.build() for plan in plan_graphs(checkpoint)}
        self.manifest = build_manifest(checkpoint, About("tiny", "2026-11-27", "files", ("128x128",)), {})

    @torch.no_grad()
    def run(self, key: str, *inputs: Tensor) -> Tensor:
        outputs = self.graphs[key].expected(*inputs)
        return outputs[0] if isinstance(outputs, tuple) else outputs


def assert_paints_as_diffusers(checkpoint: Checkpoint, model: Model) -> None:
    runner = NetworkRunner(checkpoint)
    latent = runner.latent(model.painted)
    expected = decoded(model.painted["latentBase64"], "<f4").reshape(latent.shape)
    assert np.abs(latent - expected).max() < 1e-3
    _, image = runner.paint(torch.from_numpy(expected), CASE["seed"])
    pixels = np.rint(image[0].permute(1, 2, 0).numpy() * 255)
    assert np.abs(pixels - decoded(model.painted["pixelsBase64"], "u1").reshape(pixels.shape)).max() <= 1


def decoded(content: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(content), dtype).astype(np.float32)


def assert_holds(checkpoint: Checkpoint, model: Model) -> None:
    """The very weights and token ids: so the very bundle, which other tests hold against `diffusers`."""
    parts = {component.name: component.load().state_dict() for component in checkpoint.components}
    for name, state in model.states.items():
        for key, tensor in parts[name].items():
            wanted = state[key] if key in state else state[f"text_model.{key}"]
            assert torch.equal(tensor.float(), wanted), (name, key)
    assert checkpoint.tokenizer.pad == model.prior.tokenizer.pad_token_id


@torch.no_grad()
def assert_reads_pictures(checkpoint: Checkpoint, vision: CLIPVisionModelWithProjection) -> None:
    """As `transformers` does, of pictures that are normalised as the release's are."""
    pictures = torch.rand(2, 3, 28, 28)
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (OPENAI_CLIP_MEAN, OPENAI_CLIP_STD))
    wanted = vision((pictures - mean) / deviation).image_embeds
    assert torch.allclose(image_encoder(checkpoint.images).expected(pictures), wanted, atol=1e-4)


def half(state: State) -> dict[str, Tensor]:
    """As people store it, without loss: these weights are of float16."""
    return {
        name: tensor.half().contiguous() if tensor.is_floating_point() else tensor for name, tensor in state.items()
    }


def other(state: State) -> dict[str, Tensor]:
    """Of the same shapes: what must not be taken."""
    return {name: tensor + 1 for name, tensor in half(state).items()}


def prefixed(prefix: str, state: State) -> dict[str, Tensor]:
    return {f"{prefix}{name}": tensor for name, tensor in state.items()}


def write_text(folder: Path, model: Model) -> None:
    model.prior.text_encoder.save_pretrained(folder / "text_encoder")
    model.prior.tokenizer.save_pretrained(folder / "tokenizer")


def own_files(folder: Path, model: Model, extras: dict[str, nn.Module]) -> None:
    """Stable Cascade's repository, after a person has fetched some of its files."""
    c, b = in_original_layout(model.prior.prior), in_original_layout(model.decoder.decoder, "clip_mapper")
    files = {
        "stage_a": in_original_layout(model.decoder.vqgan),
        "stage_b": other(b),
        "stage_b_lite": other(b),
        "stage_b_lite_bf16": half(b),
        "stage_c": other(c),
        "stage_c_bf16": half(c),
        "effnet_encoder": extras["compressor"].state_dict(),
        "previewer": extras["previewer"].state_dict(),
        "someone_elses": {"weight": torch.zeros(2)},
    }
    for name, state in files.items():
        save_file(half(state) if name == "stage_a" else dict(state), folder / f"{name}.safetensors")
    write_text(folder, model)


def test_stable_cascades_own_files_open_by_size_and_type(
    cascade: Model, extras: dict[str, nn.Module], vision: CLIPVisionModelWithProjection, tmp_path: Path
) -> None:
    own_files(tmp_path, cascade, extras)
    assert open_source(Source((str(tmp_path),)), Choice()).images is None
    vision.save_pretrained(tmp_path / "image_encoder")
    checkpoint = open_source(Source((str(tmp_path),)), Choice("bf16", stage_b="lite"))
    assert_reads_pictures(checkpoint, vision)
    assert_holds(checkpoint, cascade)
    assert_paints_as_diffusers(checkpoint, cascade)
    for name, network in extras.items():
        loaded = checkpoint.extras[name].load().state_dict()
        assert all(torch.equal(tensor, loaded[key]) for key, tensor in network.state_dict().items())
    assert {path.name for path in checkpoint.sources().values()} >= {
        "stage_b_lite_bf16.safetensors",
        "stage_c_bf16.safetensors",
    }
    plain = open_source(Source((str(tmp_path),)), Choice()).sources().values()
    assert {"stage_b.safetensors", "stage_c.safetensors"} <= {path.name for path in plain}
    with pytest.raises(CheckpointError, match=r"no weights of variant 'bf61'; there are bf16"):
        open_source(Source((str(tmp_path),)), Choice("bf61"))
    # One file that is named counts before all others.
    named = open_source(Source((str(tmp_path / "stage_c_bf16.safetensors"),)), Choice("bf16", stage_b="lite"))
    assert_holds(named, cascade)


@pytest.mark.parametrize("saved_by_comfyui", [False, True])
def test_comfyuis_single_files_bring_text_encoder_and_picture_parts(
    saved_by_comfyui: bool,
    cascade: Model,
    extras: dict[str, nn.Module],
    vision: CLIPVisionModelWithProjection,
    tmp_path: Path,
) -> None:
    c, b = in_original_layout(cascade.prior.prior), in_original_layout(cascade.decoder.decoder, "clip_mapper")
    text = prefixed("transformer.", half(cascade.prior.text_encoder.state_dict()))
    text["logit_scale"] = torch.zeros(())
    if saved_by_comfyui:  # which splits the projections when it loads a file
        c, b = (
            {
                key.replace(".to_", ".attn.to_").replace("to_out.0", "out_proj"): value
                for key, value in part.state_dict().items()
            }
            for part in (cascade.prior.prior, cascade.decoder.decoder)
        )
    else:
        text["text_projection"] = text.pop("transformer.text_projection.weight").T.contiguous()
    stage_c = {
        **prefixed("model.diffusion_model.", half(c)),
        **prefixed("text_encoder.clip_g.", text),
        **prefixed("vae.encoder.", extras["compressor"].state_dict()),
        **prefixed("vae.previewer.", extras["previewer"].state_dict()),
        **prefixed("clip_l_vision.", half(vision.state_dict())),
    }
    stage_b = {
        **prefixed("model.diffusion_model.", half(b)),
        **prefixed("vae.", half(in_original_layout(cascade.decoder.vqgan))),
    }
    files = tmp_path / "stable_cascade_stage_b.safetensors", tmp_path / "stable_cascade_stage_c.safetensors"
    save_file(stage_b, files[0])
    save_file(stage_c, files[1])
    with pytest.raises(CheckpointError, match=r"has no tokenizer: name a folder or a hub id, such as --text stab"):
        open_source(Source(tuple(map(str, files))), Choice())
    cascade.prior.tokenizer.save_pretrained(tmp_path / "clip")
    checkpoint = open_source(Source((str(files[0]),), str(files[1]), text=str(tmp_path / "clip")), Choice())
    assert_holds(checkpoint, cascade)
    assert checkpoint.extras.keys() == {"compressor", "previewer"}
    assert_reads_pictures(checkpoint, vision)
    if not saved_by_comfyui:
        assert_paints_as_diffusers(checkpoint, cascade)


def test_the_sections_of_v2s_original_checkpoints_open_the_averaged_ones_first(v2: Model, tmp_path: Path) -> None:
    v2.prior.save_pretrained(tmp_path / "prior-text")
    v2.decoder.save_pretrained(tmp_path / "decoder-text")
    c, b = half(in_original_layout(v2.prior.prior)), half(in_original_layout(v2.decoder.decoder))
    effnet = half(randomise(Compressor(CompressorConfig(16, affine=True)), 3).state_dict())
    optimizer = {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 1e-4}]}
    torch.save({"state_dict": half(in_original_layout(v2.decoder.vqgan))}, tmp_path / "vqgan_f4_v1_500k.pt")
    older = {"_use_new_zipfile_serialization": False}
    sections = {"state_dict": b, "effnet_state_dict": effnet, "optimizer_state_dict": optimizer, "step": 3}
    torch.save(sections, tmp_path / "model_v2_stage_b.pt", **older)
    averaged = {"ema_state_dict": prefixed("module.", c), "state_dict": prefixed("module.", other(c))}
    torch.save(averaged, tmp_path / "model_v3_stage_c.pt")
    other_familys = Compressor(CompressorConfig(16, affine=False)).state_dict()
    save_file(half(other_familys), tmp_path / "effnet_encoder.safetensors")
    with pytest.raises(CheckpointError, match=r"has no text encoder: .*--decoder-text warp-ai/wuerstchen"):
        open_source(Source((str(tmp_path),)), Choice())
    texts = {"text": str(tmp_path / "prior-text"), "decoder_text": str(tmp_path / "decoder-text")}
    checkpoint = open_source(Source((str(tmp_path),), **texts), Choice())
    assert_holds(checkpoint, v2)
    assert checkpoint.extras.keys() == {"compressor"}
    opened = checkpoint.extras["compressor"].load().state_dict()
    assert all(torch.equal(opened[name].half(), tensor.half()) for name, tensor in effnet.items())
    assert_paints_as_diffusers(checkpoint, v2)


def test_the_hubs_cache_and_the_older_form_of_bin_files_open(v2: Model, tmp_path: Path) -> None:
    """`models--NAME/snapshots/COMMIT`, whose files are links to blobs."""
    blobs = 0
    for name, pipeline in (("models--a--v2", v2.decoder), ("models--a--v2-prior", v2.prior)):
        home, commit = tmp_path / name, "0123abcd"
        pipeline.save_pretrained(home / "snapshots" / commit, safe_serialization=False)
        (home / "refs").mkdir()
        (home / "refs" / "main").write_text(commit)
        (home / "blobs").mkdir()
        for file in sorted(path for path in (home / "snapshots").rglob("*") if path.is_file()):
            if file.suffix == ".bin":
                torch.save(torch.load(file), file, _use_new_zipfile_serialization=False)
            blobs += 1
            file.rename(home / "blobs" / str(blobs))
            file.symlink_to(home / "blobs" / str(blobs))
    for named in (tmp_path / "models--a--v2", tmp_path / "models--a--v2" / "snapshots" / "0123abcd"):
        assert_holds(open_source(Source((str(named),)), Choice()), v2)
    (tmp_path / "models--a--v2" / "blobs" / "1").unlink()
    with pytest.raises(CheckpointError, match="is a link to a file that is not there: its download did not finish"):
        open_source(Source((str(tmp_path / "models--a--v2"),)), Choice())
