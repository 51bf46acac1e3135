"""Bytes of a picture's file to upright RGB."""

import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# A small file can claim a huge picture; 64 million pixels need 192 MB as RGB and are more than cameras of today
# deliver.
PIXELS_MAX = 64_000_000


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
            return _on_white(ImageOps.exif_transpose(image))
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


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = Image.fromarray(
            (np.asarray(image) // 257).astype(np.uint8)
        )  # Pillow would clip 16 bits instead of scaling them
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
