import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from raw_pictures import MIXED, encoded, folder_of, picture, put

from wuerstchen.pictures import packed
from wuerstchen.pictures.packed import pack, unpack
from wuerstchen.pictures.prepare import prepare


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A set in several shapes with masks, as `prepare` writes it."""
    folder = folder_of(tmp_path, 8)
    put(folder, "wide.png", encoded(picture(90, (180, 64))), "a wide picture")
    prepare(folder, tmp_path / "set", dataclasses.replace(MIXED, alpha_mask=True))
    assert list((tmp_path / "set").glob("masks-*.u8"))
    return tmp_path / "set"


@pytest.fixture
def transparent(tmp_path: Path) -> Path:
    """A set of squares with alpha: colours lie behind full transparency too, and one picture is opaque."""
    data = tmp_path / "alpha"
    data.mkdir()
    pixels = np.random.default_rng(1).integers(0, 256, (5, 32, 32, 4), np.uint8)
    pixels[:, :16, :, 3] = 0
    pixels[4, :, :, 3] = 255
    (data / "images.rgba").write_bytes(pixels.tobytes())
    records = [json.dumps({"id": str(row), "captions": [f"Käse {row}"]}, ensure_ascii=False) for row in range(5)]
    (data / "records.jsonl").write_text("\n".join(records) + "\n", encoding="utf-8")
    return data


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix != ".html"}


@pytest.mark.parametrize("kind", ["mixed", "transparent"])
def test_a_set_comes_out_byte_for_byte(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "SHARD_PICTURES", 3)
    data = request.getfixturevalue(kind)
    assert len(pack(data, tmp_path / "packed", 1)) > 3
    unpack(tmp_path / "packed", tmp_path / "again", 1)
    assert contents(tmp_path / "again") == contents(data)


def test_packing_goes_on_where_it_stopped_and_keeps_to_one_set(mixed: Path, transparent: Path, tmp_path: Path) -> None:
    first, *_, last = pack(mixed, tmp_path / "packed", 1)[2:]
    kept = first.stat().st_mtime_ns
    last.unlink()
    assert last in pack(mixed, tmp_path / "packed", 1)
    assert last.exists()
    assert first.stat().st_mtime_ns == kept
    with pytest.raises(ValueError, match="another packed set"):
        pack(transparent, tmp_path / "packed", 1)


def test_a_missing_or_damaged_shard_is_named_and_nothing_is_written(transparent: Path, tmp_path: Path) -> None:
    shard = pack(transparent, tmp_path / "packed", 1)[2]
    shard.write_bytes(shard.read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"shard-000.tar is missing or damaged"):
        unpack(tmp_path / "packed", tmp_path / "again", 1)
    shutil.rmtree(tmp_path / "packed")
    with pytest.raises(ValueError, match=r"packed.json is missing"):
        unpack(tmp_path / "packed", tmp_path / "again", 1)
    assert not (tmp_path / "again").exists()


def test_what_is_no_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for data in (tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(ValueError, match="holds no prepared set"):
            pack(data, tmp_path / "packed", 1)
