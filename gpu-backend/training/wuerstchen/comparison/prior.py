"""One Stage C on one kind of latent by one recipe: the same backbone, optimiser, captions and draws in each."""

import dataclasses
import json
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from wuerstchen.comparison.judge import Judge
from wuerstchen.comparison.recipes import AS_CONFIGURED, Recipe
from wuerstchen.comparison.spaces import Space
from wuerstchen.config import Config, OptimiserConfig
from wuerstchen.models.build import new_stage_c
from wuerstchen.training.data import batch_rng
from wuerstchen.training.distributed import Share
from wuerstchen.training.loop import StageRun, maybe_compile
from wuerstchen.training.stage_c import CAPTION_DROP, TOKENS_MULTIPLE, Says, choose_caption
from wuerstchen.training.text_states import TextStates
from wuerstchen.whole_file import write_whole

POINTS = 8
# Pauses of a machine shall not count: a step takes what the middle one of the last so many took.
STEPS_TIMED = 101
# Shares of a run's steps, as a configuration's own ratio has no meaning at another number of steps.
WARMUP_SHARE, DECAY_SHARE = 0.05, 0.25


@dataclass(frozen=True)
class Point:
    """A moment of a training: its arithmetic and minutes so far, and what the judge says of what it draws."""

    flops: float
    minutes: float
    recognised: float
    fid: float


@dataclass(frozen=True)
class Trial:
    """Stage C with `patch` latents a side of a token in `space`, for `steps` (a multiple of `points`) from `seed`. The
    judge is asked `points` times.
    """

    space: Space
    patch: int
    seed: int
    steps: int
    recipe: Recipe = AS_CONFIGURED
    points: int = POINTS

    @property
    def name(self) -> str:
        kind = self.space.name if self.recipe == AS_CONFIGURED else f"{self.space.name}-{self.recipe.name}"
        # A probe may have as many steps as the trial after it, and has fewer points.
        probe = "" if self.points == POINTS else "-probe"
        return f"{kind}-patch-{self.patch}-steps-{self.steps}-seed-{self.seed}{probe}"

    def config(self, config: Config) -> Config:
        prediction = self.recipe.prediction or config.stage_c.prediction
        stage_c = dataclasses.replace(config.stage_c, patch=self.patch, prediction=prediction)
        return dataclasses.replace(config, latent=self.space.latent, stage_c=stage_c, seed=config.seed + self.seed)

    def plan(self, plan: OptimiserConfig) -> OptimiserConfig:
        warmup, decay = (max(1, round(self.steps * share)) for share in (WARMUP_SHARE, DECAY_SHARE))
        return dataclasses.replace(plan, steps=self.steps, warmup_steps=warmup, decay_steps=decay)


def step_flops(config: Config, trial: Trial) -> int:
    """Arithmetic of one step of the optimiser, counted on noise: forward and backward."""
    own = trial.config(config)
    model, cells = new_stage_c(own), own.image_side // own.latent.downscale
    x = torch.randn(1, own.latent.channels, cells, cells)
    text, mask = torch.randn(1, 1 + own.text.tokens_max, own.text.width), torch.ones(1, 1 + own.text.tokens_max)
    with FlopCounterMode(display=False) as counter:
        Says(model)(x, torch.full((1,), 0.5), text, mask).sum().backward()
    return counter.get_total_flops() * own.train_c.batch


@dataclass(frozen=True)
class Material:
    """What all trials of a space read: the favourites, (n,) numbers of pictures in rising order, and of each its latent
    (n, c, h, w) by the space's encoder, and a row of captions' states.
    """

    favourites: np.ndarray
    latents: Tensor
    text: TextStates
    judge: Judge

    @property
    def asked(self) -> np.ndarray:
        """(m,) places among the favourites of the pictures whose captions the judge asks for."""
        return np.searchsorted(self.favourites, self.judge.asked)


def trial_run(config: Config, trial: Trial, material: Material, directory: Path) -> StageRun:
    """Draws the curriculum's favourites alone: there a run takes minutes. DIR/NAME.json has its points."""
    own, batch, latents, text = trial.config(config), config.train_c.batch, material.latents, material.text
    torch.manual_seed(own.seed)
    model = new_stage_c(own)
    says = maybe_compile(Says(model), own)
    curve = CurveFile(directory / f"{trial.name}.json", step_flops(config, trial))

    def loss(step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        curve.step_begins()
        rng, generator = batch_rng(own.seed + 5, step)
        indices = rng.choice(len(latents), batch)
        rows = [text.empty if rng.random() < CAPTION_DROP else choose_caption(text.rows[i], rng) for i in indices]
        clean = latents[indices]
        noise, times = trial.recipe.draw(clean, generator)
        drawn = share.take(clean), share.take(noise), share.take(times)
        states, mask = (share.place(part) for part in text.batch(share.take(rows), TOKENS_MULTIPLE))
        return trial.recipe.loss(says, own.stage_c.prediction, drawn, (states, mask)), {}

    def evaluate(step: int) -> dict[str, float]:
        asked = material.asked
        states, none = text.batch([text.rows[i][0] for i in asked]), text.batch([text.empty])
        noise = torch.randn(latents[asked].shape, generator=torch.Generator().manual_seed(1))
        steps, scale = own.sampler_c.steps, own.sampler_c.guidance_scale
        with torch.no_grad():
            made = trial.recipe.generate(model, states, none, noise, steps, scale)
        return curve.add(step + 1, *material.judge.of(torch.cat([trial.space.decode(part) for part in made.split(32)])))

    modules, every = nn.ModuleDict({"stage_c": model}), trial.steps // trial.points
    return StageRun(trial.name, modules, loss, evaluate, every, after_step=curve.step_ends, seed=own.seed)


class CurveFile:
    """The points of a training by its steps, kept in a file, so that a run that was stopped goes on with them."""

    def __init__(self, path: Path, flops_step: int) -> None:
        self.path, self.flops_step = path, flops_step
        self._began = 0.0
        self._seconds: deque[float] = deque(maxlen=STEPS_TIMED)

    def step_begins(self) -> None:
        self._began = time.perf_counter()

    def step_ends(self, step: int) -> None:
        self._seconds.append(time.perf_counter() - self._began)

    def add(self, steps: int, recognised: float, fid: float) -> dict[str, float]:
        """Figures for the log."""
        minutes = steps * median(self._seconds) / 60
        point = Point(float(steps * self.flops_step), minutes, recognised, fid)
        kept = json.loads(self.path.read_text()) if self.path.exists() else {}
        write_whole(self.path, json.dumps({**kept, str(steps): dataclasses.asdict(point)}, indent=1) + "\n")
        return {"recognised": recognised, "fid": fid}


def read_curve(path: Path) -> list[Point]:
    """In the order of their steps."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    return [Point(**kept[steps]) for steps in sorted(kept, key=int)]
