"""What the parts of the report share: the pictures, the model, the judge, and what they computed once."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from wuerstchen.config import Config
from wuerstchen.evaluation.evaluator import (
    RECIPE,
    Evaluator,
    class_names,
    load_evaluator,
    save_evaluator,
    synonyms_of,
    train_evaluator,
)
from wuerstchen.evaluation.features import PictureFeatures, features_of, training_views
from wuerstchen.evaluation.maker import PictureMaker
from wuerstchen.evaluation.set_groups import Groups, OpenLabels
from wuerstchen.export.bundle import trained_stages
from wuerstchen.export.graphs import Stages
from wuerstchen.models.text_encoder import TextEncoder
from wuerstchen.training.data import PictureSet
from wuerstchen.training.sources import imagenet_weights, text_encoder_directory

WEIGHTS = ("stage-a.pt", "stage-b.pt", "stage-c.pt")
DECODER_WEIGHTS = WEIGHTS[:2]
TEXT_BATCH = 256


@dataclass(frozen=True)
class Options:
    """Everything that a figure depends on besides weights and pictures. `unseen` and `joined`: the texts of the
    prompts files; `groups` and `open_labels`: those of the set, empty where it has none.
    """

    captions: int
    samples: int
    seeds: int
    sampler_prompts: int
    unseen: str
    joined: str
    compression_steps: int
    compression_batch: int
    watts: float
    price_kwh: float
    price_hour: float
    groups: Groups = field(default_factory=dict)
    open_labels: OpenLabels = field(default_factory=dict)


class Context:
    def __init__(self, config: Config, pictures: PictureSet, runs: Path, out: Path, options: Options) -> None:
        """`runs`: the folder of this configuration's runs; caches go to its subfolder `evaluation`."""
        self.config, self.pictures, self.runs, self.out, self.options = config, pictures, runs, out, options
        self.pictures_digest = pictures.digest[:12]
        self.cache = runs / "evaluation" / self.pictures_digest
        self.cache.mkdir(parents=True, exist_ok=True)
        out.mkdir(parents=True, exist_ok=True)

    def digest_of(self, weights: tuple[str, ...] = WEIGHTS) -> str:
        """Changes with these weights and with the sampler's defaults."""
        digest = hashlib.sha256(repr((self.config.sampler_b, self.config.sampler_c)).encode())
        # Where the compressor has a stage of its own, its weights are not in Stage B's file.
        own_compressor = self.config.compressor is not None and "stage-b.pt" in weights
        for name in (*weights, *(["compressor.pt"] if own_compressor else [])):
            digest.update((self.runs / name).read_bytes())
        return digest.hexdigest()[:12]

    @cached_property
    def network(self) -> PictureFeatures:
        return PictureFeatures(imagenet_weights())

    @cached_property
    def views(self) -> list[np.ndarray]:
        """Features of all pictures: `views[0]` of the pictures as they are."""
        return training_views(self.network, self.pictures, self.cache)

    @cached_property
    def stages(self) -> Stages:
        return trained_stages(self.config, self.runs)

    @cached_property
    def maker(self) -> PictureMaker:
        return PictureMaker(
            self.config, self.stages, self.digest_of(), self.digest_of(DECODER_WEIGHTS), self.cache / "pictures"
        )

    @property
    def judge(self) -> str:
        """Names the judge: another recipe, or other groups to tell apart, are another one."""
        groups = hashlib.sha256(json.dumps(self.options.groups).encode()).hexdigest()[:8]
        return f"{RECIPE}-{groups}"

    @cached_property
    def evaluator(self) -> Evaluator:
        path = self.cache / f"evaluator-{self.judge}-{self.config.seed}-{self.config.text.tokens_max}.pt"
        groups = self.options.groups
        if not path.exists():
            records = self.pictures.records
            listed = sorted({word for record in records for word in (record.label, *synonyms_of(record))})
            texts = dict(zip(listed, self.text(listed), strict=True))
            save_evaluator(path, train_evaluator(self.pictures, groups, self.views, texts, self.config.seed))
        classes = {name: len(names) for name, names in class_names(self.pictures, groups).items()}
        return load_evaluator(path, self.views[0].shape[1], self.text([""]).shape[1], classes)

    def features(self, images: np.ndarray) -> np.ndarray:
        """(n, side, side, 3) bytes to (n, f)."""
        return features_of(self.network, images)

    @cached_property
    def _text_encoder(self) -> TextEncoder:
        return TextEncoder.load(text_encoder_directory())

    def text(self, words: list[str]) -> np.ndarray:
        """(n, width) pooled MiniLM embeddings."""
        batches = [words[start : start + TEXT_BATCH] for start in range(0, len(words), TEXT_BATCH)]
        rows = [row for batch in batches for row in self._text_encoder.encode_texts(batch, self.config.text.tokens_max)]
        return np.stack([row[0] for row in rows])

    def similarity(self, features: np.ndarray, words: list[str]) -> np.ndarray:
        """(n, f) pictures against m words: (n, m)."""
        return self.evaluator.similarity(np.asarray(features, np.float32), self.text(words))
