"""Stage C of a finished bundle, trained on with other pictures: as it was trained, but from its weights, without a
curriculum.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from wuerstchen.config import Config
from wuerstchen.diffusion import training_times
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.finetuning.captions import shuffled, with_trigger
from wuerstchen.finetuning.held_out import HeldOutLosses
from wuerstchen.finetuning.prior import prior_latents
from wuerstchen.finetuning.sheet import Sheet
from wuerstchen.finetuning.tuning import Tuning
from wuerstchen.models.lora import has_lora, save_lora
from wuerstchen.models.stage_c import StageC
from wuerstchen.training.checkpoint import save_atomically, whole_state
from wuerstchen.training.data import BucketArrays, PictureSet, batch_rng
from wuerstchen.training.distributed import Share, training_device
from wuerstchen.training.loop import StageRun
from wuerstchen.training.precompute import map_pictures
from wuerstchen.training.stage_c import CAPTION_DROP, Says, choose_caption, objective
from wuerstchen.training.text_states import TextStates, cached_text_states

EVALUATIONS = 8
HELD_OUT_MAX = 64
PLAIN = Tuning()


def finetune_run(
    config: Config, bundle: Bundle, model: StageC, pictures: PictureSet, runs: Path, name: str, tuning: Tuning = PLAIN
) -> StageRun:
    """Trains those parameters of `model` that ask for a gradient. RUNS keeps latents, text states and held-out losses;
    RUNS/NAME.png shows captions; RUNS/adapters holds what every evaluation found, and for a training of all weights
    RUNS/NAME.best.pt the best."""
    runs.mkdir(parents=True, exist_ok=True)
    latents, mirrored = _latents(config, bundle, pictures, runs, False), None
    if tuning.flip:
        mirrored = _latents(config, bundle, pictures, runs, True)
    own = [with_trigger(record.captions, tuning.trigger) for record in pictures.records]
    captions = [shuffled(row, number) if tuning.shuffle else row for number, row in enumerate(own)]
    others = [(prompt,) for prompt in (*tuning.prior_prompts, *tuning.samples)]
    text = cached_text_states([*captions, *others], runs, bundle.caption_encoder)
    prior_rows = [text.rows[len(captions) + number][0] for number in range(len(tuning.prior_prompts))]
    plan, measured, says = config.train_c, pictures.held_out_batch(HELD_OUT_MAX), Says(model)
    base = bundle.stage_c(config)
    prior = (
        prior_latents(config, base, bundle.manifest["revision"], tuning.prior_prompts, text, prior_rows, runs)
        if prior_rows
        else None
    )
    prior_count = round(plan.batch * tuning.prior_share) if prior_rows else 0
    sheet = Sheet(config, bundle, base, pictures, latents, text, tuning.samples)

    def loss(step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        rng, generator = batch_rng(config.seed + 3, step)
        indices = pictures.draw(plan.batch, rng)
        chosen = [text.empty if rng.random() < CAPTION_DROP else _caption(pictures, text, i, rng) for i in indices]
        clean, cells = latents[indices], cell_weights(pictures, indices, config.latent.downscale, tuning.mask_floor)
        if mirrored is not None:
            turned = (rng.random(len(indices)) < 0.5)[:, None, None, None]
            clean = np.where(turned, mirrored[indices], clean)
            cells = cells if cells is None else np.where(turned, cells[..., ::-1], cells)
        found = _noise_loss(says, config, (clean, cells), text, chosen, share, generator)
        if prior is None or prior_count == 0:
            return found, {}
        kept = rng.integers(0, len(prior), prior_count)
        prior_loss = _noise_loss(
            says,
            config,
            (prior[kept], None),
            text,
            [prior_rows[k] for k in kept],
            Share(device=share.device),
            generator,
        )
        return (1 - tuning.prior_share) * found + tuning.prior_share * prior_loss, {"prior_loss": prior_loss.item()}

    def held_out_loss() -> float:
        generator = torch.Generator().manual_seed(2)  # the same times and noise at every evaluation
        rows = [text.rows[i][0] for i in measured]
        cells = cell_weights(pictures, measured, config.latent.downscale, tuning.mask_floor)
        with torch.no_grad():
            return _noise_loss(
                says, config, (latents[measured], cells), text, rows, Share(device=training_device()), generator
            ).item()

    losses = HeldOutLosses(runs / f"{name}.held-out.json", tuning.patience)
    if 0 not in losses.losses:  # `model` is the base still: adapters begin as nothing
        losses.add(0, held_out_loss())

    def evaluate(step: int) -> dict[str, float]:
        losses.add(step + 1, held_out_loss())
        _keep(model, runs, name, step + 1, losses)
        sheet.write(model, runs / f"{name}.png")
        return {"held_out_loss": losses.losses[step + 1], "captions_cut": text.share_cut}

    every = max(1, plan.steps // EVALUATIONS)
    return StageRun(
        name, nn.ModuleDict({"stage_c": model}), loss, evaluate, every, seed=config.seed, ends_early=losses.stops
    )


def adapters_path(runs: Path, steps: int) -> Path:
    return runs / "adapters" / f"step-{steps:06}.safetensors"


def best_path(runs: Path, name: str) -> Path:
    return runs / f"{name}.best.pt"


def _keep(model: StageC, runs: Path, name: str, steps: int, losses: HeldOutLosses) -> None:
    if has_lora(model):
        adapters_path(runs, steps).parent.mkdir(exist_ok=True)
        save_lora(
            model, adapters_path(runs, steps), {"steps": str(steps), "held_out_loss": f"{losses.losses[steps]:.6g}"}
        )
    elif losses.best(steps) == steps:
        save_atomically(whole_state(model.state_dict()), best_path(runs, name))


def _latents(config: Config, bundle: Bundle, pictures: PictureSet, runs: Path, mirrored: bool) -> BucketArrays:
    def encode(image: Tensor) -> Tensor:
        return bundle.run("compressor", image.flip(3).contiguous() if mirrored else image)

    name, digest = ("stage-c-latents-mirrored", "mirrored") if mirrored else ("stage-c-latents", "")
    return map_pictures(pictures, runs / name, encode, bundle.digest("compressor") + digest, config.picture_channels)


def cell_weights(pictures: PictureSet, indices: np.ndarray, downscale: int, floor: float) -> np.ndarray | None:
    """(b, 1, h, w) float32, from `floor` where a cell of the latent is all black in its mask to 1 where it is white;
    None for a set without masks.
    """
    if pictures.masks is None:
        return None
    masks = pictures.masks[indices].astype(np.float32) / 255
    count, height, width = masks.shape
    cells = masks.reshape(count, height // downscale, downscale, width // downscale, downscale).mean((2, 4))
    return (floor + (1 - floor) * cells)[:, None]


def _caption(pictures: PictureSet, text: TextStates, picture: int, rng: np.random.Generator) -> int:
    return choose_caption(text.rows[picture], rng, styled=pictures.records[picture].style != "")


def _noise_loss(
    says: Says,
    config: Config,
    drawn: tuple[np.ndarray, np.ndarray | None],
    text: TextStates,
    captions: list[int],
    share: Share,
    generator: torch.Generator,
) -> Tensor:
    """Latents (b, c, h, w), and how much their cells count, at random times. Randomness is drawn for the whole batch,
    of which `share` takes its rows.
    """
    clean, cells = torch.from_numpy(drawn[0]).float(), drawn[1]
    times, noise = training_times(len(clean), generator), torch.randn(clean.shape, generator=generator)
    noisy = share.take(clean), share.take(noise), share.take(times)
    states, mask = (share.place(part) for part in text.batch(share.take(captions)))
    weights = None if cells is None else share.take(torch.from_numpy(np.ascontiguousarray(cells)))
    return objective(says, config.stage_c.prediction, noisy, (states, mask), weights)
