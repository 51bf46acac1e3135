"""What is measured of a bundle on a set. Every figure has a key, under which the texts of a language say what it
means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from rich.progress import track

from wuerstchen.decision.bundle_model import BundleModel, Pictures, originals
from wuerstchen.decision.groups import group_trials
from wuerstchen.decision.measured import Figure, Measured
from wuerstchen.decision.outside import WORDS_MIN, kept_words, words_outside
from wuerstchen.decision.prices import Prices, picture_flops
from wuerstchen.evaluation.diversity import pairwise_distances
from wuerstchen.evaluation.features import PictureFeatures, deep_features, features_of, to_tensor
from wuerstchen.evaluation.image_quality import psnr_each
from wuerstchen.evaluation.intervals import (
    Interval,
    kernel_distance_interval,
    mean_interval,
    paired_difference_interval,
    share_interval,
    span_interval,
)
from wuerstchen.evaluation.near_copies import near_copies
from wuerstchen.evaluation.recognition import recognised
from wuerstchen.evaluation.set_groups import Groups
from wuerstchen.models.weights_digest import weights_digest
from wuerstchen.training.cache import cached, digest_of
from wuerstchen.training.data import PictureSet

CANDIDATES_MAX = 100
TIMED_PICTURES = 5
# Held-out pictures: fewer do not tell what a near copy is.
REAL_MIN = 20
LIKENESS_MIN = 8
# Words of which no picture is trained.
NEW_WORDS_MIN = 8
# Pictures that are in memory at a time.
PART = 512


class Measure:
    """Measures bundles on one set, all by the same pictures and captions."""

    def __init__(
        self,
        pictures: PictureSet,
        network: PictureFeatures,
        captions: int,
        groups: Groups | None,
        prices: Prices,
        kept: Path,
    ) -> None:
        """`kept`: folder of what is computed once a set, the features of all training pictures."""
        self.pictures, self.network, self.groups, self.prices = pictures, network, groups, prices
        self.asked, self._used = asked_pictures(pictures, captions), set[int]()
        self.held_out = pictures.held_out[:captions]
        self.real = self._deep(originals(pictures, self.asked))
        self.train = self._deep_once(pictures.train, kept / "features-train.npy")

    def of(self, model: BundleModel) -> Measured:
        pictures, left_out, self._used = self.pictures, {}, set(self.asked.tolist())
        made = model.made_for(pictures, self.asked)
        features = self._deep(made)
        right = recognised(features, self.real, [pictures.records[i].label for i in self.asked])
        figures, trials, new = [_share("recognition", right)], {"recognition": right}, self._new()
        if new.sum() >= NEW_WORDS_MIN:
            trials["new"] = right[new]
            figures.append(_share("new", right[new]))
        else:
            left_out["new"] = "few_new"
        restored, decibels = [], np.zeros(0)
        if model.restores and len(self.held_out):
            restored = model.restored(pictures, self._use(self.held_out))
            decibels = psnr_of(restored, originals(pictures, self.held_out))
            figures.append(_mean("restoration", decibels))
        else:
            left_out["restoration"] = "no_held_out" if model.restores else "no_compressor"
        groups = self._groups(model, left_out)
        figures += self._crowd(features, left_out) + bias_of(groups) + self._cost(model)
        found, shares = {figure.key: figure for figure in figures}, _shares(groups)
        used = len(self._used)
        return Measured(found, left_out, self.asked, trials, decibels, made, restored, shares, used)

    def _use(self, indices: np.ndarray) -> np.ndarray:
        """Counts pictures as those that figures rest on, and returns them."""
        self._used.update(indices.tolist())
        return indices

    def _new(self) -> np.ndarray:
        """(n,) whether no training picture has the label of the picture that is asked for."""
        records = self.pictures.records
        trained = {records[i].label for i in self.pictures.train}
        return np.array([records[i].label not in trained for i in self.asked], bool)

    def compared(
        self, after: tuple[BundleModel, Measured], before: tuple[BundleModel, Measured], known: Sequence[str]
    ) -> tuple[Measured, Measured]:
        """Both with the figures that need both. `known`: words that the model before knows, in the set or not."""
        pairs, left_out = {"style": self._style(after[1], before[1])}, {}
        words = words_outside(known, self.pictures)
        if len(words) < WORDS_MIN:
            left_out["outside"] = "no_words"
        else:
            pairs["outside"] = kept_words(after[0], before[0], words, self._deep)
        return tuple(
            replace(
                measured,
                figures={**measured.figures, **{key: _share(key, pair[number]) for key, pair in pairs.items()}},
                left_out={**measured.left_out, **left_out},
                trials={**measured.trials, **{key: pair[number] for key, pair in pairs.items()}},
            )
            for number, (_, measured) in enumerate((after, before))
        )

    def _style(self, after: Measured, before: Measured) -> list[np.ndarray]:
        """Of the pictures of each: whether the nearest other picture is one of the set, not one drawn before.
        Pictures of the same caption do not count, so it is the style that decides and not the thing shown."""
        labels = np.array([self.pictures.records[i].label for i in self.asked])
        same, drawn, trials = labels[:, None] == labels[None], self._deep(before.made), []
        for measured in (after, before):
            made = self._deep(measured.made)
            of_set, of_before = (
                np.where(same, np.inf, pairwise_distances(made, other)).min(1) for other in (self.real, drawn)
            )
            trials.append(of_set < of_before)
        return trials

    def _crowd(self, features: np.ndarray, left_out: dict[str, str]) -> list[Figure]:
        figures = []
        if len(features) >= LIKENESS_MIN:
            value, between = kernel_distance_interval(features, self.real)
            figures.append(Figure("likeness", value, len(features), *(between or (None, None))))
        else:
            left_out["likeness"] = "few_pictures"
        if len(self.held_out) >= REAL_MIN:
            real = nearest(self._deep(originals(self.pictures, self._use(self.held_out))), self.train)
            value, between = near_copies(nearest(features, self.train), real)
            figures.append(Figure("copies", value, len(features), *between))
        else:
            left_out["copies"] = "few_held_out"
        return figures

    def _groups(self, model: BundleModel, left_out: dict[str, str]) -> dict[str, dict[str, np.ndarray]]:
        if self.groups is None:
            left_out["bias"] = "no_groups"
            return {}
        trials = group_trials(self.groups, self.pictures, lambda indices: self._right(model, indices))
        if not trials:
            left_out["bias"] = "small_groups"
        return trials

    def _right(self, model: BundleModel, indices: np.ndarray) -> np.ndarray:
        """(n,) recognised among themselves and the other pictures asked for."""
        labels = [self.pictures.records[i].label for i in indices]
        others = np.array([i for i in self.asked if self.pictures.records[i].label not in labels], dtype=np.int64)
        candidates = np.concatenate([indices, others])[: max(CANDIDATES_MAX, len(indices))]
        real = self._deep(originals(self.pictures, candidates))
        names = [self.pictures.records[i].label for i in candidates]
        return recognised(self._deep(model.made_for(self.pictures, self._use(indices))), real, names, labels)

    def _cost(self, model: BundleModel) -> list[Figure]:
        prompts = [self.pictures.records[i].captions[0] for i in self.asked[:TIMED_PICTURES]]
        seconds = model.seconds_a_picture((prompts * TIMED_PICTURES)[:TIMED_PICTURES])
        taken = _mean("seconds", seconds)
        hourly = self.prices.here / 3600
        bounds = (None, None) if taken.low is None else (taken.low * hourly, taken.high * hourly)
        return [
            taken,
            Figure("cost", taken.value * hourly, taken.count, *bounds),
            Figure("flops", picture_flops(model.config) / 1e9, 1),
        ]

    def _deep_once(self, indices: np.ndarray, path: Path) -> np.ndarray:
        """(n, 320) of pictures of the set, kept in `path`: of a large set they take minutes."""
        pictures = self.pictures
        place = (pictures.bucket_of[indices].tolist(), pictures.rows[indices].tolist())
        # Not of captions: other ones change no picture.
        key = digest_of("deep", weights_digest(self.network), *pictures.digests.values(), str(place))
        parts = np.split(indices, range(PART, len(indices), PART))

        def computed() -> np.ndarray:
            shown = track(parts, description="features of the set", disable=len(parts) == 1)
            return np.concatenate([self._deep(originals(self.pictures, part)) for part in shown])

        return cached(path, key, computed)

    def _deep(self, images: Pictures) -> np.ndarray:
        """(n, 320) of pictures of any shapes."""
        rows: list[np.ndarray] = [np.zeros(0)] * len(images)
        for shape in {image.shape for image in images}:
            members = [number for number, image in enumerate(images) if image.shape == shape]
            for number, row in zip(
                members, deep_features(features_of(self.network, np.stack([images[m] for m in members]))), strict=True
            ):
                rows[number] = row
        return np.stack(rows)


def asked_pictures(pictures: PictureSet, count: int) -> np.ndarray:
    """(≤ count,) pictures whose captions are drawn: one of each label, held-out ones first, then training ones
    evenly spread.
    """
    chosen: dict[str, int] = {}
    for index in [*pictures.held_out.tolist(), *_spread(pictures.train).tolist()]:
        chosen.setdefault(pictures.records[index].label, int(index))
    return np.array(list(chosen.values())[:count], dtype=np.int64)


def _spread(indices: np.ndarray) -> np.ndarray:
    """In an order in which any beginning is spread over the whole (steps by the golden ratio)."""
    return indices[np.argsort(np.arange(len(indices)) * 0.6180339887 % 1, kind="stable")]


def nearest(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(n,) Euclidean distance of each row of (n, d) to the nearest of (m, d)."""
    return pairwise_distances(x, y).min(1)


def psnr_of(copies: Pictures, pictures: Pictures) -> np.ndarray:
    """(n,) dB of pictures of any shapes."""
    pairs = zip(copies, pictures, strict=True)
    return torch.cat([psnr_each(to_tensor(copy[None]), to_tensor(picture[None])) for copy, picture in pairs]).numpy()


def compared(after: Measured, before: Measured) -> dict[str, tuple[float, Interval | None]]:
    """Differences, after less before, with their range where both were measured on the same pictures."""
    differences: dict[str, tuple[float, Interval | None]] = {}
    for key in after.figures.keys() & before.figures.keys():
        differences[key] = (after.figures[key].value - before.figures[key].value, None)
    for key in after.trials.keys() & before.trials.keys():
        low, high = paired_difference_interval(after.trials[key], before.trials[key])
        differences[key] = (differences[key][0], (100 * low, 100 * high))
    if "restoration" in differences:
        differences["restoration"] = (differences["restoration"][0], mean_interval(after.decibels - before.decibels))
    return differences


def bias_of(groups: Mapping[str, Mapping[str, np.ndarray]]) -> list[Figure]:
    """Of the attribute whose groups differ most; nothing where there is none. `groups`: (n,) recognised or not, by
    attribute and group."""
    if not groups:
        return []
    spans = [max(of.values()) - min(of.values()) for of in _shares(groups).values()]
    low, high = span_interval([list(of.values()) for of in groups.values()])
    return [
        Figure(
            "bias", max(spans), sum(len(own) for of in groups.values() for own in of.values()), 100 * low, 100 * high
        )
    ]


def _shares(groups: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, dict[str, float]]:
    """Per cent."""
    return {name: {group: 100 * float(own.mean()) for group, own in of.items()} for name, of in groups.items()}


def _share(key: str, right: np.ndarray) -> Figure:
    low, high = share_interval(int(right.sum()), len(right))
    return Figure(key, 100 * float(right.mean()), len(right), 100 * low, 100 * high)


def _mean(key: str, values: np.ndarray) -> Figure:
    return Figure(key, float(values.mean()), len(values), *(mean_interval(values) or (None, None)))
