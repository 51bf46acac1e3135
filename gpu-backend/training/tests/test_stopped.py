"""Every command ends on Ctrl-C with status 130 and one sentence, wherever it is at that moment."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from conftest import CONFIGS

from wuerstchen import evaluate, finetune, prepare, train
from wuerstchen.languages import __main__ as languages

TINY = str(CONFIGS / "tiny.toml")


def ctrl_c(*_: object, **__: object) -> NoReturn:
    # A shell starts what runs in the background with the signal ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.kill(os.getpid(), signal.SIGINT)
    raise AssertionError("the signal did not arrive")


@pytest.mark.parametrize(
    ("module", "interrupted", "options"),
    [
        (train, "PictureSet", ["--config", TINY]),
        (finetune, "Bundle", ["--bundle", "b", "--data", "d", "--runs", "r"]),
        (languages, "load_config", ["--config", TINY, "--language", "ja"]),
        (prepare, "load_config", ["--from", ".", "--out", "/nowhere/set", "--config", TINY]),
    ],
    ids=["train", "finetune", "languages", "prepare"],
)
def test_ctrl_c_ends_a_command_with_status_130(
    module: object,
    interrupted: str,
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    main: Callable[[], None] = module.main
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, interrupted, ctrl_c)
    monkeypatch.setattr(sys, "argv", ["command", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert "stopped" in capsys.readouterr().err.splitlines()[-1]


def test_a_stopped_report_ends_with_status_130(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pictures_directory: Path
) -> None:
    monkeypatch.setattr(evaluate, "evaluate", ctrl_c)
    monkeypatch.setattr(evaluate.Context, "digest_of", lambda *_: "none")
    options = [
        "--config",
        TINY,
        "--data",
        str(pictures_directory),
        "--runs",
        str(tmp_path / "runs"),
        "--out",
        str(tmp_path / "out"),
    ]
    monkeypatch.setattr(sys, "argv", ["evaluate", *options, "--parts", "cost"])
    with pytest.raises(SystemExit) as ended:
        evaluate.main()
    assert ended.value.code == 130
