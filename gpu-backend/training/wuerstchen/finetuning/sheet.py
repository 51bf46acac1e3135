"""The contact sheet of a fine-tuning: what pictures are, what the decoder makes of them, what the base draws and
what is drawn now.
"""

from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from wuerstchen.config import Config
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.models.stage_c import StageC
from wuerstchen.training.contact_sheet import write_grid
from wuerstchen.training.data import BucketArrays, PictureSet
from wuerstchen.training.distributed import training_device
from wuerstchen.training.stage_c import generate
from wuerstchen.training.text_states import TextStates

COLUMNS = 8


class Sheet:
    """Rows of eight, trained pictures before held-out ones: originals, reconstructions, drawn by the base, drawn now;
    below them one's own prompts, base above now.
    """

    def __init__(
        self,
        config: Config,
        bundle: Bundle,
        base: StageC,
        pictures: PictureSet,
        latents: BucketArrays,
        text: TextStates,
        samples: tuple[str, ...],
    ) -> None:
        """`text` has the captions of `samples` in its last rows."""
        self.config, self.bundle, self.base, self.text = config, bundle, base, text
        self.pictures, self.latents, self.shown = pictures, latents, _shown(pictures)
        self.captions = [pictures.records[i].captions[0] for i in self.shown]
        self.kinds = ["trained" if i in pictures.train else "held out" for i in self.shown]
        self.own = [text.rows[i][0] for i in self.shown]
        first = len(text.rows) - len(samples)
        self.samples = [(prompt, text.rows[first + number][0]) for number, prompt in enumerate(samples)]

    def write(self, model: StageC, path: Path) -> None:
        drawn, asked = self._drawn(model)
        originals, restored, base, base_asked = self._fixed
        rows, names = [], []
        count = len(self.shown)
        labels = self.kinds, ["restored"] * count, ["base"] * count, ["now"] * count
        for row, images in zip(labels, (originals, restored, base, drawn), strict=True):
            rows.append(images)
            names += [f"{label}: {caption}" for label, caption in zip(row, self.captions, strict=True)]
            blank = COLUMNS - len(images)
            rows.append(torch.ones(blank, *images.shape[1:]))
            names += [""] * blank
        for start in range(0, len(self.samples), COLUMNS):
            prompts = [prompt for prompt, _ in self.samples[start : start + COLUMNS]]
            for label, images in (("base", base_asked), ("now", asked)):
                part = images[start : start + COLUMNS]
                rows += [part, torch.ones(COLUMNS - len(part), *part.shape[1:])]
                names += [f"{label}: {prompt}" for prompt in prompts] + [""] * (COLUMNS - len(part))
        write_grid(path, torch.cat(rows), COLUMNS, names)

    @cached_property
    def _fixed(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        restored = self.bundle.picture(torch.from_numpy(np.array(self.latents[self.shown])).float(), self.config)
        return self.pictures.images(self.shown), restored, *self._drawn(self.base.to(training_device()))

    def _drawn(self, model: StageC) -> tuple[Tensor, Tensor]:
        rows, shape = [*self.own, *(row for _, row in self.samples)], self.latents[self.shown[:1]].shape[1:]
        device = training_device()
        states, none = (tuple(part.to(device) for part in self.text.batch(part)) for part in (rows, [self.text.empty]))
        noise = torch.randn((len(rows), *shape), generator=torch.Generator().manual_seed(1)).to(device)
        made = generate(
            model, states, none, noise, self.config.sampler_c.steps, self.config.sampler_c.guidance_scale
        ).cpu()
        images = self.bundle.picture(made, self.config)
        return images[: len(self.own)], images[len(self.own) :]


def _shown(pictures: PictureSet) -> np.ndarray:
    """(≤ 8,) pictures of one bucket: training pictures, then held-out ones, half each where there are enough."""
    held_out = pictures.held_out_batch(COLUMNS)
    trained = pictures.in_bucket_of(int(held_out[0] if len(held_out) else pictures.train[0]), pictures.train)
    new = held_out[: max(COLUMNS // 2, COLUMNS - len(trained))]
    return np.concatenate([trained[: COLUMNS - len(new)], new])
