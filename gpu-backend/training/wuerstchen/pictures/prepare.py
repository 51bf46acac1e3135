"""The steps from samples to a written set: decode, check, compare, fit, write."""

import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from PIL import Image

from wuerstchen.pictures.buckets import nearest_bucket
from wuerstchen.pictures.decode import PictureError, alpha_of, decode_picture
from wuerstchen.pictures.duplicates import Seen, difference_hash, thumbnail
from wuerstchen.pictures.fit import Fit, cut_share, fit, fit_mask
from wuerstchen.pictures.left_out import LeftOut, Reason
from wuerstchen.pictures.preview import preview_page
from wuerstchen.pictures.repeats import repeated_folders, repeats_of
from wuerstchen.pictures.sample import Sample
from wuerstchen.pictures.samples import has_masks, read_samples
from wuerstchen.pictures.set_writer import SetWriter
from wuerstchen.training.records import Record

# Files of as many samples are in memory at once.
SAMPLES_AT_ONCE = 32
PICTURES_MIN = 2
# A picture that loses more of its area is named in the report.
CUT_NAMED = 0.2
FORMAT = "wuerstchen-edge/prepared@1"


@dataclass(frozen=True)
class Settings:
    """`side` of a square picture, `buckets` (width, height), least shorter side of an original, bits that may
    differ in duplicates. `alpha_mask`: transparency says what counts in training, where no mask file does.
    """

    side: int
    buckets: tuple[tuple[int, int], ...]
    side_min: int
    near_bits: int
    held_out_percent: float
    licence: str
    fit: Fit = "crop"
    alpha_mask: bool = False


@dataclass(frozen=True)
class Picture:
    """A decoded sample: what duplicates are found by, its pixels (height, width, 3) in the shape of its bucket, the
    share cut off, and its mask (height, width) if it has one.
    """

    sample: Sample
    digest: np.uint64
    small: np.ndarray
    pixels: np.ndarray
    cut: float
    mask: np.ndarray | None = None


def prepare(
    folder: Path, out: Path, settings: Settings, progress: Callable[[], None] = lambda: None, language: str = "en"
) -> dict:
    """Reads `folder`, writes the set `out` and returns its report; `progress` is called after each picture. `language`:
    of the preview.

    Raises ValueError where fewer than two pictures are left, FileExistsError where `out` is no prepared set; `out` is
    then as before."""
    left_out: list[LeftOut] = []
    cuts: dict[str, float] = {}
    seen, names = Seen(settings.near_bits), []
    masked = settings.alpha_mask or has_masks(folder)
    with SetWriter(out, settings.side, settings.held_out_percent, masked) as writer:
        for item in _decoded(folder, settings):
            if isinstance(item, Picture) or item.of_picture:
                progress()
            if isinstance(item, Picture) and (first := seen.find(item.digest, item.small)) is not None:
                item = LeftOut(item.sample.name, "duplicate", f"repeats {names[first]}")
            if isinstance(item, LeftOut):
                left_out.append(item)
                continue
            seen.add(item.digest, item.small)
            names.append(item.sample.name)
            cuts[item.sample.name] = item.cut
            writer.add(_record(item.sample, settings.licence), item.pixels, item.mask)
        if len(names) < PICTURES_MIN:
            reasons = "".join(f"\n  {item.name}: {item.detail}" for item in left_out[:20])
            raise ValueError(f"{folder}: {len(names)} usable pictures, at least {PICTURES_MIN} are needed{reasons}")
        writer.split()
        report = {**_report(writer.records, left_out, cuts, settings), "masks": masked}
        preview = preview_page(writer.records, writer.shown, cuts, report, language)
        writer.finish(report, preview)
    return report


def _decoded(folder: Path, settings: Settings) -> Iterator[Picture | LeftOut]:
    """Decodes on all cores (Pillow lets go of the interpreter's lock), in the order of the samples."""
    samples = read_samples(folder)
    with ThreadPoolExecutor() as pool:
        while chunk := list(itertools.islice(samples, SAMPLES_AT_ONCE)):
            yield from pool.map(lambda sample: _decode(sample, settings), chunk)


def _decode(sample: Sample | LeftOut, settings: Settings) -> Picture | LeftOut:
    if isinstance(sample, LeftOut):
        return sample
    try:
        image = decode_picture(sample.data)
    except PictureError as error:
        return LeftOut(sample.name, "bad", str(error), of_picture=True)
    if min(image.size) < settings.side_min:
        detail = f"{image.width}x{image.height}: the shorter side must have {settings.side_min} pixels"
        return LeftOut(sample.name, "too_small", detail, of_picture=True)
    if not sample.captions:
        return LeftOut(
            sample.name, "no_caption", "no text in a metadata file and no caption file beside it", of_picture=True
        )
    size = nearest_bucket(image.size, settings.buckets)
    try:
        mask = _mask(sample, image, size, settings)
    except PictureError as error:
        return LeftOut(sample.name, "bad", f"its mask {error}", of_picture=True)
    pixels, cut = fit(image, size, settings.fit), cut_share(image, size, settings.fit)
    return Picture(sample, difference_hash(image), thumbnail(image), pixels, cut, mask)


def _mask(sample: Sample, image: Image.Image, size: tuple[int, int], settings: Settings) -> np.ndarray | None:
    """White counts. Raises PictureError where the mask's file cannot be read."""
    if sample.mask is not None:
        mask = decode_picture(sample.mask).convert("L")
    elif settings.alpha_mask:
        mask = alpha_of(sample.data)
    else:
        return None
    return fit_mask(mask, image, size, settings.fit)


def _record(sample: Sample, licence: str) -> Record:
    """The id is a hash of the file's bytes: moving, renaming or packing pictures moves none of them to the other
    side of the split.
    """
    digest = hashlib.sha256(sample.data).hexdigest()[:16]
    label, file = sample.label or sample.captions[0], sample.name
    return Record(
        digest,
        licence,
        style="",
        label=label,
        kind="picture",
        weight=float(repeats_of(file)[1]),
        captions=sample.captions,
        file=file,
    )


def _report(records: list[Record], left_out: list[LeftOut], cuts: dict[str, float], settings: Settings) -> dict:
    """Plain data; the same pictures and settings give the same report."""
    held_out, buckets = sum(bool(record.held_out) for record in records), Counter(record.bucket for record in records)
    by_reason: dict[str, list[dict[str, str]]] = {reason: [] for reason in get_args(Reason)}
    for item in left_out:
        by_reason[item.reason].append({"file": item.name, "detail": item.detail})
    return {
        "format": FORMAT,
        "settings": asdict(settings),
        "pictures": {"all": len(records), "train": len(records) - held_out, "held_out": held_out},
        "captions": sum(len(record.captions) for record in records),
        "buckets": dict(sorted(buckets.items())),
        "repeated": repeated_folders(record.file for record in records),
        "cut": [{"file": name, "share": round(share, 3)} for name, share in cuts.items() if share > CUT_NAMED],
        "left_out": by_reason,
    }
