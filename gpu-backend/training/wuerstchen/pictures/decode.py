"""Bytes of a picture's file to upright RGB."""

import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION

# A small file can claim a huge picture; 64 million pixels need 192 MB as RGB and are more than cameras of today
# deliver.
PIXELS_MAX = 64_000_000
SAVE = "save it with 8 or 16 bits a channel"


class PictureError(ValueError):
    """The bytes are no picture that can be used; the text says why."""


def decode_picture(data: bytes) -> Image.Image:
    """RGB, turned as its EXIF orientation says, transparency on white, first frame of an animation. Raises
    PictureError.
    """
    if not data:
        raise PictureError("the file has no bytes")
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > PIXELS_MAX:
                raise PictureError(
                    f"{image.width}x{image.height} has more than {PIXELS_MAX // 10**6} million pixels: make it smaller"
                )
            image.load()
            return _on_white(ImageOps.exif_transpose(image), _white_of(image))
    except PictureError:
        raise
    except UnidentifiedImageError as error:  # its own text holds an address, which differs from run to run
        raise PictureError("cannot be decoded: it is no picture, or damaged at its beginning") from error
    except Exception as error:  # damaged files make Pillow raise errors of many kinds, some of them its own
        raise PictureError(f"cannot be decoded: {error}") from error


def alpha_of(data: bytes) -> Image.Image:
    """(L) the transparency of a picture that `decode_picture` can read, upright; white where it has none."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        upright = ImageOps.exif_transpose(image)
        if not upright.has_transparency_data:
            return Image.new("L", upright.size, "white")
        return upright.convert("RGBA").getchannel("A")


def _on_white(image: Image.Image, white: float | None) -> Image.Image:
    if white is not None:
        image = Image.fromarray(_eight_bits(np.asarray(image), white))
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _white_of(image: Image.Image) -> float | None:
    """The number that means white where a grey has more than 8 bits, negative where 0 is white; None for other
    pictures. Raises PictureError where the file does not say it: Pillow would cut such numbers to 0 to 255.
    """
    if image.mode == "I":
        raise PictureError(f"cannot be decoded: it holds whole numbers of no known range: {SAVE}")
    if image.mode != "F" and not image.mode.startswith("I;16"):
        return None
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(BITSPERSAMPLE, (16,))[0]
    white = 1.0 if image.mode == "F" else 2.0**bits - 1
    return -white if tags.get(PHOTOMETRIC_INTERPRETATION) == 0 else white


def _eight_bits(numbers: np.ndarray, white: float) -> np.ndarray:
    shares = numbers.astype(np.float32) / abs(white)
    if not ((shares >= 0) & (shares <= 1)).all():  # not a number fails as well
        raise PictureError(f"cannot be decoded: it holds numbers outside 0 to 1: {SAVE}")
    return np.rint(255 * (shares if white > 0 else 1 - shares)).astype(np.uint8)
