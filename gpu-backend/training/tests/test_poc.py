"""A proof of concept: the steps from a folder to a report."""

import json
import os
import re
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest
from conftest import CONFIGS
from raw_pictures import SQUARE, folder_of

from wuerstchen import poc
from wuerstchen.decision.forecast import START_SECONDS, STARTS, Forecast, pictures_made
from wuerstchen.decision.steps import run_command
from wuerstchen.pictures.prepare import prepare

BUNDLE = CONFIGS.parent.parent.parent / "test" / "support" / "models" / "tiny"
DAY = 86_400


class Recorder:
    """Stands for running a step: notes it, writes what the next ones read, and fails where it is told to."""

    def __init__(self, out: Path, fails_at: str = "") -> None:
        self.out, self.fails_at, self.commands, self.bundles = out, fails_at, [], {}

    def __call__(self, command: list[str]) -> None:
        module = command[2].removeprefix("wuerstchen.")
        if module == self.fails_at:
            raise subprocess.CalledProcessError(1, command)
        self.commands.append(module)
        if module == "prepare":
            prepare(self.out.parent / "from", self.out / "set", SQUARE)
        if "--bundle" in command:
            self.bundles[module] = command[command.index("--bundle") + 1]
        if "--forecast" in command:
            Path(command[command.index("--forecast") + 1]).write_text(
                json.dumps({"seconds": 120.0, "memory_gib": 0.5, "pictures": 104})
            )
        if module == "evaluate":
            folder = Path(command[command.index("--out") + 1])
            folder.mkdir(parents=True, exist_ok=True)
            figures = {"restoration": {"value": 19.0}}
            report = {
                "figures": {"after": figures},
                "criteria": {"restoration": {"outcome": "missed", "threshold": 25.0}},
            }
            (folder / "figures.json").write_text(json.dumps({**report, "verdict": "missed"}))


def asked(tmp_path: Path, *more: str) -> Namespace:
    folder = folder_of(tmp_path)
    command = [
        "--from",
        str(folder),
        "--bundle",
        str(BUNDLE),
        "--config",
        str(CONFIGS / "tiny.toml"),
        "--out",
        str(tmp_path / "out"),
    ]
    return poc.parser().parse_args([*command, *more])


def test_steps_that_are_done_are_not_done_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted, first = asked(tmp_path), Recorder(tmp_path / "out", fails_at="evaluate")
    with pytest.raises(subprocess.CalledProcessError):
        poc.prove(wanted, first)
    assert first.commands == ["prepare", "finetune"]
    again = Recorder(tmp_path / "out")
    poc.prove(wanted, again)
    assert again.commands == ["evaluate", "finetune", "evaluate"]
    said = capsys.readouterr().out
    assert "decoder: 19.0 dB on held-out pictures, 25 asked for: it is a limit" in said
    assert "it cannot be trained on" in said
    assert f"npm start -- --bundle {tmp_path / 'out' / 'mine'}" in said
    assert "docs/poc.md" in said


def test_the_decoder_is_trained_first_where_it_is_a_limit_and_the_bundle_has_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted, recorder = asked(tmp_path), Recorder(tmp_path / "out")
    wanted.bundle = Path(shutil.copytree(BUNDLE, tmp_path / "weighty"))
    (wanted.bundle / "weights.safetensors").touch()
    poc.prove(wanted, recorder)
    assert recorder.commands == [
        "prepare",
        "finetune",
        "finetune_decoder",
        "evaluate",
        "finetune_decoder",
        "finetune",
        "evaluate",
    ]
    assert recorder.bundles["finetune"] == str(tmp_path / "out" / "mine-decoder")
    assert "its training takes about 2.0 minutes more" in capsys.readouterr().out


def test_other_pictures_are_another_proof(tmp_path: Path) -> None:
    poc.prove(asked(tmp_path), Recorder(tmp_path / "out"))
    wanted = asked(tmp_path)
    (tmp_path / "from" / "p0.txt").write_text("another caption")
    with pytest.raises(ValueError, match=r"of other pictures or options, .*: name another --out"):
        poc.prove(wanted, Recorder(tmp_path / "out"))


def test_what_changes_no_picture_is_the_same_proof(tmp_path: Path) -> None:
    poc.prove(asked(tmp_path), Recorder(tmp_path / "out"))
    wanted, again = asked(tmp_path), Recorder(tmp_path / "out")
    (tmp_path / "from" / ".DS_Store").write_text("of a file manager")
    os.utime(tmp_path / "from" / "p0.png", (1, 1))
    poc.prove(wanted, again)
    assert again.commands == []


@pytest.mark.parametrize("more", [("--steps", "9"), ("--fit", "pad"), ("--trigger", "mine"), ("--name", "other")])
def test_another_training_is_another_proof(more: tuple[str, ...], tmp_path: Path) -> None:
    poc.prove(asked(tmp_path), Recorder(tmp_path / "out"))
    with pytest.raises(ValueError, match="name another --out"):
        poc.prove(asked(tmp_path, *more), Recorder(tmp_path / "out"))


def test_another_configuration_is_another_proof(tmp_path: Path) -> None:
    poc.prove(asked(tmp_path), Recorder(tmp_path / "out"))
    wanted = asked(tmp_path)
    wanted.config = tmp_path / "other.toml"
    wanted.config.write_text((CONFIGS / "tiny.toml").read_text(encoding="utf-8") + "\n# other\n", encoding="utf-8")
    with pytest.raises(ValueError, match="name another --out"):
        poc.prove(wanted, Recorder(tmp_path / "out"))


def test_another_language_price_or_threshold_makes_the_reports_again_and_trains_nothing(tmp_path: Path) -> None:
    poc.prove(asked(tmp_path), Recorder(tmp_path / "out"))
    again = Recorder(tmp_path / "out")
    poc.prove(asked(tmp_path, "--language", "ja"), again)
    assert again.commands == ["prepare", "evaluate", "evaluate"]
    for more in (("--price-hour", "2"), ("--restoration-min", "20"), ("--captions", "9")):
        again = Recorder(tmp_path / "out")
        poc.prove(asked(tmp_path, "--language", "ja", *more), again)
        assert again.commands == ["evaluate", "evaluate"], more


def test_options_of_the_steps_reach_them(tmp_path: Path) -> None:
    commands: list[list[str]] = []
    recorder = Recorder(tmp_path / "out")

    def noting(command: list[str]) -> None:
        commands.append(command[2:])
        recorder(command)

    more = ["--fit", "pad", "--alpha-mask", "--trigger", "mine", "--sample", "a cup", "--sample", "a hat"]
    poc.prove(asked(tmp_path, *more, "--bias-max", "12.5"), noting)
    told = {command[0].removeprefix("wuerstchen."): " ".join(command) for command in commands}
    assert "--fit pad --alpha-mask" in told["prepare"]
    assert "--trigger mine --sample a cup --sample a hat" in told["finetune"]
    assert told["evaluate"].endswith("--bias-max 12.5 --out " + str(tmp_path / "out" / "report"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--name", "set"], "argument --name: set is a folder of the proof itself"),
        (["--name", "../x"], "argument --name: must be 1 to 64"),
        (["--price-hour", "-1"], "argument --price-hour: '-1' is no number from 0 on"),
        (["--gpu-price-hour", "inf"], "argument --gpu-price-hour: 'inf' is no number from 0 on"),
        (["--idle-seconds", "nan"], "argument --idle-seconds: 'nan' is no number from 0 on"),
        (["--bias-max", "-2"], "argument --bias-max: '-2' is no number from 0 on"),
    ],
)
def test_a_value_that_does_not_do_is_named_by_its_option(
    more: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        asked(tmp_path, *more)
    assert message in capsys.readouterr().err


def test_a_dry_run_prepares_and_says_what_training_takes(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "out")
    poc.prove(asked(tmp_path, "--dry-run"), recorder)
    assert recorder.commands == ["prepare", "finetune"]


def test_what_all_of_it_takes_is_said_at_every_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = asked(tmp_path, "--price-hour", "3")
    with pytest.raises(subprocess.CalledProcessError):
        poc.prove(wanted, Recorder(tmp_path / "out", fails_at="evaluate"))
    first = [line for line in capsys.readouterr().out.splitlines() if line.startswith("in all")]
    poc.prove(wanted, Recorder(tmp_path / "out"))
    again = [line for line in capsys.readouterr().out.splitlines() if line.startswith("in all")]
    assert first == again
    assert "(training 2.0 minutes" in first[0]
    minutes, dollars = re.search(r"about ([\d.]+) minutes here, \$([\d.]+) at \$3 an hour", first[0]).groups()
    assert float(dollars) == pytest.approx(float(minutes) / 60 * 3, abs=0.003)


def test_all_of_it_is_training_and_every_picture_that_is_made() -> None:
    found = Forecast(training_seconds=600, picture_seconds=2, pictures=100, memory_gib=1, price_hour=1)
    assert found.seconds == 600 + 200 + STARTS * START_SECONDS
    one_more_caption = pictures_made(101, 20, 24) - pictures_made(100, 20, 24)
    assert one_more_caption == 2  # by the model before and by the tuned one


def test_a_signal_lets_the_step_under_way_end_itself(tmp_path: Path) -> None:
    # The child stops its parent, and writes a file when the signal comes back to it.
    child = (
        "import os, pathlib, signal, sys\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
        "os.kill(os.getppid(), signal.SIGTERM)\n"
        "signal.sigwait([signal.SIGTERM])\n"
        "pathlib.Path(sys.argv[1]).touch()\n"
    )
    with pytest.raises(KeyboardInterrupt):
        run_command([sys.executable, "-c", child, str(tmp_path / "checkpoint")])
    assert (tmp_path / "checkpoint").exists()
    with pytest.raises(subprocess.CalledProcessError):
        run_command([sys.executable, "-c", "raise SystemExit(3)"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--from", "none", "--bundle", str(BUNDLE), "--out", "o"], "is no folder"),
        (["--from", ".", "--bundle", "none", "--out", "o"], "none is no model bundle"),
        (["--prompts", "none.jsonl", "--out", "o"], "none.jsonl does not exist"),
        (["--prompts", "latin.jsonl", "--out", "o"], r"latin.jsonl is not UTF-8 \(byte 4\): save it as UTF-8"),
    ],
)
def test_what_is_missing_is_named_on_one_line(
    tmp_path: Path, options: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "latin.jsonl").write_bytes(b"caf\x20\xe9")
    monkeypatch.setattr(sys, "argv", ["poc", *options])
    with pytest.raises(SystemExit, match=message) as end:
        poc.main()
    assert "\n" not in str(end.value.code)
