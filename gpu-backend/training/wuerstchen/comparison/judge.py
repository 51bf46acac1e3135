"""The one who judges all: features of a network that saw none of these pictures."""

import numpy as np
from torch import Tensor

from wuerstchen.config import Config
from wuerstchen.evaluation.distribution import frechet_distance
from wuerstchen.evaluation.features import PictureFeatures, deep_features, features_of, to_bytes
from wuerstchen.evaluation.recognition import recognised
from wuerstchen.training.curriculum import favourite_pictures
from wuerstchen.training.data import PictureSet


class Judge:
    """`asked`: pictures of the favourites whose captions are drawn, one a concept, in turn of the styles."""

    def __init__(self, config: Config, pictures: PictureSet, network: PictureFeatures, count: int) -> None:
        favourites = favourite_pictures(config.curriculum_c, pictures)
        if len(favourites) < 2:
            raise ValueError("--data: the set has none of the concepts of curriculum_c in its styles")
        self.network, self.asked = network, _one_a_label(pictures, favourites, count)
        self.labels = [pictures.records[i].label for i in self.asked]
        self.real = self._deep(np.stack([np.asarray(pictures.pixels[int(i)]) for i in self.asked]))

    def of(self, images: Tensor) -> tuple[float, float]:
        """Per cent of pictures (n, 3, h, w), one a caption asked for, that are nearest to the real picture of their
        concept; and the FID of all to those.
        """
        made = self._deep(to_bytes(images))
        return 100 * float(recognised(made, self.real, self.labels).mean()), frechet_distance(made, self.real)

    def _deep(self, images: np.ndarray) -> np.ndarray:
        return deep_features(features_of(self.network, images))


def _one_a_label(pictures: PictureSet, favourites: np.ndarray, count: int) -> np.ndarray:
    by_label: dict[str, list[int]] = {}
    for index in favourites.tolist():
        by_label.setdefault(pictures.records[index].label, []).append(index)
    chosen = [of[number % len(of)] for number, of in enumerate(by_label.values())]
    return np.array(chosen[:count], dtype=np.int64)
