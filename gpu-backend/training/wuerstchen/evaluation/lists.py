"""Which pictures and captions are measured: chosen by rule from their ids, so that every run and every model is
asked the same.
"""

import math
from zlib import crc32

import numpy as np

from wuerstchen.config import CurriculumConfig
from wuerstchen.training.curriculum import favourite_pictures
from wuerstchen.training.data import PictureSet

CANDIDATES = 100


def weighted_order(pictures: PictureSet, indices: np.ndarray) -> list[int]:
    """The indices in a fixed random order in which heavy pictures come early, as a draw by weight without replacement
    would give.

    (Efraimidis & Spirakis 2006.) Captions are thus asked for as often as they were trained: five skin tones of a
    gesture do not crowd out five objects."""

    def rank(index: int) -> float:
        record = pictures.records[index]
        uniform = (crc32(f"order {record.id}".encode()) + 1) / 2**32
        return -math.log(uniform) / record.weight

    return sorted((int(i) for i in indices), key=rank)


def distinct_labels(pictures: PictureSet, indices: list[int], count: int) -> list[int]:
    """The first picture of each label, at most `count`."""
    first: dict[str, int] = {}
    for index in indices:
        first.setdefault(pictures.records[index].label, index)
    return list(first.values())[:count]


def offered(curriculum: CurriculumConfig, pictures: PictureSet, indices: np.ndarray) -> np.ndarray:
    """Those in a style that the model is trained in: all, unless the curriculum takes its draws from some styles
    only.
    """
    if not curriculum.only_styles:
        return indices
    return np.array([i for i in indices if pictures.records[i].style in curriculum.styles], dtype=np.int64)


def held_out_list(curriculum: CurriculumConfig, pictures: PictureSet, count: int = CANDIDATES) -> list[int]:
    return distinct_labels(pictures, weighted_order(pictures, offered(curriculum, pictures, pictures.held_out)), count)


def training_list(curriculum: CurriculumConfig, pictures: PictureSet, count: int = CANDIDATES) -> list[int]:
    """Training pictures whose labels are not those of the held-out list, so that the two lists share no concept."""
    asked = {pictures.records[i].label for i in held_out_list(curriculum, pictures)}
    order = weighted_order(pictures, offered(curriculum, pictures, pictures.train))
    return distinct_labels(pictures, [i for i in order if pictures.records[i].label not in asked], count)


def favourites_list(curriculum: CurriculumConfig, pictures: PictureSet) -> list[int]:
    """One training picture of every concept that the curriculum favours, its styles in turn."""
    of_label: dict[str, list[int]] = {}
    for index in favourite_pictures(curriculum, pictures):
        of_label.setdefault(pictures.records[index].label, []).append(int(index))
    return [of_label[label][number % len(of_label[label])] for number, label in enumerate(sorted(of_label))]
