import io

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin
from raw_pictures import bomb, encoded

from wuerstchen.pictures.buckets import aspect_buckets, nearest_bucket, parse_ratio
from wuerstchen.pictures.decode import PictureError, decode_picture
from wuerstchen.pictures.fit import fit


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


def grey(values: np.ndarray, **tags: object) -> bytes:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for name, value in tags.items():
        info[getattr(TiffImagePlugin, name)] = value
    return encoded(Image.fromarray(values), "TIFF", tiffinfo=info)


def test_floats_from_0_to_1_are_scaled_and_not_cut_to_black() -> None:
    ramp = np.linspace(0, 1, 64).reshape(8, 8).astype(np.float32)
    decoded = np.asarray(decode_picture(grey(ramp)))
    assert np.abs(decoded[..., 0] / 255 - ramp).max() <= 0.5 / 255 + 1e-6


@pytest.mark.parametrize(
    "values",
    [
        np.linspace(0, 255, 64, dtype=np.float32),
        np.linspace(-0.1, 1, 64, dtype=np.float32),
        np.full(64, np.nan, np.float32),
        np.arange(64, dtype=np.int32) * 1000,
        np.zeros(64, np.int32),
    ],
    ids=["floats to 255", "negative", "no numbers", "whole numbers", "zeros"],
)
def test_numbers_of_which_nobody_knows_what_is_white_are_refused(values: np.ndarray) -> None:
    with pytest.raises(PictureError, match=r"cannot be decoded: .* save it with 8 or 16 bits a channel"):
        decode_picture(grey(values.reshape(8, 8)))


def test_sixteen_bits_of_which_0_is_white_are_turned_round() -> None:
    ramp = np.linspace(0, 65535, 64).reshape(8, 8).astype(np.uint16)
    decoded = np.asarray(decode_picture(grey(ramp, PHOTOMETRIC_INTERPRETATION=0)))
    assert np.abs(255 - decoded[..., 0].astype(float) - ramp / 257).max() <= 1


def test_twelve_bits_are_scaled_by_their_own_range() -> None:
    data = bytearray(grey(np.zeros((8, 8), np.uint16)))
    head, bits = data.index(bytes([2, 1, 3, 0, 1, 0, 0, 0])), 12  # tag 258, BitsPerSample
    data[head + 8 : head + 10] = bits.to_bytes(2, "little")
    with Image.open(io.BytesIO(data)) as image:
        start = image.tile[0].offset
    data[start : start + 96] = bytes([255]) * 96
    assert np.asarray(decode_picture(bytes(data))).min() == 255


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
