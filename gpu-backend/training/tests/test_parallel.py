"""Two processes train as one: by torchrun, with gloo, on the CPU."""

import dataclasses
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from conftest import CONFIGS, log_of

from wuerstchen.config import Config, load_config
from wuerstchen.train import train_stage
from wuerstchen.training import codebook_use, loop
from wuerstchen.training.data import PictureSet

Rehearsed = tuple[PictureSet, Path]
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def config_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A with a critic; B in two micro-batches a process, its compressor frozen: on CPUs its BatchNorm would see a
    part of the batch.
    """
    text = (CONFIGS / "tiny.toml").read_text().replace("full_picture_steps = 3", "full_picture_steps = 0")
    text = text.replace("\nsteps = 12\n", "\nsteps = 6\n")
    text = text.replace("[train_a]\n", "[train_a]\nadversarial_weight = 0.01\nadversarial_from_step = 3\n")
    path = tmp_path_factory.mktemp("config") / "tiny.toml"
    path.write_text(text.replace("[train_b]\n", "[train_b]\nfreeze_compressor = true\naccumulate = 2\n"))
    return path


@pytest.fixture(scope="module")
def every_step() -> Iterator[None]:
    """In this process what every_step.py does in its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "LOG_EVERY_STEPS", 1)
        patch.setattr(codebook_use, "REVIVE_EVERY_STEPS", 4)
        yield


def alone(rehearsed: Rehearsed, config: Config, two: Path, runs: Path) -> Path:
    """The runs of one process: Stages B and C, on the Stage A that two processes trained, whose encoder normalises
    by a half batch.
    """
    shutil.copytree(rehearsed[1], runs)
    for kept in ("stage-a.pt", "stage-a-latents.npy", "stage-a-latents.key"):
        shutil.copy(two / kept, runs)
    for stage in ("b", "c"):
        train_stage(stage, config, rehearsed[0], runs)
    return runs


def losses(runs: Path, stage: str) -> list[float]:
    return [figures["loss"] for _, figures in log_of(runs / f"stage-{stage}.csv")]


def longer(config: Config, steps: int) -> Config:
    return dataclasses.replace(config, train_c=dataclasses.replace(config.train_c, steps=steps))


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_processes_have_the_losses_of_one_and_their_checkpoint_fits_one(
    parallel: str, rehearsed: Rehearsed, fresh_runs: Path, config_file: Path, every_step: None, tmp_path: Path
) -> None:
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "tests/every_step.py",
    ]
    command += ["--config", str(config_file), "--data", str(rehearsed[0].directory), "--runs", str(fresh_runs.parent)]
    environment = {**os.environ, "PYTHONPATH": ".", "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [*command, "--parallel", parallel], env=environment, cwd=CONFIGS.parent, check=True, stdout=subprocess.DEVNULL
    )
    single = alone(rehearsed, load_config(config_file), fresh_runs, tmp_path / "alone")
    for stage in ("b", "c"):
        assert losses(fresh_runs, stage) == pytest.approx(losses(single, stage), abs=TOLERANCE)
        one, two = (torch.load(runs / f"stage-{stage}.pt", weights_only=True) for runs in (single, fresh_runs))
        assert all(
            type(two[name]) is torch.Tensor and torch.allclose(one[name], two[name], atol=TOLERANCE) for name in one
        )
    assert [step for step, figures in log_of(fresh_runs / "stage-a.csv") if "critic_loss" in figures] == [3, 4, 5]

    for runs in (single, fresh_runs):
        train_stage("c", longer(load_config(config_file), 9), rehearsed[0], runs)
    assert losses(fresh_runs, "c") == pytest.approx(losses(single, "c"), abs=TOLERANCE)
    assert len(losses(single, "c")) == 9
