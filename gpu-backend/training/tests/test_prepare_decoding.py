import numpy as np
import pytest
from PIL import Image
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
