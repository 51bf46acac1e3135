"""What is wrong with a folder that `diffusers` saved is named before anything is imported."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import published_checkpoints
import pytest
import torch
from rich.progress import Progress
from safetensors.torch import load_file, save_file

from wuerstchen.published.bundle.checkpoint import Choice
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.describe_bundle import About
from wuerstchen.published.bundle.diffusers_folders import open_checkpoint
from wuerstchen.published.import_bundle import Order, import_bundle


def damage_length(decoder: Path, prior: Path) -> None:
    file = prior / "prior" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def damage_header(decoder: Path, prior: Path) -> None:
    (decoder / "vqgan" / "diffusion_pytorch_model.safetensors").write_bytes(b"\xff" * 20)


def damage_names(decoder: Path, prior: Path) -> None:
    file = decoder / "decoder" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(file)
    tensors.pop("clip_mapper.weight")
    save_file(tensors, file)


def damage_shape(decoder: Path, prior: Path) -> None:
    file = decoder / "decoder" / "diffusion_pytorch_model.safetensors"
    save_file(load_file(file) | {"clip_mapper.bias": torch.zeros(3)}, file)


def damage_class(decoder: Path, prior: Path) -> None:
    file = prior / "prior" / "config.json"
    file.write_text(file.read_text().replace("WuerstchenPrior", "UNet2DConditionModel"))


def damage_option(decoder: Path, prior: Path) -> None:
    file = decoder / "decoder" / "config.json"
    file.write_text(file.read_text().replace('"kernel_size": 3', '"kernel_size": 5'))


def damage_json(decoder: Path, prior: Path) -> None:
    (decoder / "scheduler" / "scheduler_config.json").write_text("{")


def damage_folder(decoder: Path, prior: Path) -> None:
    shutil.rmtree(decoder / "text_encoder")


def damage_tokenizer(decoder: Path, prior: Path) -> None:
    for file in (prior / "tokenizer").iterdir():
        file.unlink()


def damage_width(decoder: Path, prior: Path) -> None:
    shutil.rmtree(decoder / "text_encoder")
    published_checkpoints.text_encoder(projects=False, seed=0, width=16).save_pretrained(decoder / "text_encoder")


def changed(half: int, name: str, **values: object) -> Callable[[Path, Path], None]:
    """Sets values in a JSON file of the decoder (0) or of the prior (1)."""

    def damage(*folders: Path) -> None:
        file = folders[half] / name
        file.write_text(json.dumps(json.loads(file.read_text()) | values))

    return damage


SCHEDULER = "scheduler/scheduler_config.json"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (changed(1, SCHEDULER, s=0.02), r"prior/scheduler/scheduler_config.json: s is 0.02, but 0.008 in .*v2/sched"),
        (
            changed(1, SCHEDULER, s=None),
            r"prior/scheduler/scheduler_config.json: s is None; it must be a number",
        ),
        (changed(0, SCHEDULER, s="x"), r"v2/scheduler/scheduler_config.json: s is 'x'; it must be a number from 0"),
        (changed(0, SCHEDULER, s=-1), r"v2/scheduler/scheduler_config.json: s is -1; it must be a number from 0"),
        (changed(1, SCHEDULER, scaler=2.0), r"prior/scheduler/scheduler_config.json: scaler is 2.0; only 1 is"),
        (changed(1, SCHEDULER, _class_name="DDIMScheduler"), r"v2-prior/.*: describes 'DDIMScheduler'; only DDPMWuer"),
        (changed(0, SCHEDULER, scaler=0.5), r"v2/scheduler/scheduler_config.json: scaler is 0.5; only 1 is supported"),
        (changed(1, "model_index.json", latent_mean=40.0), r"model_index.json: latent_mean is 40.0; only 42.0 is"),
        (
            changed(0, "model_index.json", latent_dim_scale=12),
            r"model_index.json: latent_dim_scale is 12; only 10.67 is",
        ),
        (changed(1, "tokenizer/tokenizer_config.json", padding_side="left"), r"padding_side is 'left'"),
        (
            changed(0, "tokenizer/tokenizer_config.json", added_tokens_decoder=None, extra_special_tokens=["<a>"]),
            r"not of one model: a tokenizer has 522 tokens, its text encoder 521",
        ),
        (damage_length, r"prior/diffusion_pytorch_model.safetensors: is cut off: it has \d+ bytes of \d+"),
        (damage_header, r"vqgan/diffusion_pytorch_model.safetensors: is cut off or no safetensors file"),
        (damage_names, r"decoder/diffusion_pytorch_model.safetensors: .*DiffNeXt.*1 missing: clip_mapper.weight"),
        (damage_shape, r"clip_mapper.bias \(3,\) instead of \(32,\)"),
        (
            damage_class,
            r"prior/config.json: describes 'UNet2DConditionModel'; "
            r"supported here: WuerstchenPrior or StableCascadeUNet",
        ),
        (damage_option, r"decoder/config.json: kernel_size is 5; only 3 is supported"),
        (damage_json, r"scheduler_config.json: is not JSON"),
        (damage_folder, r"text_encoder is missing: the folder of the decoder"),
        (damage_tokenizer, r"tokenizer: has neither tokenizer.json nor vocab.json and merges.txt"),
        (damage_width, r"not of one model: the decoder's text encoder's states has 16, Stage B's text 32"),
    ],
)
def test_what_is_wrong_is_named_before_anything_starts(
    damage: Callable, message: str, copied: tuple[Path, Path], tmp_path: Path
) -> None:
    damage(*copied)
    bundle = tmp_path / "bundle"
    about = About("bundle", "2026-11-23", "random weights", ("128x128",))
    with pytest.raises(CheckpointError, match=message):
        import_bundle(*copied, Order(Choice(), about, bundle, "float16"), Progress(disable=True))
    assert not bundle.exists()


def test_a_schedule_that_both_halves_share_is_read(copied: tuple[Path, Path]) -> None:
    for half in (0, 1):
        changed(half, SCHEDULER, s=0.02)(*copied)
    assert open_checkpoint(*copied, Choice()).schedule_s == 0.02
