"""The loop's promises, held with the real stages at their smallest size."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from conftest import CONFIGS, log_of
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tiny_stages import tiny
from torch import Tensor, nn

from wuerstchen import train as train_command
from wuerstchen.config import Config, OptimiserConfig, StageATraining
from wuerstchen.train import train_stage
from wuerstchen.training import codebook_use, loop
from wuerstchen.training.data import PictureSet
from wuerstchen.training.distributed import Share
from wuerstchen.training.stages import stage_run
from wuerstchen.training.telemetry import cut_log
from wuerstchen.training.trainer import StageRun, Trainer

Rehearsed = tuple[PictureSet, Path]
ADVERSARIAL = {"adversarial_weight": 0.01, "adversarial_from_step": 4}


def train_with_cut(config: Config, pictures: PictureSet, runs: Path, stop_at: int | None) -> None:
    """Trains Stage A; where `stop_at` is given, fails there as a kill would, and goes on in a second run."""
    run, plan = stage_run("a", config, pictures, runs)

    def loss(step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        if step == stop_at:
            raise KeyboardInterrupt
        return run.loss(step, share)

    if stop_at is not None:
        with pytest.raises(KeyboardInterrupt):
            loop.train(dataclasses.replace(run, loss=loss), plan, runs)
        run, plan = stage_run("a", config, pictures, runs)
    loop.train(run, plan, runs)


def test_a_resumed_adversarial_run_equals_one_that_was_never_stopped(
    rehearsed: Rehearsed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Codes revived every 4 steps and a discriminator: both are state beyond weights and optimiser."""
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0)
    monkeypatch.setattr(loop, "LOG_EVERY_STEPS", 1)
    monkeypatch.setattr(codebook_use, "REVIVE_EVERY_STEPS", 4)
    config = tiny("a", **ADVERSARIAL)
    for name, stop_at in (("whole", None), ("cut", 6)):
        train_with_cut(config, rehearsed[0], tmp_path / name, stop_at)
    logs = [log_of(tmp_path / name / "stage-a.csv") for name in ("whole", "cut")]
    assert logs[0] == logs[1]
    assert [step for step, figures in logs[0] if "critic_loss" in figures] == list(range(4, 12))
    whole, cut = (torch.load(tmp_path / name / "stage-a.checkpoint.pt", weights_only=True) for name in ("whole", "cut"))
    assert whole["memory"]["used"].equal(cut["memory"]["used"])
    assert all(torch.equal(whole["critic"][name], cut["critic"][name]) for name in whole["critic"])


def test_a_killed_process_resumes_to_the_same_losses(
    rehearsed: Rehearsed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL, wherever it strikes: the log of both lives together is the log of a run that lived once."""
    config = tmp_path / "tiny.toml"
    text = (CONFIGS / "tiny.toml").read_text()
    config.write_text(text.replace("[train_a]\n", "[train_a]\nadversarial_weight = 0.01\nadversarial_from_step = 4\n"))
    command = [
        sys.executable,
        str(Path(__file__).parent / "every_step.py"),
        "--config",
        str(config),
        "--stage",
        "a",
        "--steps",
        "30",
    ]
    command += ["--data", str(rehearsed[0].directory), "--threads", str(torch.get_num_threads()), "--runs"]
    environment = {**os.environ, "PYTHONPATH": str(CONFIGS.parent)}
    killed, log = tmp_path / "killed", tmp_path / "killed" / "tiny" / "stage-a.csv"
    child = subprocess.Popen([*command, str(killed)], env=environment, stdout=subprocess.DEVNULL)
    while child.poll() is None and not (log.exists() and log.read_bytes().count(b"\n") >= 6):
        time.sleep(0.005)
    child.kill()
    assert child.wait() == -signal.SIGKILL
    subprocess.run([*command, str(killed)], env=environment, check=True, stdout=subprocess.DEVNULL)
    monkeypatch.setattr(loop, "LOG_EVERY_STEPS", 1)
    monkeypatch.setattr(codebook_use, "REVIVE_EVERY_STEPS", 4)
    train_stage("a", tiny("a", steps=30, **ADVERSARIAL), rehearsed[0], tmp_path)
    assert log_of(log) == log_of(tmp_path / "stage-a.csv")
    assert [step for step, _ in log_of(log)] == list(range(30))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_process_leaves_a_checkpoint_and_a_status_that_ends_a_chain_of_commands(
    number: signal.Signals, rehearsed: Rehearsed, tmp_path: Path
) -> None:
    command = [
        sys.executable,
        str(Path(__file__).parent / "every_step.py"),
        "--config",
        str(CONFIGS / "tiny.toml"),
        "--stage",
        "a",
    ]
    command += ["--steps", "100000", "--data", str(rehearsed[0].directory), "--runs", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(CONFIGS.parent)}
    log = tmp_path / "tiny" / "stage-a.csv"
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while child.poll() is None and not (log.exists() and log.read_bytes().count(b"\n") >= 2):
        time.sleep(0.005)
    child.send_signal(number)
    said = child.communicate()[1]
    assert child.returncode == 130
    assert said.splitlines()[-1] == "stage a: stopped, checkpoint written; the same command goes on from it"
    assert torch.load(tmp_path / "tiny" / "stage-a.checkpoint.pt", weights_only=True)["step"] >= 2


def test_what_is_missing_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [
        "train",
        "--config",
        str(CONFIGS / "tiny.toml"),
        "--data",
        str(tmp_path / "nowhere"),
        "--runs",
        str(tmp_path),
    ]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        train_command.main()
    assert str(ended.value).startswith("train: ") and "nowhere" in str(ended.value)


def test_a_resumed_log_holds_no_row_twice_and_no_half_row(tmp_path: Path) -> None:
    log = tmp_path / "x.csv"
    log.write_bytes(b"0,1,loss=3\r\n20,2,loss=2\r\n40,3,loss=1\r\n6")
    cut_log(log, 40)
    assert log.read_bytes() == b"0,1,loss=3\r\n20,2,loss=2\r\n"


PLAN = OptimiserConfig(
    steps=12,
    batch=1,
    learning_rate=1e-2,
    warmup_steps=1,
    decay_steps=0,
    weight_decay=0.0,
    ema_decay=0.9,
    crop_pixels=0,
    full_picture_steps=0,
)


def line(faults: tuple[int, ...], at_step: Callable[[int], None] = lambda step: None) -> StageRun:
    """A regression whose gradient (not its loss) is infinite at the steps `faults`."""
    torch.manual_seed(0)
    model = nn.Linear(2, 1)

    def loss(step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        at_step(step)
        error = model(torch.ones(1, 2)) - 1
        if step in faults:
            error.register_hook(lambda gradient: gradient / 0)
        return error.pow(2).mean(), {}

    return StageRun("line", nn.ModuleDict({"line": model}), loss, lambda step: {}, 1000)


def test_a_gradient_that_is_not_finite_leaves_the_last_checkpoint_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0)
    with pytest.raises(FloatingPointError, match="gradient norm is inf at step 7"):
        loop.train(line((7,)), PLAN, tmp_path)
    state = torch.load(tmp_path / "line.checkpoint.pt", weights_only=True)
    assert state["step"] == 7
    assert all(tensor.isfinite().all() for tensor in state["modules"].values())
    assert not (tmp_path / "line.pt").exists()


def test_isolated_gradients_that_are_not_finite_are_skipped_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = dataclasses.replace(PLAN, skipped_steps_max=2)
    assert loop.train(line((3, 7)), plan, tmp_path / "borne")
    assert capsys.readouterr().out.count("skipped") == 2
    assert all(
        tensor.isfinite().all() for tensor in torch.load(tmp_path / "borne" / "line.pt", weights_only=True).values()
    )
    with pytest.raises(FloatingPointError, match="at step 9"):
        loop.train(line((3, 7, 9)), plan, tmp_path / "too_many")


def test_a_signal_ends_the_run_after_its_step_and_the_next_goes_on(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    asked = line((), lambda step: os.kill(os.getpid(), signal.SIGTERM) if step == 5 else None)
    assert loop.train(asked, PLAN, tmp_path) is False
    assert signal.getsignal(signal.SIGTERM) == before
    assert torch.load(tmp_path / "line.checkpoint.pt", weights_only=True)["step"] == 6
    assert loop.train(line(()), PLAN, tmp_path) is True


def test_tensorboard_shows_the_figures_of_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "LOG_EVERY_STEPS", 1)
    loop.train(line(()), PLAN, tmp_path)
    events = EventAccumulator(str(tmp_path / "tensorboard" / "line"))
    events.Reload()
    logged = {step: figures["loss"] for step, figures in log_of(tmp_path / "line.csv")}
    assert {event.step: pytest.approx(event.value, rel=1e-6) for event in events.Scalars("loss")} == logged
    assert len(events.Scalars("learning_rate")) == PLAN.steps


def test_a_checkpoint_of_other_parameters_starts_a_fresh_optimiser(
    rehearsed: Rehearsed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train_stage("a", tiny("a"), rehearsed[0], tmp_path)
    config = tiny("a", decoder_only=True, steps=16)
    run, plan = stage_run("a", config, rehearsed[0], tmp_path)
    trainer = Trainer(run, plan, tmp_path, "ddp")
    assert trainer.step == 12
    assert not trainer.learner.optimiser.state
    assert "the optimiser starts afresh" in capsys.readouterr().out


def test_a_plan_without_an_adversary_builds_none(rehearsed: Rehearsed) -> None:
    assert isinstance(tiny("a").train_a, StageATraining)
    assert stage_run("a", tiny("a"), *rehearsed)[0].critic is None
