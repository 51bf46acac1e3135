"""Trains a mark: what the decoder adds and the extractor together, on messages drawn at random, under distortions."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.config import Config, OptimiserConfig
from wuerstchen.marking.carriers import TILE
from wuerstchen.marking.decoder import TAIL_LAYERS, MarkedTail, marked_stage_a, with_message
from wuerstchen.marking.distortions import NAMED, random_distortion
from wuerstchen.marking.extractor import Extractor
from wuerstchen.marking.losses import error_of, reading_loss, weights_of
from wuerstchen.marking.message import BITS, message_hex, message_signs
from wuerstchen.models.build import load_part, load_stage_a
from wuerstchen.models.stage_a import StageA
from wuerstchen.models.weights_digest import weights_digest
from wuerstchen.training.augment import augment
from wuerstchen.training.checkpoint import save_atomically, whole_state
from wuerstchen.training.contact_sheet import write_pairs
from wuerstchen.training.data import PictureSet, batch_rng
from wuerstchen.training.distributed import Share, training_device
from wuerstchen.training.loop import StageRun, train
from wuerstchen.training.precision import autocast
from wuerstchen.training.reconstruction import as_configured, opaque, picture_batch, psnr

# Mean squared error at 38.7 dB. Training pastes pictures on each other; those alone come out some 1.5 dB above it.
ERROR_MAX = 10**-3.87
EXCESS_WEIGHT, ERROR_WEIGHT = 4.0, 0.02
# Of larger pictures, parts are trained on: a whole one of 128 pixels is what was measured.
CROP_PIXELS = 128
# Stage B's latents are not exact: half of a batch gets noise of up to this many deviations.
LATENT_NOISE = 0.15
# Once the extractor's filter stands, its bits are made independent by so many readings; the tiles have this share of
# the steps again to fit that.
DECORRELATED_MAX, SETTLING_SHARE = 8192, 0.25
# Of the pictures that are read after training.
BATCH = 32
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

    def parts(self) -> nn.ModuleDict:
        return nn.ModuleDict({"tail": self.tail, "extractor": self.extractor})

    @torch.no_grad()
    def features(self, image: Tensor, noise: Tensor | float = 0.0) -> Tensor:
        """What the tail reads, of pictures as Stage A reads them."""
        with autocast("bfloat16", image.device):
            return self.stage_a.decoder[:-TAIL_LAYERS](self.stage_a.encode(image) + noise).float()

    @torch.no_grad()
    def unmarked(self, features: Tensor) -> Tensor:
        return self.stage_a.decoder[-TAIL_LAYERS:](features)


def mark_run(name: str, marking: Marking, pictures: PictureSet, plan: OptimiserConfig, directory: Path) -> StageRun:
    config = marking.config

    def loss(step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        rng, generator = batch_rng(config.seed + 5, step)
        side = min(CROP_PIXELS, config.image_side)
        drawn = pictures.premultiplied_crops(pictures.draw(plan.batch, rng), side, TILE, rng)
        image = share.take(as_configured(config, augment(drawn, rng)))
        signs = share.take(torch.randint(0, 2, (plan.batch, BITS), generator=generator) * 2.0 - 1)
        features = marking.features(image, share.take(_latent_noise(config, drawn, generator)))
        plain, marked = marking.unmarked(features), marking.tail(features, signs)
        error = error_of(marked, plain).mean() / ERROR_MAX
        fidelity = EXCESS_WEIGHT * F.relu(error - 1) + ERROR_WEIGHT * error
        shown = opaque(marked, share.take(_backgrounds(plan.batch, rng))).clamp(0, 1)
        reading, right = reading_loss(marking.extractor, shown, signs, weights_of(image), rng)
        return reading + fidelity, {"bits": right, "psnr": psnr(opaque(marked.detach()), opaque(plain).clamp(0, 1))}

    def evaluate(step: int) -> dict[str, float]:
        return _evaluate(marking, pictures, directory / "mark.png")

    return StageRun(
        name,
        marking.parts(),
        loss,
        evaluate,
        100,
        seed=config.seed,
        inputs={"stage A": weights_digest(marking.stage_a)},
    )


def train_mark(
    config: Config, pictures: PictureSet, runs: Path, plan: OptimiserConfig, unmarked: int
) -> Marking | None:
    """Trains from RUNS/stage-a.pt and writes RUNS/mark.pt, which an export with a mark draws. `unmarked`: how many
    unmarked pictures may be read to make their bits independent. None where a signal stopped it; the same call goes on.
    """
    marking = Marking(config, load_stage_a(config, runs))
    if not _trained("mark-training", marking, pictures, plan, runs):
        return None
    rng = np.random.default_rng(config.seed)
    marking.extractor.decorrelate(unmarked_words(marking, pictures, min(unmarked, DECORRELATED_MAX), rng))
    # What reads independent bits stays; the tiles learn to be read by it.
    marking.extractor.requires_grad_(False)
    rest = mark_plan(max(1, round(plan.steps * SETTLING_SHARE)), plan.batch)
    if not _trained("mark-settling", marking, pictures, rest, runs):
        return None
    signs = message_signs(message_hex(config.id))
    marked = with_message(config, marking.stage_a, marking.tail, signs.to(training_device()))
    parts = nn.ModuleDict({"stage_a": marked, "extractor": marking.extractor.eval()})
    save_atomically(whole_state(parts.state_dict()), runs / "mark.pt")
    return marking


def _trained(name: str, marking: Marking, pictures: PictureSet, plan: OptimiserConfig, runs: Path) -> bool:
    """Whether a run came to its end; then the averaged weights are there."""
    if not train(mark_run(name, marking, pictures, plan, runs), plan, runs):
        return False
    marking.parts().load_state_dict(torch.load(runs / f"{name}.pt", weights_only=True))
    return True


@torch.no_grad()
def unmarked_words(marking: Marking, pictures: PictureSet, count: int, rng: np.random.Generator) -> Tensor:
    """(count, 32): what is read in real pictures, cut and saved again at random."""
    words, order = [], rng.permutation(len(pictures.records))
    for start in range(0, count, BATCH):
        chosen = order[np.arange(start, min(start + BATCH, count)) % len(order)]
        chosen = pictures.in_bucket_of(int(chosen[0]), chosen)
        image = opaque(picture_batch(marking.config, pictures, chosen)).to(training_device())
        words.append(marking.extractor(random_distortion(image, rng).image)[:, :BITS])
    return torch.cat(words)


def load_marked(config: Config, runs: Path) -> tuple[nn.Module, nn.Module]:
    """The marked Stage A and its extractor. Raises FileNotFoundError where nothing was marked, and ValueError where
    Stage A was trained on since.
    """
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
