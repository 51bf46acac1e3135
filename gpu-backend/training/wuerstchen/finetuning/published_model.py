"""A published Würstchen v2 or Stable Cascade as a tuning needs it: its text encoder and its compressor for what is
learned from, and its Stage C with adapters.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer as FastTokenizer
from torch import Tensor, nn

from wuerstchen.diffusion import S
from wuerstchen.published.bundle.checkpoint import Checkpoint
from wuerstchen.published.bundle.component import Component
from wuerstchen.published.bundle.graphs import text_encoder
from wuerstchen.published.bundle.tokenizer import Tokenizer
from wuerstchen.published.pipelines import V2_LATENT_SCALE, V2_LATENT_SHIFT, stage_c_size
from wuerstchen.training.cache import digest_of, file_digest
from wuerstchen.training.distributed import training_device
from wuerstchen.training.text_states import CaptionEncoder

COMPRESSOR_DOWNSCALE = 32
TEXTS_AT_ONCE, PICTURES_AT_ONCE = 16, 4


@dataclass(frozen=True)
class PublishedModel:
    """Parts are loaded where they are used, one after the other."""

    checkpoint: Checkpoint
    compressor: Component

    @property
    def is_v2(self) -> bool:
        return self.checkpoint.family == "wuerstchen-v2"

    def digest(self, *parts: Component) -> str:
        """Of all files that these parts, Stage C unless named, are read from."""
        files = [path for part in parts or (self.checkpoint.stage_c,) for path in part.sources]
        return digest_of(*(file_digest(path) for path in files))

    def caption_encoder(self) -> CaptionEncoder:
        """Every text has as many states as the encoder has positions, and one before them: the pooled state, zeros for
        v2, which reads none.
        """
        tokenizer, component = self.checkpoint.tokenizer, self.checkpoint.text_encoder
        cut = FastTokenizer.from_str(tokenizer.json)
        states = functools.cache(
            lambda: text_encoder(component.load().to(training_device()), pools=not self.is_v2).expected
        )

        def encode(texts: list[str]) -> list:
            parts = [texts[start : start + TEXTS_AT_ONCE] for start in range(0, len(texts), TEXTS_AT_ONCE)]
            return [row for part in parts for row in self._states(states(), cut, part)]

        def count(texts: list[str]) -> list[int]:
            return [max(tokenizer.length, len(encoding.ids)) for encoding in cut.encode_batch(texts)]

        return CaptionEncoder(encode, count, tokenizer.length, self.digest(component) + digest_of(tokenizer.json))

    def _states(self, states: Callable[..., Tensor], cut: FastTokenizer, texts: list[str]) -> list:
        rows = [padded(cut.encode(text).ids, self.checkpoint.tokenizer) for text in texts]
        ids, mask = (torch.tensor(part, device=training_device()) for part in zip(*rows, strict=True))
        made = states(ids, mask)
        return list((F.pad(made, (0, 0, 1, 0)) if self.is_v2 else made).float().cpu().numpy())

    def encoder(self) -> Callable[[Tensor], Tensor]:
        """Pictures (b, 3, h, w) in [0, 1] to the latents that Stage C makes, of the size that it makes for such
        pictures.
        """
        load = functools.cache(lambda: self.compressor.load().float().eval().to(training_device()))

        def encode(images: Tensor) -> Tensor:
            size = tuple(COMPRESSOR_DOWNSCALE * cells for cells in stage_c_size(*images.shape[2:]))
            parts = []
            for part in images.split(PICTURES_AT_ONCE):
                fitted = F.interpolate(part, size=size, mode="bilinear", antialias=True).clamp(0, 1)
                parts.append(load()(fitted.to(training_device())).cpu())
            latents = torch.cat(parts)
            return (latents + V2_LATENT_SHIFT) / V2_LATENT_SCALE if self.is_v2 else latents

        return encode

    def stage_c(self) -> nn.Module:
        """Frozen, as float32 and without dropout."""
        return self.checkpoint.stage_c.load().float().eval().requires_grad_(False).to(training_device())

    def noise(self, network: nn.Module, x: Tensor, t: Tensor, states: Tensor) -> Tensor:
        """The noise in x (b, 16, h, w) at t (b,), for text states (b, 1 + positions, width) of `caption_encoder`."""
        if self.is_v2:
            return network(x, t, states[:, 1:])
        config = network.config
        image = states.new_zeros(len(states), 1, config.image_channels)
        return network(x, t, states[:, :1, : config.pooled_channels], states[:, 1:, : config.text_channels], image)


def published_model(checkpoint: Checkpoint, compressor: Component | None) -> PublishedModel:
    """`compressor`: one that was named, which counts before the checkpoint's own. Raises ValueError where there is none
    or the noise schedule is not the releases'.
    """
    found = compressor or checkpoint.extras.get("compressor")
    if found is None:
        where = "v2's is a section of its Stage B's original .pt file"
        raise ValueError(f"this model has no compressor beside it: name its file with --compressor ({where})")
    if checkpoint.schedule_s != S:
        raise ValueError(f"the scheduler's s is {checkpoint.schedule_s}: only {S} can be trained")
    return PublishedModel(checkpoint, found)


def padded(ids: list[int], tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Ids and mask of the tokenizer's length. A longer prompt is cut before its end token."""
    if len(ids) > tokenizer.length:
        ids = [*ids[: tokenizer.length - 1], ids[-1]]
    padding = tokenizer.length - len(ids)
    return [*ids, *[tokenizer.pad] * padding], [*[1] * len(ids), *[0] * padding]
