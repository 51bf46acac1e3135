"""A prepared set packed to travel: pictures as lossless WebP in shards of bounded size, the other files compressed.

Raw pictures are read at any row while training; on the way to another machine they are ten times as large as they need
be. What is unpacked is the set byte for byte, which its digest shows."""

import io
import json
import lzma
import math
import tarfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from rich.progress import track

from wuerstchen.training.cache import digest_of, file_digest
from wuerstchen.whole_file import whole_file, whole_folder, write_whole

FORMAT = "wuerstchen-edge/packed@1"
PLAN = "packed.json"
TEXTS = "texts.json.xz"
# Of pictures without and with alpha, and of masks.
CHANNELS = {".rgb": 3, ".rgba": 4, ".u8": 1}
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
# Pictures a shard: 6 to 18 MB of icons at 128×128.
SHARD_PICTURES = 2048
CHUNK = 64


@dataclass(frozen=True)
class RawFile:
    """One file of raw pictures or masks: (rows, height, width, channels) bytes."""

    name: str
    rows: int
    height: int
    width: int
    channels: int
    digest: str

    def open(self, directory: Path, mode: str = "r") -> np.memmap:
        shape = (self.rows, self.height, self.width, self.channels)
        return np.memmap(directory / self.name, np.uint8, mode, shape=shape)


def pack(data: Path, out: Path, processes: int | None = None) -> list[Path]:
    """Writes the shards of a set and returns the paths of all that travels. A shard that is there is kept: the same
    command goes on after a stop.

    Raises ValueError where `out` holds another set's."""
    raw, texts = _raw_files(data), _texts(data)
    plan = {"format": FORMAT, "digest": _digest(raw, texts), "files": [asdict(file) for file in raw]}
    out.mkdir(parents=True, exist_ok=True)
    if (out / PLAN).exists() and json.loads((out / PLAN).read_text()) != plan:
        raise ValueError(f"{out} holds another packed set: name another folder")
    write_whole(out / PLAN, json.dumps(plan, indent=1))
    with whole_file(out / TEXTS) as file:
        file.write(lzma.compress(json.dumps(texts).encode()))
    shards = [(out / f"shard-{number:03}.tar", *shard) for number, shard in enumerate(_shards(raw))]
    with ProcessPoolExecutor(processes) as pool:
        for path, file, rows in track(shards, "packing", disable=not shards):
            if not path.exists():
                _write_shard(pool, path, data, file, rows)
    return [out / PLAN, out / TEXTS, *(path for path, _, _ in shards)]


def unpack(packed: Path, out: Path, processes: int | None = None) -> None:
    """Writes the set. Raises ValueError where a shard is missing, damaged or another set's, FileExistsError where `out`
    is not empty."""
    if not (packed / PLAN).exists():
        raise ValueError(f"{packed} holds no packed set: {PLAN} is missing")
    plan = json.loads((packed / PLAN).read_text())
    if plan.get("format") != FORMAT:
        raise ValueError(f"{packed / PLAN} is no packed set of this version ({FORMAT})")
    raw = [RawFile(**file) for file in plan["files"]]
    texts = json.loads(lzma.decompress((packed / TEXTS).read_bytes()))
    with whole_folder(out) as part, ProcessPoolExecutor(processes) as pool:
        for name, text in texts.items():
            (part / name).write_text(text, encoding="utf-8")
        for number, (file, rows) in enumerate(track(list(_shards(raw)), "unpacking")):
            _read_shard(pool, packed / f"shard-{number:03}.tar", part, file, rows)
        for file in raw:
            if file_digest(part / file.name) != file.digest:
                raise ValueError(f"{packed}: {file.name} came out other than it was packed; bring the shards again")


def _raw_files(data: Path) -> list[RawFile]:
    paths = sorted(path for path in data.iterdir() if path.suffix in CHANNELS) if data.is_dir() else []
    if not paths or not (data / "records.jsonl").exists():
        raise ValueError(f"{data} holds no prepared set")
    buckets = [json.loads(line).get("bucket", "") for line in (data / "records.jsonl").read_text().splitlines() if line]
    return [_raw_file(path, buckets) for path in paths]


def _raw_file(path: Path, buckets: list[str]) -> RawFile:
    bucket = path.stem.partition("-")[2]
    rows, channels = buckets.count(bucket), CHANNELS[path.suffix]
    pixels = path.stat().st_size / max(rows, 1) / channels
    width, height = (int(side) for side in bucket.split("x")) if bucket else (math.isqrt(int(pixels)),) * 2
    if rows == 0 or pixels != width * height:
        raise ValueError(f"{path}: its size does not fit its {rows} records; prepare the set again")
    return RawFile(path.name, rows, height, width, channels, file_digest(path))


def _texts(data: Path) -> dict[str, str]:
    """Records and what lies beside them: groups, open labels, reports."""
    names = sorted(path.name for path in data.iterdir() if path.suffix in (".jsonl", ".json", ".txt"))
    return {name: (data / name).read_text(encoding="utf-8") for name in names}


def _digest(raw: list[RawFile], texts: dict[str, str]) -> str:
    return digest_of(*(file.digest for file in raw), json.dumps(texts))


def _shards(raw: list[RawFile]) -> Iterator[tuple[RawFile, range]]:
    for file in raw:
        for start in range(0, file.rows, SHARD_PICTURES):
            yield file, range(start, min(start + SHARD_PICTURES, file.rows))


def _write_shard(pool: ProcessPoolExecutor, path: Path, data: Path, file: RawFile, rows: range) -> None:
    with whole_file(path) as out, tarfile.open(fileobj=out, mode="w") as tar:
        starts = range(rows.start, rows.stop, CHUNK)
        chunks = [range(start, min(start + CHUNK, rows.stop)) for start in starts]
        encoded = pool.map(partial(_encode, data, file), chunks)
        for chunk, pictures in zip(chunks, encoded, strict=True):
            for row, picture in zip(chunk, pictures, strict=True):
                member = tarfile.TarInfo(f"{row:08}.webp")
                member.size = len(picture)
                tar.addfile(member, io.BytesIO(picture))


def _read_shard(pool: ProcessPoolExecutor, path: Path, part: Path, file: RawFile, rows: range) -> None:
    try:
        with tarfile.open(path) as tar:
            pictures = [tar.extractfile(f"{row:08}.webp").read() for row in rows]
    except (OSError, KeyError, AttributeError, tarfile.TarError) as error:
        raise ValueError(f"{path} is missing or damaged; bring it again") from error
    pixels = file.open(part, "r+" if (part / file.name).exists() else "w+")
    for row, picture in zip(rows, pool.map(partial(_decode, file.channels), pictures, chunksize=CHUNK), strict=True):
        pixels[row] = picture
    pixels.flush()


def _encode(data: Path, file: RawFile, rows: range) -> list[bytes]:
    pixels = file.open(data)
    return [_webp(np.asarray(pixels[row]), file.channels) for row in rows]


def _webp(pixels: np.ndarray, channels: int) -> bytes:
    buffer = io.BytesIO()
    # Exact: what colour lies behind full transparency is part of the digest.
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(
        buffer, "WEBP", lossless=True, method=4, exact=True
    )
    return buffer.getvalue()


def _decode(channels: int, picture: bytes) -> np.ndarray:
    """(height, width, channels) bytes. WebP keeps no alpha of a picture that is opaque, and masks as three equal
    channels.
    """
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert(MODES[channels]))
    return pixels.reshape(*pixels.shape[:2], channels)
