"""A kept array is the one that was asked for, whatever interrupted the writing of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import CONFIGS
from full_disk import room_for

from wuerstchen.languages.extension import save_tokenizer
from wuerstchen.training.cache import cached, digest_of
from wuerstchen.whole_file import whole_file, write_whole

ONES, ZEROS = np.ones(1000), np.zeros(1000)


def must_not_run() -> np.ndarray:
    raise AssertionError("what is kept was made again")


def test_an_array_is_made_once_for_a_key_and_again_for_another(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    assert np.array_equal(cached(path, "one", lambda: ONES), ONES)
    assert np.array_equal(cached(path, "one", must_not_run), ONES)
    assert np.array_equal(cached(path, "zero", lambda: ZEROS), ZEROS)
    assert np.array_equal(cached(path, "one", lambda: ONES), ONES)


def test_an_array_without_its_key_is_made_again(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", ZEROS)
    assert np.array_equal(cached(tmp_path / "a.npy", "one", lambda: ONES), ONES)


def test_half_an_array_beside_its_key_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    cached(path, "one", lambda: ONES)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert np.array_equal(cached(path, "one", lambda: ONES), ONES)


def test_a_key_without_its_array_makes_it(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    cached(path, "one", lambda: ONES)
    path.unlink()
    assert np.array_equal(cached(path, "one", lambda: ONES), ONES)


def test_the_borders_between_the_parts_of_a_key_count() -> None:
    assert len({digest_of("ab", "c"), digest_of("a", "bc"), digest_of("abc"), digest_of("ab", "c", "")}) == 4


def test_a_kill_before_any_change_to_the_folder_leaves_no_array_under_another_key(tmp_path: Path) -> None:
    """An array of ones becomes zeros under another key, with a kill at each change; then either is asked for again."""
    kills = 0
    for count in range(1, 20):
        for asked, expected in (("one", ONES), ("zero", ZEROS)):
            path = tmp_path / f"{count}-{asked}" / "a.npy"
            path.parent.mkdir()
            cached(path, "one", lambda: ONES)
            killed = run_until_killed(path, count)
            assert np.array_equal(cached(path, asked, lambda expected=expected: expected), expected), (count, asked)
        if not killed:
            break
        kills += 1
    assert kills == 5  # the old key goes, the array is opened and renamed, the new key is opened and renamed


def run_until_killed(path: Path, count: int) -> bool:
    """Whether storing zeros at PATH ended before it was done."""
    script = Path(__file__).parent / "store_until_killed.py"
    environment = {**os.environ, "PYTHONPATH": str(CONFIGS.parent)}
    status = subprocess.run([sys.executable, str(script), str(path), "zero", str(count)], env=environment).returncode
    assert status in (0, 9)
    return status == 9


def test_after_a_full_disk_nothing_is_left_and_the_same_call_succeeds_when_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with room_for(4096), pytest.raises(OSError):
        cached(path, "one", lambda: ONES)
    assert list(tmp_path.iterdir()) == []
    assert np.array_equal(cached(path, "one", lambda: ONES), ONES)


def test_the_words_of_a_language_are_saved_after_a_full_disk_as_before_it(tmp_path: Path) -> None:
    words = {"model": {f"word {number}": number for number in range(1000)}}
    with room_for(4096), pytest.raises(OSError):
        save_tokenizer(tmp_path, "ja", words)
    save_tokenizer(tmp_path, "ja", words)
    assert json.loads((tmp_path / "text-ja.tokenizer.json").read_text()) == words


def test_a_file_that_does_not_fit_leaves_the_one_before_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_whole(path, "before")
    with room_for(4096), pytest.raises(OSError):
        write_whole(path, "x" * 10_000)
    with pytest.raises(ZeroDivisionError), whole_file(path) as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert path.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]
