"""Stage C on precomputed latents and text states: p2-weighted noise loss, captions dropped for guidance."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.config import Config, Prediction
from wuerstchen.diffusion import (
    add_noise,
    guided,
    picture_errors,
    sample,
    training_times,
    velocity,
    weighted_noise_loss,
)
from wuerstchen.models.blocks import timestep_embedding
from wuerstchen.models.build import (
    STAGE_A_DOWNSCALE,
    load_part,
    load_stage_a,
    new_direct_decoder,
    new_stage_b,
    new_stage_c,
)
from wuerstchen.models.stage_c import StageC
from wuerstchen.training.contact_sheet import write_grid
from wuerstchen.training.curriculum import curriculum_draw, favourite_pictures, with_recoloured
from wuerstchen.training.data import BucketArrays, PictureSet, batch_rng
from wuerstchen.training.distributed import Share, training_device
from wuerstchen.training.loop import StageRun, maybe_compile
from wuerstchen.training.recoloured import RecolouredSet
from wuerstchen.training.reconstruction import opaque
from wuerstchen.training.records import Record
from wuerstchen.training.text_states import TextStates

CAPTION_DROP = 0.05
# Plain caption, style first, no style, synonyms: see datasets/emoji/captions.ts.
CAPTION_SHARES = (0.6, 0.15, 0.1, 0.15)
# Of the batches. Descriptions are long, and a batch is as long as its longest text.
DESCRIPTION_SHARE = 0.15
TOKENS_MULTIPLE = 8


def choose_text(rows: list[int], record: Record, rng: np.random.Generator, described: bool) -> int:
    """One of a record's `texts`, which `rows` number: where it is to be `described` and can be, its description, else
    one of its captions.
    """
    if described and record.description:
        return rows[-1]
    return choose_caption(rows[: len(record.captions)], rng, styled=record.style != "")


def choose_texts(indices: np.ndarray, text: TextStates, records: list[Record], rng: np.random.Generator) -> list[int]:
    """A text for each picture of a batch. Pictures behind the last record are recoloured, and have captions alone."""
    described = rng.random() < DESCRIPTION_SHARE

    def chosen(picture: int) -> int:
        if rng.random() < CAPTION_DROP:
            return text.empty
        rows = text.rows[picture]
        recoloured = picture >= len(records)
        return choose_caption(rows, rng) if recoloured else choose_text(rows, records[picture], rng, described)

    return [chosen(int(picture)) for picture in indices]


def choose_caption(rows: list[int], rng: np.random.Generator, styled: bool = True) -> int:
    """One caption of a picture. Those of a `styled` picture have the order above; without synonyms the plain one
    takes their share.
    """
    if not styled:
        return rows[int(rng.integers(len(rows)))]
    slot = int(rng.choice(4, p=CAPTION_SHARES))
    if slot < 3:
        return rows[slot]
    return rows[int(rng.integers(3, len(rows)))] if len(rows) > 3 else rows[0]


class Says(nn.Module):
    """Stage C's own output, before it becomes noise: what a loss on the clean latent or on v needs."""

    def __init__(self, stage_c: StageC) -> None:
        super().__init__()
        self.stage_c = stage_c

    def forward(self, x: Tensor, t: Tensor, text: Tensor, text_mask: Tensor) -> Tensor:
        if self.stage_c.config.prediction == "epsilon":
            return self.stage_c(x, t, text, text_mask)
        embedding = timestep_embedding(t, self.stage_c.config.timestep_width)
        return self.stage_c.predict_for(x, embedding, text, text_mask)


def objective(
    says: Callable[..., Tensor],
    prediction: Prediction,
    drawn: tuple[Tensor, Tensor, Tensor],
    text: tuple[Tensor, Tensor],
    cells: Tensor | None = None,
) -> Tensor:
    """The loss for `drawn` clean latents, noise and times. Of the noise, squares are weighted by p2; of v they count
    alike at all times, which is a weight of signal over noise plus one on the squares of the clean latent. `cells`: see
    `picture_errors`.
    """
    clean, noise, times = drawn
    said = says(add_noise(clean, noise, times), times, *text).float()
    if prediction == "epsilon":
        return weighted_noise_loss(said, noise, times, cells)
    wanted = clean if prediction == "sample" else velocity(clean, noise, times)
    return F.mse_loss(said, wanted) if cells is None else picture_errors(said, wanted, cells).mean()


class Painter:
    """Latents to pictures: by the finished Stages B and A or, where the compressor was trained with one, by its
    direct decoder.
    """

    def __init__(self, config: Config, runs: Path) -> None:
        self.config = config
        if config.compressor is not None:
            self.direct_decoder = load_part(runs, "compressor", "direct_decoder", new_direct_decoder(config))
            return
        self.stage_a = load_stage_a(config, runs)
        self.stage_b = load_part(runs, "stage-b", "stage_b", new_stage_b(config))

    @torch.no_grad()
    def paint(self, latent: Tensor) -> Tensor:
        """(b, c, h, w) to (b, 3, h*downscale, w*downscale) in [0, 1], on white."""
        if self.config.compressor is not None:
            return opaque(self.direct_decoder(latent)).clamp(0, 1)
        ratio = self.config.latent.downscale // STAGE_A_DOWNSCALE
        shape = (len(latent), self.config.stage_a.latent_channels, latent.shape[2] * ratio, latent.shape[3] * ratio)
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(0))
        painted = sample(lambda x, t: self.stage_b(x, t, latent), noise, self.config.sampler_b.steps)
        return self.stage_a.decode(painted).clamp(0, 1)


@torch.no_grad()
def generate(
    model: StageC, text: tuple[Tensor, Tensor], empty: tuple[Tensor, Tensor], noise: Tensor, steps: int, scale: float
) -> Tensor:
    """Latents for a batch of captions; `empty` is the unconditional text, one row."""
    none, none_mask = empty[0].expand(len(noise), -1, -1), empty[1].expand(len(noise), -1)
    predict = guided(lambda x, t: model(x, t, *text), lambda x, t: model(x, t, none, none_mask), scale)
    return sample(predict, noise, steps)


def stage_c_run(
    config: Config, pictures: PictureSet, latents: BucketArrays, recoloured: RecolouredSet, text: TextStates, runs: Path
) -> StageRun:
    """`latents`: (c, h, w) a picture, of the compressor. Recoloured pictures are numbered on from the last picture."""
    plan, model, painter = config.train_c, new_stage_c(config), Painter(config, runs)
    predict = maybe_compile(Says(model), config)
    sheet = _sheet_pictures(config, pictures)

    count = len(pictures.records)
    draw = with_recoloured(config, curriculum_draw(config.curriculum_c, pictures), count, count + len(recoloured.items))

    def latents_of(indices: np.ndarray) -> np.ndarray:
        own = indices < count
        if own.all():
            return latents[indices]
        drawn = recoloured.latents[np.where(own, 0, indices - count)]
        if own.any():
            drawn[own] = latents[indices[own]]
        return drawn

    def loss(step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        rng, generator = batch_rng(config.seed + 2, step)
        indices = draw(step, plan.batch, rng)
        captions = choose_texts(indices, text, pictures.records, rng)
        clean = torch.from_numpy(latents_of(indices)).float()
        times, noise = training_times(plan.batch, generator), torch.randn(clean.shape, generator=generator)
        clean, times, noise = share.take(clean), share.take(times), share.take(noise)
        states, mask = (share.place(part) for part in text.batch(share.take(captions), TOKENS_MULTIPLE))
        return objective(predict, config.stage_c.prediction, (clean, noise, times), (states, mask)), {}

    def evaluate(step: int) -> dict[str, float]:
        device = training_device()
        states, none = (
            tuple(part.to(device) for part in text.batch(rows))
            for rows in ([text.rows[i][0] for i in sheet], [text.empty])
        )
        noise = torch.randn((len(sheet), *latents[sheet[0]].shape), generator=torch.Generator().manual_seed(1))
        made = generate(
            model, states, none, noise.to(device), config.sampler_c.steps, config.sampler_c.guidance_scale
        ).cpu()
        write_grid(runs / "stage-c.png", painter.paint(made), 8, [pictures.records[i].captions[0] for i in sheet])
        return {"latent_std": made.std().item(), "captions_cut": text.share_cut}

    return StageRun("stage-c", nn.ModuleDict({"stage_c": model}), loss, evaluate, 1000, seed=config.seed)


def _sheet_pictures(config: Config, pictures: PictureSet) -> list[int]:
    """48 pictures of the curriculum, spread over it; where there is none, of the training set."""
    favourites = favourite_pictures(config.curriculum_c, pictures)
    chosen = favourites if len(favourites) >= 48 else pictures.train
    return [int(i) for i in chosen[:: max(1, len(chosen) // 48)][:48]]
