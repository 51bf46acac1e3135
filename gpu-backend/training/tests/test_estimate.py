import sys
from pathlib import Path

import pytest
import torch
from conftest import CONFIGS
from torch import nn

from wuerstchen import train
from wuerstchen.config import load_config
from wuerstchen.train import prepare
from wuerstchen.training.estimate import ASSUMED_UTILISATION, GPU_TFLOPS, Estimate, saved_bytes
from wuerstchen.training.stages import estimates

ONE = Estimate(
    "stage-x", parameters=1000, trained=600, steps=3600, flops_step=312 * 10**12, activation_bytes=50, seconds_step=2.0
)


def test_hours_are_steps_times_seconds_here_and_arithmetic_over_assumed_speed_there() -> None:
    assert ONE.hours == pytest.approx(2.0)
    assert ONE.gpu_hours("A100") == pytest.approx(1 / ASSUMED_UTILISATION)
    assert (
        ONE.gpu_hours("H100 SXM")
        < ONE.gpu_hours("A100")
        < ONE.gpu_hours("RTX 4090")
        < ONE.gpu_hours("L4")
        < ONE.gpu_hours("T4")
    )
    assert "H200 SXM" in GPU_TFLOPS


def test_memory_counts_weights_average_gradients_moments_and_activations() -> None:
    assert ONE.memory_bytes == 4 * 1000 + 4 * 1000 + 4 * 600 + 8 * 600 + 50


def test_saved_activations_are_counted_once_and_without_the_weights() -> None:
    layer, x = nn.Linear(8, 8, bias=False), torch.zeros(16, 8, requires_grad=True)
    assert saved_bytes(layer, lambda: layer(x) * 1) == 16 * 8 * 4  # the input, for the weight's gradient


def test_a_dry_run_counts_the_arithmetic_of_a_step() -> None:
    (estimate,) = estimates(("c",), load_config(CONFIGS / "tiny.toml"))
    # Forward and backward are three products a weight; attention and convolutions add to the linear layers counted
    # here.
    rows = 4 * 2 * 2  # batch × tokens of an image
    assert estimate.flops_step > 3 * 2 * rows * 2 * (32 * 128 * 2 + 32 * 32 * 4)
    assert estimate.trained == estimate.parameters > 10_000
    assert estimate.seconds_step > 0
    assert estimate.activation_bytes > 0


def test_the_command_prints_a_table_and_trains_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command = [
        "train",
        "--config",
        str(CONFIGS / "tiny.toml"),
        "--stage",
        "c",
        "--dry-run",
        "--runs",
        str(tmp_path / "runs"),
    ]
    monkeypatch.setattr(sys, "argv", command)
    train.main()
    printed = capsys.readouterr().out
    assert all(gpu in printed for gpu in GPU_TFLOPS)
    assert not (tmp_path / "runs").exists()


def test_help_shows_an_example_of_each_way_to_train(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["train", "--help"])
    with pytest.raises(SystemExit):
        train.main()
    printed = capsys.readouterr().out
    assert all(
        word in printed
        for word in ("--prepare emoji", "--dry-run", "torchrun", "--stage c --steps", "tensorboard --logdir")
    )


def test_a_data_set_that_exists_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "records.jsonl").write_text("")
    monkeypatch.setenv("PATH", "")  # there is nothing to build with
    prepare("emoji", tmp_path, CONFIGS / "tiny.toml")
