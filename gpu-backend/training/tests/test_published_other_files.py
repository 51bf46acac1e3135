"""A file that is no model is named as what it is, and no code in it runs."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from wuerstchen.published.bundle.checkpoint import Choice
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.open_source import Source, open_source


class Planted:
    """Runs code where a pickle is read without care."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable, tuple[str]]:
        return os.mkdir, (str(self.mark),)


def write_bytes(content: bytes) -> Callable[[Path], None]:
    return lambda file: file.write_bytes(content) and None


def write_state(*names: str) -> Callable[[Path], None]:
    return lambda file: save_file({name: torch.zeros(2, 2) for name in names}, file)


def write_pickle(older: bool) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        content = {"state_dict": {"a": torch.zeros(2)}, "planted": Planted(file.with_suffix(".ran"))}
        torch.save(content, file, _use_new_zipfile_serialization=not older)

    return write


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (
            write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"),
            "is a git-lfs pointer.*git lfs pull",
        ),
        (write_bytes(b""), "is empty"),
        (write_bytes(b"<!doctype html><title>Sign in</title>"), "is a web page"),
        (write_bytes(b"GGUF\x03\0\0\0"), "is a GGUF file"),
        (write_bytes(b"PK\x03\x04 half of it"), "is cut off"),
        (write_bytes(b"\x80\x02 half of it"), "is cut off"),
        (write_bytes(b"\x10\x02\0\0\0\0\0\0{"), "is cut off or no safetensors file"),
        (write_state("backbone.0.0.weight", "projections.0.0.weight"), "is a ControlNet of Stable Cascade"),
        (write_state("lora_prior_unet_blocks_0.lora_down.weight"), "is a LoRA, not a model: name it with --adapter"),
        (write_state("model.diffusion_model.input_blocks.0.0.weight"), "holds no network of Würstchen v2 or Stable"),
        (write_pickle(older=False), r"holds \w+.mkdir beside tensors, and no code of a checkpoint is run"),
        (write_pickle(older=True), r"holds \w+.mkdir beside tensors, and no code of a checkpoint is run"),
    ],
)
def test_a_file_that_is_no_model_is_named_as_what_it_is(write: Callable, message: str, tmp_path: Path) -> None:
    file = tmp_path / "stage_c.safetensors"
    write(file)
    with pytest.raises(CheckpointError, match=rf"stage_c\.safetensors: {message}"):
        open_source(Source((str(file),)), Choice())
    assert not file.with_suffix(".ran").exists()
