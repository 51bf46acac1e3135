"""The steps from samples to a written set: decode, check, compare, fit, write."""

import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from wuerstchen.pictures.buckets import nearest_bucket
from wuerstchen.pictures.decode import PictureError, decode_picture, fit
from wuerstchen.pictures.duplicates import Seen, difference_hash, thumbnail
from wuerstchen.pictures.samples import LeftOut, Sample, read_samples
from wuerstchen.pictures.set_writer import SetWriter
from wuerstchen.training.data import Record

# Files of as many samples are in memory at once.
SAMPLES_AT_ONCE = 32
PICTURES_MIN = 2
FORMAT = "wuerstchen-edge/prepared@1"


@dataclass(frozen=True)
class Settings:
    """`side` of a square picture, `buckets` (width, height), least shorter side of an original, bits that may differ in duplicates."""

    side: int
    buckets: tuple[tuple[int, int], ...]
    side_min: int
    near_bits: int
    held_out_percent: float
    licence: str


@dataclass(frozen=True)
class Picture:
    """A decoded sample: what duplicates are found by, and its pixels (height, width, 3) in the shape of its bucket."""

    sample: Sample
    digest: np.uint64
    small: np.ndarray
    pixels: np.ndarray


def prepare(folder: Path, out: Path, settings: Settings, progress: Callable[[], None] = lambda: None) -> dict:
    """Reads `folder`, writes the set `out` and returns its report; `progress` is called after each sample.

    Raises ValueError where fewer than two pictures are left, FileExistsError where `out` is no prepared set; `out` is then as before."""
    left_out: list[LeftOut] = []
    seen, names = Seen(settings.near_bits), []
    with SetWriter(out, settings.side, settings.held_out_percent) as writer:
        for item in _decoded(folder, settings):
            progress()
            if isinstance(item, Picture) and (first := seen.find(item.digest, item.small)) is not None:
                item = LeftOut(item.sample.name, "duplicate", f"repeats {names[first]}")
            if isinstance(item, LeftOut):
                left_out.append(item)
                continue
            seen.add(item.digest, item.small)
            names.append(item.sample.name)
            writer.add(_record(item.sample, settings.licence), item.pixels)
        if len(names) < PICTURES_MIN:
            reasons = "".join(f"\n  {item.name}: {item.detail}" for item in left_out[:20])
            raise ValueError(f"{folder}: {len(names)} usable pictures, at least {PICTURES_MIN} are needed{reasons}")
        writer.split()
        report = _report(writer.records, left_out, settings)
        writer.finish(report)
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
        return LeftOut(sample.name, "bad", str(error))
    if min(image.size) < settings.side_min:
        return LeftOut(sample.name, "too_small", f"{image.width}x{image.height}: the shorter side must have {settings.side_min} pixels")
    if not sample.captions:
        return LeftOut(sample.name, "no_caption", "no text in metadata.jsonl and no caption file beside it")
    pixels = fit(image, nearest_bucket(image.size, settings.buckets))
    return Picture(sample, difference_hash(image), thumbnail(image), pixels)


def _record(sample: Sample, licence: str) -> Record:
    """The id is a hash of the file's bytes: moving, renaming or packing pictures moves none of them to the other side of the split."""
    digest = hashlib.sha256(sample.data).hexdigest()[:16]
    return Record(digest, licence, style="", label=sample.name, kind="picture", weight=1.0, captions=sample.captions)


def _report(records: list[Record], left_out: list[LeftOut], settings: Settings) -> dict:
    """Plain data; the same pictures and settings give the same report."""
    held_out, buckets = sum(bool(record.held_out) for record in records), Counter(record.bucket for record in records)
    by_reason: dict[str, list[dict[str, str]]] = {reason: [] for reason in ("bad", "duplicate", "too_small", "no_caption", "unknown_kind")}
    for item in left_out:
        by_reason[item.reason].append({"file": item.name, "detail": item.detail})
    return {
        "format": FORMAT,
        "settings": asdict(settings),
        "pictures": {"all": len(records), "train": len(records) - held_out, "held_out": held_out},
        "captions": sum(len(record.captions) for record in records),
        "buckets": dict(sorted(buckets.items())),
        "left_out": by_reason,
    }
