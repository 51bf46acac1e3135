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
from wuerstchen.finetuning.captions import trained_captions
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
from wuerstchen.training.masks import counted, over_cells
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
    losses = HeldOutLosses(runs / f"{name}.held-out.json", tuning.patience)
    read = _Read(config, bundle, pictures, runs, tuning)
    learned, sheet = _Learned(config, Says(model), read), read.sheet()
    if 0 not in losses.losses:  # `model` is the base still: adapters begin as nothing
        losses.add(0, learned.held_out_loss())

    def evaluate(step: int) -> dict[str, float]:
        losses.add(step + 1, learned.held_out_loss())
        _keep(model, runs, name, step + 1, losses)
        sheet.write(model, runs / f"{name}.png")
        return {"held_out_loss": losses.losses[step + 1], "captions_cut": read.text.share_cut}

    every, modules = max(1, config.train_c.steps // EVALUATIONS), nn.ModuleDict({"stage_c": model})
    return StageRun(name, modules, learned.loss, evaluate, every, seed=config.seed, ends_early=losses.stops)


class _Read:
    """What a tuning learns from: pictures' latents, text states and, for its prior prompts, the base's own latents."""

    def __init__(self, config: Config, bundle: Bundle, pictures: PictureSet, runs: Path, tuning: Tuning) -> None:
        self.config, self.bundle, self.pictures, self.tuning = config, bundle, pictures, tuning
        self.latents = _latents(config, bundle, pictures, runs, False)
        self.mirrored = _latents(config, bundle, pictures, runs, True) if tuning.flip else None
        captions = [trained_captions(of.captions, tuning, number) for number, of in enumerate(pictures.records)]
        others = [(prompt,) for prompt in (*tuning.prior_prompts, *tuning.samples)]
        self.text = cached_text_states([*captions, *others], runs, bundle.caption_encoder)
        self.base = bundle.stage_c(config)
        self.prior_rows = [self.text.rows[len(captions) + number][0] for number in range(len(tuning.prior_prompts))]
        self.prior: np.ndarray | None = None
        if self.prior_rows:
            revision = bundle.manifest["revision"]
            self.prior = prior_latents(
                config, self.base, revision, tuning.prior_prompts, self.text, self.prior_rows, runs
            )

    def sheet(self) -> Sheet:
        """Draws captions and samples, by the base and by what was learned."""
        return Sheet(self.config, self.bundle, self.base, self.pictures, self.latents, self.text, self.tuning.samples)

    def drawn(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
        """Latents of pictures, some of them mirrored, and how much their cells count."""
        clean = self.latents[indices]
        cells = cell_weights(self.pictures, indices, self.config.latent.downscale, self.tuning.mask_floor)
        if self.mirrored is None:
            return clean, cells
        turned = (rng.random(len(indices)) < 0.5)[:, None, None, None]
        cells = cells if cells is None else np.where(turned, cells[..., ::-1], cells)
        return np.where(turned, self.mirrored[indices], clean), cells


class _Learned:
    """The losses of a tuning: of a step, and of the pictures that are held out."""

    def __init__(self, config: Config, says: Says, read: _Read) -> None:
        self.config, self.says, self.read = config, says, read
        # A small share of a small batch is one picture: its loss counts with the share, whatever their number is.
        self.prior_count = max(1, round(config.train_c.batch * read.tuning.prior_share))

    def loss(self, step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        read, (rng, generator) = self.read, batch_rng(self.config.seed + 3, step)
        pictures, text = read.pictures, read.text
        indices = pictures.draw(self.config.train_c.batch, rng)
        chosen = [text.empty if rng.random() < CAPTION_DROP else _caption(pictures, text, i, rng) for i in indices]
        found = self._noise_loss(read.drawn(indices, rng), chosen, share, generator)
        if read.prior is None or read.tuning.prior_share == 0:
            return found, {}
        kept, whole = rng.integers(0, len(read.prior), self.prior_count), Share(device=share.device)
        prompts = [read.prior_rows[k] for k in kept]
        prior_loss = self._noise_loss((read.prior[kept], None), prompts, whole, generator)
        part = read.tuning.prior_share
        return (1 - part) * found + part * prior_loss, {"prior_loss": prior_loss.item()}

    @torch.no_grad()
    def held_out_loss(self) -> float:
        read, measured = self.read, self.read.pictures.held_out_batch(HELD_OUT_MAX)
        generator = torch.Generator().manual_seed(2)  # the same times and noise at every evaluation
        cells = cell_weights(read.pictures, measured, self.config.latent.downscale, read.tuning.mask_floor)
        rows, whole = [read.text.rows[i][0] for i in measured], Share(device=training_device())
        return self._noise_loss((read.latents[measured], cells), rows, whole, generator).item()

    def _noise_loss(
        self,
        drawn: tuple[np.ndarray, np.ndarray | None],
        captions: list[int],
        share: Share,
        generator: torch.Generator,
    ) -> Tensor:
        """Latents (b, c, h, w), and how much their cells count, at random times. Randomness is drawn for the whole
        batch, of which `share` takes its rows.
        """
        clean, cells = torch.from_numpy(drawn[0]).float(), drawn[1]
        times, noise = training_times(len(clean), generator), torch.randn(clean.shape, generator=generator)
        noisy = share.take(clean), share.take(noise), share.take(times)
        states, mask = (share.place(part) for part in self.read.text.batch(share.take(captions)))
        weights = None if cells is None else share.take(torch.from_numpy(np.ascontiguousarray(cells)))
        return objective(self.says, self.config.stage_c.prediction, noisy, (states, mask), weights)


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
    return counted(over_cells(pictures.masks[indices], downscale), floor)


def _caption(pictures: PictureSet, text: TextStates, picture: int, rng: np.random.Generator) -> int:
    return choose_caption(text.rows[picture], rng, styled=pictures.records[picture].style != "")
