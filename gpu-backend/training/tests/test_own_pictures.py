"""Folders as people have them: whatever cannot be used is listed by name and reason, and takes nothing else with it."""

import dataclasses
import io
import json
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from raw_pictures import SQUARE, encoded, folder_of, left_out, picture, put

from wuerstchen.pictures.buckets import nearest_bucket
from wuerstchen.pictures.fit import FITS, cut_share, fit, fit_mask
from wuerstchen.pictures.prepare import prepare
from wuerstchen.pictures.samples import count_pictures
from wuerstchen.training.data import PictureSet

HALF_A_CHARACTER = chr(0xD83D)


def test_a_file_name_in_latin_1_is_listed_and_the_rest_is_prepared(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / os.fsdecode(b"caf\xe9.png")).write_bytes(encoded(picture(50)))
    (folder / os.fsdecode(b"caf\xe9.txt")).write_text("a cafe")
    report = prepare(folder, tmp_path / "set", SQUARE)
    bad = left_out(report, "bad")
    assert bad["caf\\udce9.png"] == "the name is no UTF-8 text: rename the file"
    assert report["pictures"]["all"] == 6
    assert json.loads((tmp_path / "set" / "report.json").read_text(encoding="utf-8")) == json.loads(json.dumps(report))


@pytest.mark.parametrize("place", ["metadata.jsonl", "beside", "label"])
def test_half_of_a_character_in_a_caption_is_listed_and_the_rest_is_prepared(tmp_path: Path, place: str) -> None:
    folder = folder_of(tmp_path)
    put(folder, "odd.png", encoded(picture(50)), None)
    text = {"file_name": "odd.png", "text": "fine" if place == "label" else f"odd {HALF_A_CHARACTER}"}
    text |= {"label": HALF_A_CHARACTER} if place == "label" else {}
    (folder / ("odd.json" if place == "beside" else "metadata.jsonl")).write_text(json.dumps(text))
    report = prepare(folder, tmp_path / "set", SQUARE)
    listed = left_out(report, "bad")["odd.png" if place == "beside" else "metadata.jsonl:1"]
    assert "the text is no UTF-8, or holds half of a character" in listed
    assert report["pictures"]["all"] == 6


def test_names_in_metadata_that_no_file_can_have_are_listed(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    names = [HALF_A_CHARACTER + ".png", "nul\0.png", "x" * 5000 + ".png", ["p0.png"]]
    (folder / "metadata.jsonl").write_text("\n".join(json.dumps({"file_name": name, "text": "x"}) for name in names))
    report = prepare(folder, tmp_path / "set", SQUARE)
    assert sorted(left_out(report, "bad")) == [f"metadata.jsonl:{number}" for number in (1, 2, 3, 4)]
    (tmp_path / "set" / "report.json").read_text(encoding="utf-8")


def shard_of(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as shard:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            shard.addfile(entry, io.BytesIO(data))


def test_a_picture_of_a_shard_with_dots_in_its_name_is_listed(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    shard_of(
        folder / "0.tar",
        {
            "two.dots.in.name.png": encoded(picture(50)),
            "two.txt": b"two",
            "plain.png": encoded(picture(51)),
            "plain.txt": b"x",
        },
    )
    report = prepare(folder, tmp_path / "set", SQUARE)
    assert left_out(report, "bad") == {
        "0.tar/two.dots.in.name.png": "in a shard a name ends at its first dot: take out the other dots"
    }
    assert report["pictures"]["all"] == 7


def test_links_to_nothing_are_listed(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (folder / "round.png").symlink_to(folder / "round.png")
    report = prepare(folder, tmp_path / "set", SQUARE)
    assert left_out(report, "bad") == {
        "gone.png": "the link leads to no file",
        "round.png": "the link leads to no file",
    }


@pytest.mark.parametrize(
    ("kind", "codec"), [("tiff", "TIFF"), ("tif", "TIFF"), ("avif", "AVIF"), ("jfif", "JPEG"), ("PNG", "PNG")]
)
def test_pictures_of_every_listed_kind_are_read(tmp_path: Path, kind: str, codec: str) -> None:
    folder = folder_of(tmp_path)
    put(folder, f"more.{kind}", encoded(picture(50), codec), "more")
    assert prepare(folder, tmp_path / "set", SQUARE)["pictures"]["all"] == 7
    assert "more" in {record.label for record in PictureSet(tmp_path / "set", 64).records}


def test_captions_of_caption_files_and_of_a_table_are_read(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 2)
    put(folder, "kohya.png", encoded(picture(50)), None)
    (folder / "kohya.caption").write_text("a tagged picture\n")
    put(folder, "deep/table.png", encoded(picture(51)), None)
    (folder / "metadata.csv").write_text(
        '\ufefffile_name,text,label\ndeep/table.png,"one, of a table",table\nmissing.png,x,y\n', "utf-8"
    )
    report = prepare(folder, tmp_path / "set", SQUARE)
    records = {record.file: record for record in PictureSet(tmp_path / "set", 64).records}
    assert records["kohya.png"].captions == ("a tagged picture",)
    assert (records["deep/table.png"].captions, records["deep/table.png"].label) == (("one, of a table",), "table")
    assert left_out(report, "bad") == {"metadata.csv:3": "file_name 'missing.png' is not there"}


def test_a_table_that_is_none_or_no_utf_8_is_listed_by_line(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "metadata.csv").write_bytes("file_name,text\np0.png,K\u00e4se\np1.png,fine\n".encode("latin-1"))
    report = prepare(folder, tmp_path / "set", SQUARE)
    assert left_out(report, "bad") == {"metadata.csv:2": "the text is no UTF-8, or holds half of a character"}
    assert {record.captions for record in PictureSet(tmp_path / "set", 64).records} >= {("fine",), ("picture 0",)}


def test_a_picture_is_called_what_its_folder_calls_it_and_never_by_its_path(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 2)
    put(folder, "a/b.png", encoded(picture(50)), None)
    (folder / "a" / "b.json").write_text('{"caption": "a red lamp", "label": "lamp"}')
    prepare(folder, tmp_path / "set", SQUARE)
    assert [record.label for record in PictureSet(tmp_path / "set", 64).records] == ["lamp", "picture 0", "picture 1"]


def test_the_progress_bar_reaches_its_total_and_never_passes_it(tmp_path: Path) -> None:
    folder, calls = folder_of(tmp_path), []
    put(folder, "broken.png", b"?")
    put(folder, "small.png", encoded(picture(50, (8, 8))))
    put(folder, "silent.png", encoded(picture(51)), None)
    put(folder, "phone.heic", b"?", None)
    (folder / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (folder / "metadata.jsonl").write_text("{broken\n{worse")
    shard_of(folder / "0.tar", {"two.dots.png": encoded(picture(52)), "a.png": encoded(picture(53)), "a.txt": b"a"})
    prepare(folder, tmp_path / "set", SQUARE, lambda: calls.append(1))
    assert len(calls) == count_pictures(folder) == 10


def test_pictures_that_lose_much_are_named_with_their_share(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    put(folder, "tall.png", encoded(picture(50, (100, 185))))
    report = prepare(folder, tmp_path / "set", SQUARE)
    assert report["cut"] == [{"file": "tall.png", "share": pytest.approx(1 - 100 / 185, abs=1e-3)}]


def corner() -> Image.Image:
    """White, 64×128, with a striped square at the top."""
    image = Image.new("RGB", (64, 128), "white")
    for row in range(0, 40, 8):
        image.paste((200, 0, 0), (10, row, 54, row + 4))
    return image


def test_a_focus_crop_holds_what_a_centred_crop_cuts_off(tmp_path: Path) -> None:
    centred, focused = (int((fit(corner(), (64, 64), how) < 128).sum()) for how in ("crop", "focus"))
    assert focused > 3 * centred


def test_padding_keeps_all_of_a_picture_between_white_bars() -> None:
    padded = fit(corner(), (64, 64), "pad")
    assert padded.shape == (64, 64, 3)
    assert (padded[:, :16] == 255).all()
    assert (padded[:, 48:] == 255).all()
    assert (padded[2:20] < 128).any()


@pytest.mark.parametrize("how", FITS)
@pytest.mark.parametrize("size", [(64, 64), (1000, 3), (3, 1000), (63, 65), (1, 1)])
def test_every_way_fits_every_shape_and_says_what_it_cuts(how: str, size: tuple[int, int]) -> None:
    image = picture(1, size)
    bucket = nearest_bucket(size, [(64, 64), (96, 32), (32, 96)])
    assert fit(image, bucket, how).shape == (bucket[1], bucket[0], 3)
    kept = 1 - cut_share(image, bucket, how)
    assert 0 < kept <= 1
    assert how != "pad" or kept == 1


@pytest.mark.parametrize(
    "damage", ["share", "skip", "negative weight", "no record", "raw folder", "no pixels", "wrong key"]
)
def test_a_set_whose_records_and_pictures_do_not_pair_is_refused_by_one_sentence(tmp_path: Path, damage: str) -> None:
    prepare(folder_of(tmp_path), tmp_path / "set", SQUARE)
    path = tmp_path / "set" / "records.jsonl"
    rows = [json.loads(line) | {"index": number} for number, line in enumerate(path.read_text().splitlines())]
    rows[1] |= {
        "share": {"index": 0},
        "skip": {"index": 9},
        "negative weight": {"weight": -1},
        "wrong key": {"colour": 1},
    }.get(damage, {})
    path.write_text("" if damage == "no record" else "\n".join(map(json.dumps, rows)) + "\n")
    if damage == "no pixels":
        (tmp_path / "set" / "images.rgb").write_bytes(b"")
    directory = tmp_path / ("from" if damage == "raw folder" else "set")
    expected = {
        "share": "share a row or skip one",
        "skip": "share a row or skip one",
        "negative weight": "weights must be at least 0",
        "no record": "holds no records",
        "raw folder": "holds no data set: make one with python -m wuerstchen.prepare",
        "no pixels": "is missing or empty",
        "wrong key": r"records\.jsonl:2 is no record of a picture",
    }
    with pytest.raises((ValueError, FileNotFoundError), match=expected[damage]) as refused:
        PictureSet(directory, 64)
    assert "\n" not in str(refused.value)


def half_black(size: tuple[int, int]) -> Image.Image:
    """Black on the left."""
    mask = Image.new("L", size, "white")
    mask.paste(0, (0, 0, size[0] // 2, size[1]))
    return mask


def test_masks_beside_pictures_lie_where_their_pictures_do(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 3)
    put(folder, "p1-masklabel.png", encoded(half_black((50, 50))), None)
    put(folder, "gone-masklabel.png", encoded(half_black((50, 50))), None)
    put(folder, "odd.png", encoded(picture(50)))
    put(folder, "odd-masklabel.png", b"?", None)
    calls = []
    report = prepare(folder, tmp_path / "set", SQUARE, lambda: calls.append(1))
    assert left_out(report, "bad") == {
        "gone-masklabel.png": "no picture gone is beside this mask",
        "odd.png": "its mask cannot be decoded: it is no picture, or damaged at its beginning",
    }
    assert len(calls) == count_pictures(folder) == 4
    assert "paler where its mask" in (tmp_path / "set" / "preview.html").read_text()
    pictures = PictureSet(tmp_path / "set", 64)
    of = {record.file: pictures.masks[number] for number, record in enumerate(pictures.records)}
    assert (of["p0.png"] == 255).all()
    assert of["p1.png"].shape == (64, 64)
    assert (of["p1.png"][:, :30].max(), of["p1.png"][:, 34:].min()) == (0, 255)
    (tmp_path / "set" / "masks.u8").write_bytes(bytes(64))
    with pytest.raises(ValueError, match=r"masks\.u8 does not hold a mask for each picture"):
        PictureSet(tmp_path / "set", 64)


@pytest.mark.parametrize("how", FITS)
def test_a_mask_is_cut_and_padded_as_its_picture_is(how: str) -> None:
    image = corner()
    red = Image.fromarray((np.asarray(image)[..., 1] < 128).astype(np.uint8) * 255)
    cut, mask = fit(image, (64, 64), how), fit_mask(red, image, (64, 64), how)
    assert np.abs((255 - cut[..., 1].astype(int)) - mask).max() < 3


def test_transparency_is_a_mask_where_it_is_asked_for(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 2)
    clear = picture(50)
    clear.putalpha(half_black(clear.size))
    put(folder, "clear.png", encoded(clear))
    prepare(folder, tmp_path / "set", SQUARE)
    assert PictureSet(tmp_path / "set", 64).masks is None
    prepare(folder, tmp_path / "set", dataclasses.replace(SQUARE, alpha_mask=True))
    pictures = PictureSet(tmp_path / "set", 64)
    of = {record.file: pictures.masks[number] for number, record in enumerate(pictures.records)}
    assert (of["clear.png"][:, :30].max(), of["clear.png"][:, 34:].min(), of["p0.png"].min()) == (0, 255, 255)


@pytest.mark.parametrize("percent", [0, 50])
def test_however_few_pictures_there_are_some_are_trained_and_some_held_out(tmp_path: Path, percent: float) -> None:
    for start in range(8):
        folder = tmp_path / f"from{start}"
        for number in range(2):
            put(folder, f"{number}.png", encoded(picture(10 * start + number)))
        report = prepare(folder, tmp_path / f"set{start}", dataclasses.replace(SQUARE, held_out_percent=percent))
        assert report["pictures"] == {"all": 2, "train": 1, "held_out": 1}


def test_pixels_lie_where_their_records_say(tmp_path: Path) -> None:
    prepare(folder_of(tmp_path), tmp_path / "set", SQUARE)
    pictures = PictureSet(tmp_path / "set", 64)
    for number, record in enumerate(pictures.records):
        expected = fit(picture(int(record.file[1])), (64, 64))
        assert np.array_equal(pictures.pixels[number], expected)
