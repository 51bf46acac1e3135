import base64
import dataclasses
import io
import json
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image
from raw_pictures import MIXED, SQUARE, bomb, encoded, folder_of, left_out, picture, put

from wuerstchen.pictures.duplicates import difference_hash
from wuerstchen.pictures.fit import fit
from wuerstchen.pictures.left_out import Reason
from wuerstchen.pictures.prepare import prepare
from wuerstchen.pictures.preview import TEXTS
from wuerstchen.texts import LANGUAGES, places_of, read_texts
from wuerstchen.training.data import PictureSet
from wuerstchen.training.records import is_held_out


def test_files_that_cannot_be_used_are_listed_and_do_not_stop_the_rest(tmp_path: Path) -> None:
    folder, whole = folder_of(tmp_path), encoded(picture(50), "JPEG")
    put(folder, "empty.png", b"")
    put(folder, "cut.jpg", whole[: len(whole) // 2])
    put(folder, "words.png", b"not a picture at all")
    put(folder, "bomb.png", bomb())
    put(folder, "small.png", encoded(picture(51, (100, 31))))
    put(folder, "silent.png", encoded(picture(52)), None)
    put(folder, "latin.png", encoded(picture(53)), None)
    (folder / "latin.txt").write_bytes("Käse".encode("latin-1"))
    put(folder, "phone.heic", b"?", None)
    report = prepare(folder, tmp_path / "set", SQUARE)
    bad = left_out(report, "bad")
    assert sorted(bad) == ["bomb.png", "cut.jpg", "empty.png", "latin.png", "words.png"]
    assert "no bytes" in bad["empty.png"]
    assert bad["words.png"] == "cannot be decoded: it is no picture, or damaged at its beginning"
    assert "UTF-8" in bad["latin.png"]
    assert left_out(report, "too_small") == {"small.png": "100x31: the shorter side must have 32 pixels"}
    assert list(left_out(report, "no_caption")) == ["silent.png"]
    assert list(left_out(report, "unknown_kind")) == ["phone.heic"]
    assert report["pictures"]["all"] == 6
    assert json.loads((tmp_path / "set" / "report.json").read_text()) == json.loads(json.dumps(report))


def test_a_set_of_squares_has_the_plain_layout(tmp_path: Path) -> None:
    prepare(folder_of(tmp_path), tmp_path / "set", SQUARE)
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == [
        "images.rgb",
        "preview.html",
        "records.jsonl",
        "report.json",
    ]
    pictures = PictureSet(tmp_path / "set", 64)
    assert pictures.images(np.arange(6)).shape == (6, 3, 64, 64)
    expected = fit(picture(4), (64, 64))
    assert (pictures.pixels[4] == expected).all()
    assert pictures.records[4].captions == ("picture 4",)


def test_pictures_go_to_the_bucket_of_their_shape(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 3)
    put(folder, "tall.png", encoded(picture(7, (80, 200))))
    put(folder, "wide.png", encoded(picture(8, (300, 90))))
    report = prepare(folder, tmp_path / "set", MIXED)
    assert report["buckets"] == {"32x96": 1, "64x64": 3, "96x32": 1}
    pictures = PictureSet(tmp_path / "set", 64)
    shapes = {record.file: pictures.pixels[number].shape for number, record in enumerate(pictures.records)}
    assert shapes["tall.png"] == (96, 32, 3)
    assert shapes["wide.png"] == (32, 96, 3)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_scaled_and_compressed_copy_is_a_duplicate_of_the_first(tmp_path: Path, kind: str) -> None:
    folder = folder_of(tmp_path)
    put(folder, "z-copy." + kind.lower(), encoded(picture(2).resize((80, 80)), kind, quality=60))
    report = prepare(folder, tmp_path / "set", SQUARE)
    assert left_out(report, "duplicate") == {"z-copy." + kind.lower(): "repeats p2.png"}
    assert report["pictures"]["all"] == 6


def test_one_outline_in_two_colours_is_two_pictures(tmp_path: Path) -> None:
    for name, colour in (("red", (200, 30, 30)), ("blue", (30, 30, 220)), ("green", (20, 150, 20))):
        image = Image.new("RGB", (100, 100), "white")
        image.paste(colour, (30, 30, 70, 70))
        put(tmp_path / "from", f"{name}.png", encoded(image))
    assert prepare(tmp_path / "from", tmp_path / "set", SQUARE)["pictures"]["all"] == 3


def test_noise_of_a_flat_area_does_not_move_the_hash() -> None:
    noise = np.random.default_rng(0).integers(-4, 5, (100, 100, 3))
    flat = Image.fromarray(np.clip(np.full((100, 100, 3), 200) + noise, 0, 255).astype(np.uint8))
    assert difference_hash(flat) == difference_hash(Image.new("RGB", (100, 100), (200, 200, 200)))


def test_the_split_follows_the_bytes_of_a_file_and_not_its_name(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 30)
    prepare(folder, tmp_path / "one", SQUARE)
    for number in range(30):
        for kind in ("png", "txt"):
            target = folder / f"moved/{29 - number}.{kind}"
            target.parent.mkdir(exist_ok=True)
            (folder / f"p{number}.{kind}").rename(target)
    put(folder, "new.png", encoded(picture(99)))
    prepare(folder, tmp_path / "two", SQUARE)
    one, two = ({r.id: r.held_out for r in PictureSet(tmp_path / name, 64).records} for name in ("one", "two"))
    assert one.items() <= two.items()
    assert all(held_out == is_held_out(name, 20) for name, held_out in one.items())
    assert 0 < sum(one.values()) < 15


def test_a_small_set_holds_one_picture_out(tmp_path: Path) -> None:
    report = prepare(folder_of(tmp_path, 2), tmp_path / "set", dataclasses.replace(SQUARE, held_out_percent=0))
    assert report["pictures"] == {"all": 2, "train": 1, "held_out": 1}


def test_a_page_shows_every_picture_as_training_sees_it_and_what_was_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path, 3)
    put(folder, "tall.png", encoded(picture(50, (100, 185))), "a <b>bold</b> & tall one")
    put(folder, "<i>.png", b"?")
    report = prepare(folder, tmp_path / "set", SQUARE)
    page = (tmp_path / "set" / "preview.html").read_text(encoding="utf-8")
    assert page.count("<img") == page.count('src="data:image/jpeg;base64,') == report["pictures"]["all"] == 4
    assert "a &lt;b&gt;bold&lt;/b&gt; &amp; tall one" in page
    assert page.count("is cut off") == 1
    assert page.count("held out<") + page.count(", held out") >= report["pictures"]["held_out"]
    assert "<td>&lt;i&gt;.png</td><td>cannot be read</td>" in page
    assert "<i>" not in page
    first = base64.b64decode(page.split("base64,")[1].split('"')[0])
    with Image.open(io.BytesIO(first)) as shown:
        difference = np.asarray(shown, np.float32) - PictureSet(tmp_path / "set", 64).pixels[0]
    assert np.abs(difference).mean() < 12
    monkeypatch.setattr("wuerstchen.pictures.preview.SHOWN_MAX", 2)
    prepare(folder, tmp_path / "set", SQUARE)
    page = (tmp_path / "set" / "preview.html").read_text(encoding="utf-8")
    assert page.count("<img") == 2
    assert "2 of them, evenly spread" in page
    prepare(folder, tmp_path / "set", SQUARE, language="ja")
    page = (tmp_path / "set" / "preview.html").read_text(encoding="utf-8")
    assert '<html lang="ja">' in page
    assert "<td>&lt;i&gt;.png</td><td>読み込めません</td>" in page


def test_the_preview_says_the_same_in_both_languages() -> None:
    english, japanese = (read_texts(TEXTS, language) for language in LANGUAGES)
    assert english.keys() == japanese.keys()
    assert all(places_of(text) == places_of(japanese[key]) for key, text in english.items())
    reasons = {key.removeprefix("reason.") for key in english if key.startswith("reason.")}
    assert reasons == set(get_args(Reason))


def test_the_same_pictures_give_the_same_bytes(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    for name in ("one", "two"):
        prepare(folder, tmp_path / name, MIXED)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
