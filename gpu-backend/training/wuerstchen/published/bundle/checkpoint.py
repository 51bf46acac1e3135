"""A published model on disk: its components, whatever layout they were found in."""

from dataclasses import dataclass
from pathlib import Path

from wuerstchen.published.bundle.adapters import Adapter
from wuerstchen.published.bundle.component import Component
from wuerstchen.published.bundle.image_prompts import ImagePrompts
from wuerstchen.published.bundle.tokenizer import Tokenizer


@dataclass(frozen=True)
class DecoderText:
    """Stage B reads the prompt. `guidance` above 1: two passes a step, the second without latent and with the negative
    prompt.
    """

    guidance: float = 0.0

    @property
    def guided(self) -> bool:
        return self.guidance > 1


@dataclass(frozen=True)
class Checkpoint:
    """Both halves of a published model. `tokenizer_b` and `text_encoder_b` make Stage B's text: that of the empty
    prompt, or with `decoder_text` of every prompt. `roots`: the folders of the sources by label; of two that hold a
    file the last one names it.
    """

    family: str
    roots: dict[str, Path]
    text_encoder: Component
    stage_c: Component
    text_encoder_b: Component
    stage_b: Component
    stage_a: Component
    extras: dict[str, Component]
    tokenizer: Tokenizer
    tokenizer_b: Tokenizer
    schedule_s: float
    plain_files: tuple[Path, ...]
    decoder_text: DecoderText | None = None
    images: ImagePrompts | None = None

    @property
    def adapters(self) -> tuple[Adapter, ...]:
        return self.stage_c.adapters

    @property
    def components(self) -> tuple[Component, ...]:
        return (self.text_encoder, self.stage_c, self.text_encoder_b, self.stage_b, self.stage_a, *self.extras.values())

    @property
    def all_components(self) -> tuple[Component, ...]:
        """Also the encoder of image prompts, which changes nothing for requests without."""
        return self.components if self.images is None else (*self.components, self.images.encoder)

    def sources(self) -> dict[str, Path]:
        """Every file that is read, by its place below a root: its label and the path."""
        files = [*self.plain_files, *(path for component in self.all_components for path in component.sources)]
        files += () if self.images is None else self.images.files
        return dict(sorted((self._place(path), path) for path in files))

    def _place(self, path: Path) -> str:
        label = next((label for label, root in reversed(self.roots.items()) if path.is_relative_to(root)), None)
        if label is None:  # an adapter's
            return path.as_posix()
        return f"{label}/{path.relative_to(self.roots[label]).as_posix()}"


@dataclass(frozen=True)
class Choice:
    """Which of a repository's weights: the variant ("bf16", None for the plain files), and "lite" for the smaller
    stages.
    """

    variant: str | None = None
    stage_b: str = "large"
    stage_c: str = "large"
