"""What a person did wrong ends a command with one sentence that says what to do, and never with a traceback."""

import errno
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import CONFIGS
from rich.console import Console

from wuerstchen import average, evaluate, finetune, prepare, showcase, train
from wuerstchen.config import load_config
from wuerstchen.export import bundle as export_bundle
from wuerstchen.export import integer, storage
from wuerstchen.languages import __main__ as languages
from wuerstchen.plain_errors import plain_errors
from wuerstchen.training.telemetry import Telemetry, progress_bar

TINY = str(CONFIGS / "tiny.toml")
BUNDLE = str(CONFIGS.parent.parent.parent / "test" / "support" / "models" / "tiny")


@pytest.fixture
def folder(tmp_path: Path, pictures_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a person stands: `data` is a set, `raw` a folder of pictures, `broken` and `unnamed` bundles."""
    shutil.copytree(pictures_directory, tmp_path / "data")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "cat.png").write_bytes(b"?")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "model.json").write_text("{")
    shutil.copytree(BUNDLE, tmp_path / "unnamed")
    manifest = json.loads((tmp_path / "unnamed" / "model.json").read_text())
    (tmp_path / "unnamed" / "model.json").write_text(json.dumps({**manifest, "id": "unnamed"}))
    (tmp_path / "bad.toml").write_text((CONFIGS / "tiny.toml").read_text().replace("heads = 2", "heads = 3"))
    (tmp_path / "no-previewer.toml").write_text(without_previewer())
    (tmp_path / "runs" / "tiny").mkdir(parents=True)
    (tmp_path / "runs" / "tiny" / "stage-c.checkpoint.pt").write_bytes(b"half a checkp")
    (tmp_path / "words.pt").write_text("no weights")
    (tmp_path / "sjis.txt").write_text("犬", encoding="shift_jis")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def without_previewer() -> str:
    sections = ("\n" + (CONFIGS / "tiny.toml").read_text()).split("\n[")
    return "\n[".join(part for part in sections if not part.startswith(("previewer]", "train_previewer]")))


def ended(main: Callable[[], None], options: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "argv", ["command", *options])
    with pytest.raises(SystemExit) as end:
        main()
    return str(end.value.code)


DECISION = ["--bundle", BUNDLE, "--data", "data", "--out", "out"]
RUNS = ["--config", TINY, "--out", "out", "--parts"]
FINETUNE = ["--runs", "tuned", "--data", "data"]
CASES = [
    (train, ["--config", "none.toml"], "train: none.toml does not exist"),
    (train, ["--config", "bad.toml"], "train: config: stage_c.heads must divide stage_c.channels, 32, not be 3"),
    (train, ["--config", TINY, "--data", "none"], "train: none holds no data set: make one with"),
    (train, ["--config", TINY, "--data", "raw"], "train: raw holds no data set: make one with"),
    (train, ["--config", TINY, "--stage", "b"], "train: runs/tiny/stage-a.pt does not exist: train stage-a first"),
    (train, ["--config", TINY, "--stage", "c"], "does not exist: train stage-b first"),
    (
        train,
        ["--config", "no-previewer.toml", "--stage", "previewer"],
        "no-previewer.toml has no section train_previewer",
    ),
    (finetune, ["--bundle", "none", *FINETUNE], "finetune: none is no model bundle: it has no model.json"),
    (finetune, ["--bundle", "broken", *FINETUNE], "finetune: broken/model.json is no JSON"),
    (finetune, ["--bundle", "unnamed", *FINETUNE], "name the configuration with --config"),
    (finetune, ["--bundle", BUNDLE, "--runs", "tuned", "--data", "raw"], "raw holds no data set"),
    (finetune, ["--bundle", BUNDLE, *FINETUNE, "--rank", "64"], "finetune: --rank is 64: at most the width of Stage C"),
    (prepare, ["--config", TINY, "--from", "none", "--out", "set"], "is no folder"),
    (
        prepare,
        ["--config", TINY, "--from", "raw", "--out", "set"],
        "0 usable pictures, at least 2 are needed cat.png: cannot be decoded",
    ),
    (
        evaluate,
        ["--config", TINY, "--data", "raw", "--out", "out", "--parts", "cost"],
        "evaluate: raw holds no data set",
    ),
    (evaluate, ["--config", TINY, "--out", "out", "--parts", "cost"], "evaluate: runs/tiny/stage-a.pt does not exist"),
    (evaluate, [*RUNS, "groups", "--groups", "none.json"], "evaluate: --groups: none.json does not exist"),
    (evaluate, [*DECISION, "--groups", "none.json"], "evaluate: --groups: none.json does not exist"),
    (evaluate, [*DECISION, "--against", BUNDLE, "--outside", "sjis.txt"], "evaluate: sjis.txt is not UTF-8"),
    (evaluate, ["--config", TINY, "--out", "out", "--unseen", "sjis.txt"], "evaluate: sjis.txt is not UTF-8"),
    (showcase, ["--config", TINY, "--prompts", "sjis.txt", "--out", "x.png"], "showcase: sjis.txt is not UTF-8"),
    (average, ["words.pt", "words.pt", "--out", "x.pt"], "average: words.pt is damaged, or no file of a run"),
    (average, ["none.pt", "words.pt", "--out", "x.pt"], "average: none.pt does not exist"),
    (showcase, ["--config", TINY, "--prompts", "p.txt", "--out", "x.png"], "does not exist"),
    (languages, ["--config", TINY, "--language", "xx"], "xx.toml does not exist"),
    (export_bundle, ["--config", TINY, "--out", "b", "--created", "2026-11-26"], "does not exist: train "),
    (storage, ["--config", TINY], "does not exist: train "),
    (
        integer,
        ["--config", TINY, "--bundle", "none", "--calibration", "c", "--prompts", "p", "--out", "i"],
        "c does not exist",
    ),
]


@pytest.mark.parametrize(("module", "options", "message"), CASES)
def test_what_is_missing_or_wrong_is_named_on_one_line(
    folder: Path, module: object, options: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = ended(module.main, options, monkeypatch)
    assert message in said
    assert "\n" not in said


def test_a_damaged_checkpoint_is_named(rehearsed: tuple, fresh_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (fresh_runs / "stage-c.checkpoint.pt").write_bytes(b"half a checkp")
    options = [
        "--config",
        TINY,
        "--stage",
        "c",
        "--data",
        str(rehearsed[0].directory),
        "--runs",
        str(fresh_runs.parent),
    ]
    assert "stage-c.checkpoint.pt is damaged, or no file of a run: delete it" in ended(train.main, options, monkeypatch)


def test_runs_of_another_network_are_named(
    rehearsed: tuple, fresh_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = (CONFIGS / "tiny.toml").read_text().replace("hidden_channels = ", "hidden_channels = 1")
    (tmp_path / "wide.toml").write_text(wide)
    assert load_config(tmp_path / "wide.toml").stage_a.hidden_channels > 100
    options = [
        "--config",
        str(tmp_path / "wide.toml"),
        "--data",
        str(rehearsed[0].directory),
        "--runs",
        str(fresh_runs.parent),
    ]
    assert "stage-a.pt holds another network than the configuration describes" in ended(
        train.main, [*options, "--stage", "b"], monkeypatch
    )


@pytest.mark.parametrize(
    ("options", "message"), [(["--threads", "0"], "'0' is no whole number"), (["--steps", "-1"], "'-1' is no whole")]
)
def test_counts_that_are_none_are_refused_with_the_option(
    options: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["train", "--config", TINY, "--stage", "c", *options])
    with pytest.raises(SystemExit):
        train.main()
    assert message in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "much"])
@pytest.mark.parametrize("option", ["--price-hour", "--price-kwh", "--watts", "--training-hours"])
def test_an_amount_that_is_none_is_refused_with_the_option(
    option: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["evaluate", *DECISION, f"{option}={value}"])
    with pytest.raises(SystemExit):
        evaluate.main()
    assert f"argument {option}: '{value}' is no" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--restoration-min=nan", "--restoration-min is nan: a finite number from 0 on"),
        ("--restoration-min=-3", "--restoration-min is -3: a finite number from 0 on"),
        ("--recognition-min=-1", "--recognition-min is -1: a number from 0 to 100"),
        ("--recognition-min=101", "--recognition-min is 101: a number from 0 to 100"),
        ("--cost-max=inf", "--cost-max is inf: a finite number from 0 on"),
        ("--bias-max=nan", "--bias-max is nan: a number from 0 to 100"),
        ("--gpu-hour=L4=inf", "--gpu-hour 'L4=inf': write NAME=DOLLARS"),
        ("--gpu-hour=L4=inf", "DOLLARS from 0 to below 10,000"),
    ],
)
def test_thresholds_and_prices_that_are_none_are_refused_before_anything_is_read(
    tmp_path: Path, option: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # neither set nor bundle is there
    said = ended(evaluate.main, ["--bundle", "none", "--out", "out", option], monkeypatch)
    assert message in said
    assert said.startswith("evaluate: ")
    assert "\n" not in said


@pytest.mark.parametrize(
    "option", ["--samples", "--seeds", "--sampler-prompts", "--compression-steps", "--compression-batch"]
)
def test_counts_of_a_report_that_are_none_are_refused_with_the_option(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["evaluate", "--config", TINY, "--out", "out", option, "0"])
    with pytest.raises(SystemExit):
        evaluate.main()
    assert f"argument {option}: '0' is no whole number from 1 on" in capsys.readouterr().err.splitlines()[-1]


def test_a_full_disk_is_called_so() -> None:
    with pytest.raises(SystemExit) as end, plain_errors("train"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "runs/x")
    assert end.value.code == "train: runs/x: the disk is full. The same command goes on when there is room"


def test_a_fault_of_the_program_keeps_its_traceback() -> None:
    with pytest.raises(TypeError), plain_errors("train"):
        raise TypeError("a fault")


def test_many_figures_leave_the_bar_on_a_screen_of_80_columns() -> None:
    console = Console(width=80, file=open(os.devnull, "w"), record=True, force_terminal=True)  # noqa: SIM115
    progress = progress_bar(disable=False, console=console)
    figures = " ".join(f"some_figure_{number} 0.1234" for number in range(9))
    progress.add_task("stage-c-lora", total=4000, completed=1200, figures=figures)
    console.print(progress.get_renderable())
    lines = console.export_text().rstrip("\n").split("\n")
    assert len(lines) == 1
    assert "━" in lines[0]
    assert "1200/4000" in lines[0]
    assert "some_fig" in lines[0]


def test_a_run_that_went_further_than_its_new_end_shows_its_end(tmp_path: Path) -> None:
    with Telemetry(tmp_path, "stage-c", 500, 400) as telemetry:
        task = telemetry.progress.tasks[0]
        assert (task.completed, task.total) == (400, 400)
