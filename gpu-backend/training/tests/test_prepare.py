import dataclasses
import io
import json
import os
import tarfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from wuerstchen import prepare as command
from wuerstchen.pictures.buckets import aspect_buckets, nearest_bucket, parse_ratio
from wuerstchen.pictures.decode import PictureError, decode_picture, fit
from wuerstchen.pictures.duplicates import difference_hash
from wuerstchen.pictures.prepare import Settings, prepare
from wuerstchen.pictures.samples import LeftOut, Sample, read_samples
from wuerstchen.pictures.set_writer import SetWriter
from wuerstchen.training.data import PictureSet, is_held_out

TINY = Path(__file__).parent.parent / "configs" / "tiny.toml"
SQUARE = Settings(side=64, buckets=((64, 64),), side_min=32, near_bits=6, held_out_percent=20, licence="own")
MIXED = dataclasses.replace(SQUARE, buckets=((32, 96), (64, 64), (96, 32)))


def picture(number: int, size: tuple[int, int] = (100, 100)) -> Image.Image:
    """A smooth picture of its own for each number."""
    cells = np.random.default_rng(number).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(cells).resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def put(folder: Path, name: str, data: bytes, caption: str | None = "a picture") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if caption is not None:
        path.with_suffix(".txt").write_text(caption)


def folder_of(tmp_path: Path, count: int = 6) -> Path:
    folder = tmp_path / "from"
    for number in range(count):
        put(folder, f"p{number}.png", encoded(picture(number)), f"picture {number}")
    return folder


def left_out(report: dict, reason: str) -> dict[str, str]:
    return {item["file"]: item["detail"] for item in report["left_out"][reason]}


def samples(folder: Path) -> dict[str, tuple[str, ...]]:
    return {sample.name: sample.captions for sample in read_samples(folder) if isinstance(sample, Sample)}


def test_an_imagefolder_gives_its_captions(tmp_path: Path) -> None:
    rows = [
        {"file_name": "a.png", "text": "one"},
        {"file_name": "./b/b.png", "caption": "two"},
        {"file_name": "c.png", "captions": ["3", " 4 "]},
    ]
    for row in rows:
        put(tmp_path, row["file_name"], encoded(picture(1)), None)
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert samples(tmp_path) == {"a.png": ("one",), "b/b.png": ("two",), "c.png": ("3", "4")}


def test_text_beside_a_picture_is_one_caption_a_line(tmp_path: Path) -> None:
    put(tmp_path, "cat.webp", encoded(picture(1), "WEBP"), "\ufeffa cat\n\n  cat on a mat \na cat\n")
    assert samples(tmp_path) == {"cat.webp": ("a cat", "cat on a mat")}


def write_shard(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as shard:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            shard.addfile(entry, io.BytesIO(data))


def test_webdataset_shards_are_read_by_key(tmp_path: Path) -> None:
    write_shard(
        tmp_path / "00000.tar",
        {
            "s/001.jpg": encoded(picture(1), "JPEG"),
            "s/001.txt": b"first",
            "s/002.webp": encoded(picture(2), "WEBP"),
            "s/002.json": b'{"caption": "second"}',
            "s/003.PNG": encoded(picture(3)),
            "s/003.json": b'{"text": "third", "width": 100}',
            "s/004.cls": b"7",
        },
    )
    names = {"00000.tar/s/001.jpg": ("first",), "00000.tar/s/002.webp": ("second",), "00000.tar/s/003.PNG": ("third",)}
    assert samples(tmp_path) == names


def test_a_cut_shard_gives_what_is_whole_and_is_reported(tmp_path: Path) -> None:
    write_shard(
        tmp_path / "0.tar", {f"{n}.{kind}": encoded(picture(n)) if kind == "png" else b"text" for n in range(3) for kind in ("txt", "png")}
    )
    whole = (tmp_path / "0.tar").read_bytes()
    (tmp_path / "0.tar").write_bytes(whole[: len(whole) // 2])
    items = list(read_samples(tmp_path))
    assert next(item.name for item in items if isinstance(item, LeftOut)).startswith("0.tar")
    assert [item.name for item in items if isinstance(item, Sample)] == ["0.tar/0.png"]


def test_metadata_that_says_nothing_usable_is_named_by_line(tmp_path: Path) -> None:
    put(tmp_path, "a.png", encoded(picture(1)), None)
    lines = ['{"file_name": "a.png", "text": "fine"}', "{broken", '{"text": "no name"}', '{"file_name": "../a.png", "text": "x"}']
    (tmp_path / "metadata.jsonl").write_text("\n".join(lines))
    faults = [item.name for item in read_samples(tmp_path) if isinstance(item, LeftOut)]
    assert faults == ["metadata.jsonl:2", "metadata.jsonl:3", "metadata.jsonl:4"]
    assert samples(tmp_path) == {"a.png": ("fine",)}


def bomb() -> bytes:
    """A PNG whose header claims 30000×30000 pixels."""
    data = bytearray(encoded(Image.new("L", (8, 8))))
    data[16:24] = (30000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)


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
    assert "UTF-8" in bad["latin.png"]
    assert left_out(report, "too_small") == {"small.png": "100x31: the shorter side must have 32 pixels"}
    assert list(left_out(report, "no_caption")) == ["silent.png"]
    assert list(left_out(report, "unknown_kind")) == ["phone.heic"]
    assert report["pictures"]["all"] == 6
    assert json.loads((tmp_path / "set" / "report.json").read_text()) == json.loads(json.dumps(report))


def test_a_set_of_squares_has_the_plain_layout(tmp_path: Path) -> None:
    prepare(folder_of(tmp_path), tmp_path / "set", SQUARE)
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == ["images.rgb", "records.jsonl", "report.json"]
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
    shapes = {record.label: pictures.pixels[number].shape for number, record in enumerate(pictures.records)}
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


def test_the_same_pictures_give_the_same_bytes(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    for name in ("one", "two"):
        prepare(folder, tmp_path / name, MIXED)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


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


def test_transparency_lies_on_white() -> None:
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert np.asarray(decode_picture(encoded(image))).min() == 255
    palette = image.convert("P")
    palette.info["transparency"] = palette.getpixel((0, 0))
    assert np.asarray(decode_picture(encoded(palette))).min() == 255


def test_exif_orientation_turns_the_picture_upright() -> None:
    image = Image.new("RGB", (40, 20), "black")
    image.paste("white", (0, 0, 20, 20))  # the left half; turned clockwise it is the upper one
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = np.asarray(decode_picture(encoded(image, "JPEG", exif=exif, quality=95)))
    assert upright.shape == (40, 20, 3)
    assert upright[:18].min() > 200
    assert upright[22:].max() < 50


def test_sixteen_bits_a_pixel_are_scaled_and_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 64).reshape(8, 8).astype(np.uint16)
    decoded = np.asarray(decode_picture(encoded(Image.fromarray(ramp))))
    assert np.abs(decoded[..., 0].astype(float) - ramp / 257).max() <= 1


def test_cmyk_and_grey_become_rgb() -> None:
    for mode in ("CMYK", "L", "1"):
        assert decode_picture(encoded(Image.new(mode, (9, 9)), "JPEG" if mode == "CMYK" else "PNG")).mode == "RGB"


def test_a_huge_picture_is_refused_by_its_header() -> None:
    with pytest.raises(PictureError, match=r"million pixels|bomb"):
        decode_picture(bomb())


def test_fitting_takes_the_centre() -> None:
    image = Image.new("RGB", (300, 100), "black")
    image.paste("white", (100, 0, 200, 100))
    assert fit(image, (64, 64))[:, 2:-2].min() == 255


@pytest.mark.parametrize("side", [64, 128, 512, 1024])
def test_buckets_have_whole_multiples_and_about_the_same_area(side: int) -> None:
    buckets = aspect_buckets(side, 32, [parse_ratio(text) for text in ("1:1", "3:4", "4:3", "9:16", "16:9")])
    assert (side, side) in buckets
    for width, height in buckets:
        assert width % 32 == height % 32 == 0
        assert (height, width) in buckets
        assert 0.7 <= width * height / side**2 <= 1.5


def test_a_picture_goes_where_least_is_cut() -> None:
    buckets = aspect_buckets(512, 32, [parse_ratio(text) for text in ("1:1", "3:4", "4:3", "16:9")])
    assert nearest_bucket((4000, 3000), buckets) == (576, 448)
    assert nearest_bucket((1080, 1920), buckets) == (448, 576)
    assert nearest_bucket((1000, 1010), buckets) == (512, 512)


def test_the_command_prepares_a_folder_and_names_what_it_left_out(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    put(folder, "[odd] name.png", b"")
    arguments = command.parser().parse_args(["--from", str(folder), "--out", str(tmp_path / "set"), "--config", str(TINY)])
    console = Console(record=True, width=140, file=open(os.devnull, "w"))  # noqa: SIM115
    command.show(command.run(arguments, console), arguments.out, console)
    text = console.export_text()
    assert "[odd] name.png: the file has no bytes" in text
    assert "64x64" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ratios", "3/4"], r"ratio '3/4': write width:height"),
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
