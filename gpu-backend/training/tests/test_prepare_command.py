import os
from pathlib import Path

import pytest
from conftest import CONFIGS
from raw_pictures import MIXED, SQUARE, encoded, folder_of, picture, put
from rich.console import Console

from wuerstchen import prepare as command
from wuerstchen.pictures.prepare import prepare
from wuerstchen.pictures.set_writer import SetWriter
from wuerstchen.training.data import PictureSet

TINY = CONFIGS / "tiny.toml"


def test_a_set_for_a_published_model_needs_no_configuration(tmp_path: Path) -> None:
    folder, console = folder_of(tmp_path), Console(quiet=True)
    given = ["--from", str(folder), "--out", str(tmp_path / "set"), "--ratios", "1:1,2:1", "--side"]
    command.run(command.parser().parse_args([*given, "128"]), console)
    assert PictureSet(tmp_path / "set", 128).pixels[0].shape == (128, 128, 3)
    with pytest.raises(ValueError, match="--side is 100: a multiple of 128 up to 2048"):
        command.run(command.parser().parse_args([*given, "100"]), console)


def test_a_run_that_dies_leaves_the_previous_set_whole(tmp_path: Path) -> None:
    folder, out = folder_of(tmp_path), tmp_path / "set"
    prepare(folder, out, SQUARE)
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def die() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(folder, out, MIXED, die)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["from", "set"]


def test_a_kill_between_the_two_renames_is_healed(tmp_path: Path) -> None:
    folder, out = folder_of(tmp_path), tmp_path / "set"
    prepare(folder, out, SQUARE)
    out.rename(tmp_path / ".set.old")  # where a kill -9 would have left it
    SetWriter(out, 64, 2)
    assert len(PictureSet(out, 64).records) == 6


def test_a_folder_that_is_no_set_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(FileExistsError, match="no prepared set"):
        prepare(folder_of(tmp_path), tmp_path / "mine", SQUARE)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


def test_too_few_pictures_are_refused_with_the_reasons(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 1)
    put(folder, "broken.png", b"?")
    with pytest.raises(ValueError, match=r"1 usable pictures(.|\n)*broken\.png: cannot be decoded"):
        prepare(folder, tmp_path / "set", SQUARE)
    assert not (tmp_path / "set").exists()


def test_the_command_prepares_a_folder_and_names_what_it_left_out(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    put(folder, "[odd] name.png", b"")
    arguments = command.parser().parse_args(
        ["--from", str(folder), "--out", str(tmp_path / "set"), "--config", str(TINY)]
    )
    console = Console(record=True, width=140, file=open(os.devnull, "w"))  # noqa: SIM115
    command.show(command.run(arguments, console), arguments.out, console)
    text = console.export_text()
    assert "[odd] name.png: the file has no bytes" in text
    assert "64x64" in text


@pytest.mark.parametrize("config", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_configuration_takes_pictures_of_the_default_ratios(tmp_path: Path, config: Path) -> None:
    folder = folder_of(tmp_path)
    put(folder, "tall.png", encoded(picture(10, (300, 600))))
    put(folder, "wide.png", encoded(picture(11, (600, 300))))
    asked = ["--from", str(folder), "--out", str(tmp_path / "set"), "--config", str(config)]
    report = command.run(command.parser().parse_args(asked), Console(quiet=True))
    shapes = [tuple(map(int, bucket.split("x"))) for bucket in report["buckets"]]
    assert any(width < height for width, height in shapes)
    assert any(width > height for width, height in shapes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ratios", "3/4"], r"ratio '3/4': write width:height"),
        (["--ratios", "²:1"], r"ratio '²:1': write width:height"),
        (["--ratios", "1:9"], r"ratio '1:9': must lie from 1:4 to 4:1"),
        (["--near-bits", "40"], r"--near-bits is 40: it must lie from 0 to 16"),
        (["--held-out-percent", "80"], r"--held-out-percent is 80: it must lie from 0 to 50"),
    ],
)
def test_a_wrong_option_is_named_with_its_limit(tmp_path: Path, options: list[str], message: str) -> None:
    arguments = ["--from", str(folder_of(tmp_path)), "--out", str(tmp_path / "set"), "--config", str(TINY), *options]
    with pytest.raises(ValueError, match=message):
        command.run(command.parser().parse_args(arguments), Console(quiet=True))


def test_a_set_is_never_written_into_the_pictures(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    arguments = ["--from", str(folder), "--out", str(folder / "set"), "--config", str(TINY)]
    with pytest.raises(ValueError, match="--out must lie"):
        command.run(command.parser().parse_args(arguments), Console(quiet=True))
