"""How much of a held-out picture is left after Stage A alone, and after compressor, Stage B and Stage A; beside what a
file of the same size keeps."""

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from wuerstchen.evaluation.context import Context
from wuerstchen.evaluation.features import BATCH, to_bytes, to_tensor
from wuerstchen.evaluation.image_quality import psnr_each, ssim_each
from wuerstchen.evaluation.intervals import mean_interval
from wuerstchen.evaluation.lists import weighted_order
from wuerstchen.evaluation.results import Chart, Kpi, PartResult
from wuerstchen.evaluation.sheets import write_sheet
from wuerstchen.training.reconstruction import opaque, picture_batch

LATENT_VALUE_BYTES = 2
SHEET_PICTURES = 20
MEASURES = {
    "psnr": (
        "PSNR",
        "dB",
        "Higher is better; 30 dB and more looks the same at a glance, 20 dB is soft but right.",
        "Every pixel counts alike: a small face that melts costs little.",
    ),
    "ssim": (
        "SSIM",
        "",
        "1 is identical. Unlike PSNR it looks at edges and textures.",
        "White background counts as perfect.",
    ),
    "perceptual": (
        "Perceptual distance",
        "",
        "0 is identical. Differences that a network for photographs sees.",
        "EfficientNet-Lite0 without LPIPS's learned weights: compare within this report only. Stage A was trained "
        "against its "
        "first blocks.",
    ),
}
KINDS = {
    "stage_a": "Stage A alone",
    "cascade": "compressor + B + A",
    "thumbnail": "thumbnail of as many bytes",
    "webp": "WebP of as many bytes",
}


def latent_bytes(context: Context) -> int:
    """float16 values of one Stage C latent, without the file's header."""
    side = context.config.image_side // context.config.latent.downscale
    return context.config.latent.channels * side * side * LATENT_VALUE_BYTES


def run(context: Context) -> PartResult:
    rows = np.array(weighted_order(context.pictures, context.pictures.held_out))
    originals = context.pictures.pixels[rows]
    copies = {
        "stage_a": _through_stage_a(context, rows),
        "cascade": context.maker.reconstruct(context.pictures, rows),
        "thumbnail": np.stack([thumbnail(picture, latent_bytes(context)) for picture in originals]),
        "webp": np.stack([smallest_webp(picture, latent_bytes(context)) for picture in originals]),
    }
    figures = {kind: _measure(context, copy, originals) for kind, copy in copies.items()}
    kpis = [_kpi(kind, measure, values) for kind, measures in figures.items() for measure, values in measures.items()]
    shown = slice(0, SHEET_PICTURES)
    captions = [context.pictures.records[i].captions[0] for i in rows[shown]]
    sheet = write_sheet(
        context.out,
        "reconstructions",
        originals[shown],
        copies["cascade"][shown],
        captions,
        "Held-out pictures and what is left of them",
        "Originals above, below them the same pictures after compressor, Stage B and Stage A.",
    )
    return PartResult(
        "reconstruction",
        "What the compact latent keeps",
        f"{len(rows)} held-out pictures, each squeezed into {latent_bytes(context):,} bytes and painted again. Stage C "
        "cannot "
        "draw what is lost here.",
        tuple(kpis),
        tuple(_chart(measure, figures) for measure in MEASURES),
        (),
        (sheet,),
    )


@torch.no_grad()
def _through_stage_a(context: Context, rows: np.ndarray) -> np.ndarray:
    """(n, side, side, 3) bytes; what is transparent lies on white."""
    model = context.stages.stage_a
    parts = np.split(rows, range(BATCH, len(rows), BATCH))
    read = (picture_batch(context.config, context.pictures, part) for part in parts)
    return np.concatenate([to_bytes(opaque(model.decode(model.encode(part)))) for part in read])


def thumbnail(picture: np.ndarray, size_bytes: int) -> np.ndarray:
    """The picture shrunk to as many raw RGB pixels as fit into `size_bytes`, and enlarged again, both bicubic."""
    side = max(1, int((size_bytes / 3) ** 0.5))
    small = Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(small.resize(picture.shape[1::-1], Image.Resampling.BICUBIC))


def smallest_webp(picture: np.ndarray, size_bytes: int) -> np.ndarray:
    """The picture after WebP at the highest quality that fits into `size_bytes`, or at quality 0 where none does."""
    low, high, best = 0, 100, _webp(picture, 0)
    while low <= high:
        middle = (low + high) // 2
        data = _webp(picture, middle)
        if len(data) <= size_bytes:
            best, low = data, middle + 1
        else:
            high = middle - 1
    return np.asarray(Image.open(io.BytesIO(best)).convert("RGB"))


def _webp(picture: np.ndarray, quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "webp", quality=quality, method=4)
    return buffer.getvalue()


@torch.no_grad()
def _measure(context: Context, copies: np.ndarray, originals: np.ndarray) -> dict[str, np.ndarray]:
    """Each measure's (n,) values."""
    measures: dict[str, list[Tensor]] = {name: [] for name in MEASURES}
    for start in range(0, len(originals), BATCH):
        copy, original = to_tensor(copies[start : start + BATCH]), to_tensor(originals[start : start + BATCH])
        measures["psnr"].append(psnr_each(copy, original))
        measures["ssim"].append(ssim_each(copy, original))
        measures["perceptual"].append(context.network.perceptual_distance(copy, original))
    return {name: torch.cat(values).numpy() for name, values in measures.items()}


def _kpi(kind: str, measure: str, values: np.ndarray) -> Kpi:
    label, unit, meaning, limits = MEASURES[measure]
    low, high = mean_interval(values) or (None, None)
    shown = (kind, measure) == ("cascade", "psnr")
    return Kpi(
        f"{measure}_{kind}",
        f"{label}, {KINDS[kind]}",
        float(values.mean()),
        unit,
        meaning,
        limits,
        len(values),
        low,
        high,
        shown,
    )


def _chart(measure: str, figures: dict[str, dict[str, np.ndarray]]) -> Chart:
    label, unit, meaning, _ = MEASURES[measure]
    return Chart(
        label,
        "bars",
        tuple(KINDS[kind] for kind in figures),
        {label: [float(f[measure].mean()) for f in figures.values()]},
        unit,
        meaning,
    )
