"""Trains a mark: what the decoder adds and the extractor together, on messages drawn at random, under distortions."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.config import Config, OptimiserConfig
from wuerstchen.marking.carriers import TILE
from wuerstchen.marking.decoder import TAIL_LAYERS, MarkedTail, marked_stage_a, with_message
from wuerstchen.marking.distortions import NAMED, Cut, random_distortion
from wuerstchen.marking.extractor import Extractor
from wuerstchen.marking.message import BITS, message_hex, message_signs
from wuerstchen.models.build import load_part, load_stage_a
from wuerstchen.models.stage_a import StageA
from wuerstchen.models.weights_digest import weights_digest
from wuerstchen.training.augment import augment
from wuerstchen.training.checkpoint import save_atomically, whole_state
from wuerstchen.training.contact_sheet import write_pairs
from wuerstchen.training.data import RGB, PictureSet, batch_rng
from wuerstchen.training.distributed import Share, training_device
from wuerstchen.training.loop import StageRun, train
from wuerstchen.training.precision import autocast
from wuerstchen.training.reconstruction import as_configured, opaque, picture_batch, psnr

# Mean squared error at 37.6 dB. Training pastes pictures on each other; those alone come out some 2.7 dB above it.
ERROR_MAX = 10**-3.76
EXCESS_WEIGHT, ERROR_WEIGHT = 4.0, 0.02
# Of larger pictures, parts teach as much as wholes.
CROP_PIXELS = 128
# Of which share of a part must be opaque to count fully: nothing can be read where nothing is drawn.
COVERED_SHARE = 0.15
# Fits are cosines; these make them as sure as they are.
SHARPNESS = 40.0
PLACE_WEIGHT = 0.5
# Stage B's latents are not exact: half of a batch gets noise of up to this many deviations.
LATENT_NOISE = 0.15
GROUPS = 4
EVALUATED = ("JPEG 70", "WebP 70", "cut to 80 %")
EVALUATED_PICTURES = 64


def mark_plan(steps: int, batch: int) -> OptimiserConfig:
    return OptimiserConfig(
        steps=steps,
        batch=batch,
        learning_rate=5e-4,
        warmup_steps=min(20, steps),
        decay_steps=max(1, steps // 2),
        weight_decay=0.0,
        ema_decay=0.98,
        crop_pixels=0,
        full_picture_steps=0,
        skipped_steps_max=5,
    )


class Marking:
    """A finished Stage A, a marked copy of its tail, and the extractor."""

    def __init__(self, config: Config, stage_a: StageA) -> None:
        self.config, self.stage_a = config, stage_a.to(training_device())
        self.tail, self.extractor = MarkedTail(stage_a), Extractor()

    @torch.no_grad()
    def features(self, image: Tensor, noise: Tensor | float = 0.0) -> Tensor:
        """What the tail reads, of pictures as Stage A reads them."""
        with autocast("bfloat16", image.device):
            return self.stage_a.decoder[:-TAIL_LAYERS](self.stage_a.encode(image) + noise).float()

    @torch.no_grad()
    def unmarked(self, features: Tensor) -> Tensor:
        return self.stage_a.decoder[-TAIL_LAYERS:](features)


def mark_run(marking: Marking, pictures: PictureSet, plan: OptimiserConfig, directory: Path) -> StageRun:
    config = marking.config

    def loss(step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        rng, generator = batch_rng(config.seed + 5, step)
        side = min(CROP_PIXELS, config.image_side)
        drawn = pictures.premultiplied_crops(pictures.draw(plan.batch, rng), side, TILE, rng)
        image = share.take(as_configured(config, augment(drawn, rng)))
        signs = share.take(torch.randint(0, 2, (plan.batch, BITS), generator=generator) * 2.0 - 1)
        features = marking.features(image, share.take(_latent_noise(config, drawn, generator)))
        plain, marked = marking.unmarked(features), marking.tail(features, signs)
        error = _error(marked, plain).mean() / ERROR_MAX
        fidelity = EXCESS_WEIGHT * F.relu(error - 1) + ERROR_WEIGHT * error
        shown = opaque(marked, share.take(_backgrounds(plan.batch, rng))).clamp(0, 1)
        reading, right = _reading_loss(marking.extractor, shown, signs, _weights(image), rng)
        return reading + fidelity, {"bits": right, "psnr": psnr(opaque(marked.detach()), opaque(plain).clamp(0, 1))}

    def evaluate(step: int) -> dict[str, float]:
        return _evaluate(marking, pictures, directory / "mark.png")

    return StageRun(
        "mark-training",
        nn.ModuleDict({"tail": marking.tail, "extractor": marking.extractor}),
        loss,
        evaluate,
        100,
        seed=config.seed,
        inputs={"stage A": weights_digest(marking.stage_a)},
    )


def train_mark(config: Config, pictures: PictureSet, runs: Path, plan: OptimiserConfig) -> Marking | None:
    """Trains from RUNS/stage-a.pt and writes RUNS/mark.pt, which the export takes. None where a signal stopped it; the
    same call goes on.
    """
    marking = Marking(config, load_stage_a(config, runs))
    if not train(mark_run(marking, pictures, plan, runs), plan, runs):
        return None
    averaged = torch.load(runs / "mark-training.pt", weights_only=True)
    nn.ModuleDict({"tail": marking.tail, "extractor": marking.extractor}).load_state_dict(averaged)
    signs = message_signs(message_hex(config.id))
    marked = with_message(config, marking.stage_a, marking.tail, signs.to(training_device()))
    parts = nn.ModuleDict({"stage_a": marked, "extractor": marking.extractor.eval()})
    save_atomically(whole_state(parts.state_dict()), runs / "mark.pt")
    return marking


def load_marked(config: Config, runs: Path) -> tuple[nn.Module, nn.Module] | None:
    """The marked Stage A and its extractor; None where nothing was marked. Raises ValueError where Stage A was trained
    on since.
    """
    if not (runs / "mark.pt").exists():
        return None
    stage_a = load_part(runs, "mark", "stage_a", marked_stage_a(config))
    before = load_stage_a(config, runs)
    kept = [
        (stage_a.encoder, before.encoder),
        (stage_a.decoder[:-1], before.decoder[:-TAIL_LAYERS]),
        (stage_a.decoder[-1].last, before.decoder[-TAIL_LAYERS]),
    ]
    if any(weights_digest(ours) != weights_digest(theirs) for ours, theirs in kept):
        raise ValueError(f"{runs / 'mark.pt'} marks another Stage A: train the mark again, or delete it")
    return stage_a, load_part(runs, "mark", "extractor", Extractor())


def _latent_noise(config: Config, image: Tensor, generator: torch.Generator) -> Tensor:
    count, side = len(image), 4
    shape = (count, config.stage_a.latent_channels, image.shape[2] // side, image.shape[3] // side)
    strength = (torch.rand(count, 1, 1, 1, generator=generator) * 2 - 1).clamp_min(0) * LATENT_NOISE
    return torch.randn(shape, generator=generator) * strength


def _backgrounds(count: int, rng: np.random.Generator) -> Tensor:
    """(count, 3, 1, 1): white for a third, else any colour."""
    colours = rng.random((count, 3, 1, 1), np.float32)
    colours[rng.random(count) < 1 / 3] = 1
    return torch.from_numpy(colours)


def _error(marked: Tensor, plain: Tensor) -> Tensor:
    """(b,) mean squared difference of pictures, on white and on black: a difference in alpha shows on one of them."""
    plain = plain.clamp(0, 1)
    pairs = [(opaque(marked, grey), opaque(plain, grey)) for grey in (0.0, 1.0)[: 1 if plain.shape[1] == 3 else 2]]
    return torch.stack([(a - b).square().flatten(1).mean(1) for a, b in pairs]).amax(0)


def _weights(image: Tensor) -> Tensor:
    """(b,): how much of each picture a mark can lie on."""
    if image.shape[1] == RGB:
        return torch.ones(len(image), device=image.device)
    return (image[:, 3:].mean((1, 2, 3)) / COVERED_SHARE).clamp(max=1)


def _reading_loss(
    extractor: Extractor, shown: Tensor, signs: Tensor, weights: Tensor, rng: np.random.Generator
) -> tuple[Tensor, float]:
    """Of bits and places, after a distortion for each quarter of the batch; and the share of bits that are right."""
    losses, right = [], []
    for part, wanted, weight in zip(shown.chunk(GROUPS), signs.chunk(GROUPS), weights.chunk(GROUPS), strict=True):
        sent = random_distortion(part, rng)
        tile, place = extractor.tile(sent.image), place_of(sent)
        bits = extractor.bits_from(tile, place)
        of_bits = F.binary_cross_entropy_with_logits(SHARPNESS * bits, (wanted + 1) / 2, reduction="none").mean(1)
        of_place = F.cross_entropy(SHARPNESS * extractor.places(tile), place, reduction="none")
        losses.append((weight * (of_bits + PLACE_WEIGHT * of_place)).mean())
        right.append(((bits > 0) == (wanted > 0)).float().mean().item())
    return torch.stack(losses).mean(), sum(right) / len(right)


def place_of(sent: Cut) -> Tensor:
    """(b,): where a tile begins."""
    place = (-sent.down % TILE) * TILE + -sent.right % TILE
    return torch.full((len(sent.image),), place, device=sent.image.device)


def _evaluate(marking: Marking, pictures: PictureSet, sheet: Path) -> dict[str, float]:
    image = picture_batch(marking.config, pictures, pictures.held_out_batch(EVALUATED_PICTURES)).to(training_device())
    signs = message_signs(message_hex(marking.config.id)).to(image.device)
    features = marking.features(image)
    plain, marked = (
        opaque(made).clamp(0, 1)
        for made in (marking.unmarked(features), marking.tail(features, signs.expand(len(image), -1)))
    )
    write_pairs(sheet, plain[:32], marked[:32])
    rng = np.random.default_rng(0)
    read = {name: marking.extractor(NAMED[name](marked, rng).image)[:, :BITS] for name in EVALUATED}
    return {
        "psnr_held_out": psnr(marked, plain),
        "bits_held_out": min(((bits > 0) == (signs > 0)).float().mean().item() for bits in read.values()),
    }
