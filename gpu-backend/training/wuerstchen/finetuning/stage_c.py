"""Stage C of a finished bundle, trained on with other pictures: as it was trained, but from its weights, without a curriculum."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from wuerstchen.config import Config
from wuerstchen.diffusion import add_noise, training_times, weighted_noise_loss
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.models.stage_c import StageC
from wuerstchen.training.contact_sheet import write_grid
from wuerstchen.training.data import BucketArrays, PictureSet, batch_rng
from wuerstchen.training.distributed import Share, training_device
from wuerstchen.training.loop import StageRun
from wuerstchen.training.precompute import map_pictures
from wuerstchen.training.stage_c import CAPTION_DROP, choose_caption, generate
from wuerstchen.training.text_states import TextStates, cached_text_states

EVALUATIONS = 4
HELD_OUT_MAX = 64
SHEET_PICTURES = 8


def finetune_run(config: Config, bundle: Bundle, model: StageC, pictures: PictureSet, runs: Path, name: str) -> StageRun:
    """Trains those parameters of `model` that ask for a gradient; RUNS keeps latents and text states, and RUNS/NAME.png shows captions."""
    runs.mkdir(parents=True, exist_ok=True)
    latents = map_pictures(pictures, runs / "stage-c-latents", lambda image: bundle.run("compressor", image), bundle.digest("compressor"))
    text = cached_text_states([record.captions for record in pictures.records], runs, bundle.caption_encoder)
    plan, measured = config.train_c, pictures.held_out_batch(HELD_OUT_MAX)
    sheet = _sheet_pictures(pictures)

    def loss(step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        rng, generator = batch_rng(config.seed + 3, step)
        indices = pictures.draw(plan.batch, rng)
        chosen = [text.empty if rng.random() < CAPTION_DROP else _caption(pictures, text, i, rng) for i in indices]
        return _noise_loss(model, latents[indices], text, chosen, share, generator), {}

    def evaluate(step: int) -> dict[str, float]:
        rows = [text.rows[i][0] for i in measured]
        generator = torch.Generator().manual_seed(2)  # the same times and noise at every evaluation
        held_out = _noise_loss(model, latents[measured], text, rows, Share(device=training_device()), generator)
        _write_sheet(config, bundle, model, pictures, latents, text, sheet, runs / f"{name}.png")
        return {"held_out_loss": held_out.item(), "captions_cut": text.share_cut}

    every = max(1, plan.steps // EVALUATIONS)
    return StageRun(name, nn.ModuleDict({"stage_c": model}), loss, evaluate, every, seed=config.seed)


def _caption(pictures: PictureSet, text: TextStates, picture: int, rng: np.random.Generator) -> int:
    return choose_caption(text.rows[picture], rng, styled=pictures.records[picture].style != "")


def _noise_loss(
    model: StageC, latents: np.ndarray, text: TextStates, captions: list[int], share: Share, generator: torch.Generator
) -> Tensor:
    """Latents (b, c, h, w) at random times. Randomness is drawn for the whole batch, of which `share` takes its rows."""
    clean = torch.from_numpy(latents).float()
    times, noise = training_times(len(clean), generator), torch.randn(clean.shape, generator=generator)
    clean, times, noise = share.take(clean), share.take(times), share.take(noise)
    states, mask = (share.place(part) for part in text.batch(share.take(captions)))
    return weighted_noise_loss(model(add_noise(clean, noise, times), times, states, mask), noise, times)


def _sheet_pictures(pictures: PictureSet) -> np.ndarray:
    """(≤ 8,) held-out pictures of one bucket, and training pictures where these are too few."""
    held_out = pictures.held_out_batch(SHEET_PICTURES)
    return np.concatenate([held_out, pictures.in_bucket_of(int(held_out[0]), pictures.train)])[:SHEET_PICTURES]


def _write_sheet(
    config: Config,
    bundle: Bundle,
    model: StageC,
    pictures: PictureSet,
    latents: BucketArrays,
    text: TextStates,
    sheet: np.ndarray,
    path: Path,
) -> None:
    """What the model draws for the captions of the sheet's pictures."""
    device = training_device()
    states, none = (tuple(part.to(device) for part in text.batch(rows)) for rows in ([text.rows[i][0] for i in sheet], [text.empty]))
    noise = torch.randn(latents[sheet].shape, generator=torch.Generator().manual_seed(1)).to(device)
    made = generate(model, states, none, noise, config.sampler_c.steps, config.sampler_c.guidance_scale).cpu()
    write_grid(path, bundle.paint(made, config), SHEET_PICTURES, [pictures.records[i].captions[0] for i in sheet])
