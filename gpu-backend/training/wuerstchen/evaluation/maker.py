"""Pictures from prompts by the trained stages, many at once, with the noise that the server draws for each seed."""

from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from torch import Tensor

from wuerstchen.config import Config
from wuerstchen.diffusion import sample
from wuerstchen.evaluation.kept_pictures import kept_pictures
from wuerstchen.export.graphs import Stages
from wuerstchen.training.data import PictureSet
from wuerstchen.training.reconstruction import opaque, picture_batch
from wuerstchen.training.records import Record
from wuerstchen.training.stage_c import generate


class PictureMaker:
    """Keeps each picture in `directory` under a hash of the weights and of what was asked for: a stopped report
    goes on from there.
    """

    def __init__(self, config: Config, stages: Stages, weights: str, decoder_weights: str, directory: Path) -> None:
        """`weights` and `decoder_weights` name the weights of all stages, and of those that paint a latent."""
        self.config, self.stages, self.directory = config, stages, directory
        self.weights, self.decoder_weights = weights, decoder_weights
        directory.mkdir(parents=True, exist_ok=True)

    def make(
        self, prompts: list[str], seeds: list[int], guidance: float | None = None, steps: int | None = None
    ) -> np.ndarray:
        """(n, side, side, 3) bytes, one picture for each (prompt, seed) pair; configured guidance and steps unless
        given.
        """
        sampler = self.config.sampler_c
        guidance, steps = guidance or sampler.guidance_scale, steps or sampler.steps

        def batch(rows: list[int]) -> Tensor:
            own = [seeds[i] for i in rows]
            return self.paint(self.latents([prompts[i] for i in rows], own, guidance, steps), own)

        asked = [[self.weights, prompt, seed, guidance, steps] for prompt, seed in zip(prompts, seeds, strict=True)]
        return kept_pictures(self.directory, asked, batch)

    def make_for(self, records: list[Record]) -> np.ndarray:
        """One picture for the first caption of each record, always with the same seed."""
        return self.make(
            [record.captions[0] for record in records], [crc32(record.id.encode()) % 2**16 for record in records]
        )

    def reconstruct(self, pictures: PictureSet, indices: np.ndarray) -> np.ndarray:
        """(n, side, side, 3) pictures through compressor, Stage B and Stage A: what Stage C could give at best."""

        def batch(rows: list[int]) -> Tensor:
            return self._reconstruct(picture_batch(self.config, pictures, np.asarray(indices)[rows]))

        return kept_pictures(
            self.directory, [[self.decoder_weights, "reconstructed", pictures.records[i].id] for i in indices], batch
        )

    @torch.no_grad()
    def latents(self, prompts: list[str], seeds: list[int], guidance: float, steps: int) -> Tensor:
        """(n, c, h, w) of Stage C, rounded as the server stores them."""
        side, channels = self.config.image_side // self.config.latent.downscale, self.config.latent.channels
        model, (none, none_mask) = self.stages.stage_c, self.text([""])
        made = generate(
            model, self.text(prompts), (none, none_mask), noise_of(seeds, (channels, side, side)), steps, guidance
        )
        return made.half().float()

    @torch.no_grad()
    def paint(self, latents: Tensor, seeds: list[int]) -> Tensor:
        """(n, 3, side, side) in [0, 1]; what is transparent lies on white."""
        side, channels = latents.shape[-1] * self.config.latent.downscale // 4, self.config.stage_a.latent_channels
        painted = sample(
            lambda x, t: self.stages.stage_b(x, t, latents),
            noise_of(seeds, (channels, side, side)),
            self.config.sampler_b.steps,
        )
        return opaque(self.stages.stage_a.decode(painted)).clamp(0, 1)

    def text(self, prompts: list[str]) -> tuple[Tensor, Tensor]:
        """Padded states (n, t, width) and their mask (n, t)."""
        rows = self.stages.text_encoder.encode_texts(prompts, self.config.text.tokens_max)
        states = np.zeros((len(rows), max(map(len, rows)), rows[0].shape[1]), np.float32)
        mask = np.zeros(states.shape[:2], np.float32)
        for index, row in enumerate(rows):
            states[index, : len(row)], mask[index, : len(row)] = row, 1
        return torch.from_numpy(states), torch.from_numpy(mask)

    @torch.no_grad()
    def _reconstruct(self, images: Tensor) -> Tensor:
        return self.paint(self.stages.compressor(images).half().float(), [0] * len(images))


def noise_of(seeds: list[int], shape: tuple[int, ...]) -> Tensor:
    """(n, *shape): each row depends on its own seed alone."""
    return torch.stack([torch.randn((1, *shape), generator=torch.Generator().manual_seed(seed))[0] for seed in seeds])
