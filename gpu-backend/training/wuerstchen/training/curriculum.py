"""What Stage C sees how often: common concepts more than rare ones, and some of them in colours of their own."""

from collections.abc import Callable

import numpy as np

from wuerstchen.config import Config, CurriculumConfig
from wuerstchen.training.data import PictureSet

# (step, count, rng) to (count,) numbers of pictures
Draw = Callable[[int, int, np.random.Generator], np.ndarray]


def favourite_pictures(curriculum: CurriculumConfig, pictures: PictureSet) -> np.ndarray:
    """Indices of the training pictures that the curriculum favours."""
    styles, concepts, records = set(curriculum.styles), set(curriculum.concepts), pictures.records
    return np.array(
        [i for i in pictures.train if records[i].style in styles and records[i].label in concepts], dtype=np.int64
    )


def curriculum_draw(
    curriculum: CurriculumConfig, pictures: PictureSet
) -> Callable[[int, int, np.random.Generator], np.ndarray]:
    """A draw of (step, count, rng): by weight, and from `from_step` on mostly favourites."""
    favourites = favourite_pictures(curriculum, pictures)
    rest = _draw_of_styles(curriculum, pictures) if curriculum.only_styles else pictures.draw

    def draw(step: int, count: int, rng: np.random.Generator) -> np.ndarray:
        indices = rest(count, rng)
        if step >= curriculum.from_step and len(favourites) > 0:
            chosen = rng.random(count) < curriculum.share
            near = pictures.in_bucket_of(indices[0], favourites)  # a batch has one shape
            indices[chosen] = rng.choice(near, chosen.sum()) if len(near) else indices[chosen]
        return indices

    return draw


def _draw_of_styles(
    curriculum: CurriculumConfig, pictures: PictureSet
) -> Callable[[int, np.random.Generator], np.ndarray]:
    """As `pictures.draw`, of the curriculum's styles alone. Raises ValueError where a batch could mix shapes."""
    if len(pictures.buckets) > 1:
        raise ValueError(
            "config: curriculum_c.only_styles needs a set of squares: leave it out, or prepare the set with --ratios "
            "1:1"
        )
    records, times = pictures.records, curriculum.kinds
    members = np.array([i for i in pictures.train if records[i].style in curriculum.styles])
    weights = np.array([records[i].weight * times.get(records[i].kind, 1.0) for i in members])
    return lambda count, rng: rng.choice(members, count, p=weights / weights.sum())


def with_recoloured(config: Config, draw: Draw, pictures: int, total: int) -> Draw:
    """Gives `share` of the draws to the recoloured pictures, which stand behind the others: numbers `pictures` to
    `total`.
    """
    if config.recolour_c is None or total == pictures:
        return draw
    share = config.recolour_c.share

    def mixed(step: int, count: int, rng: np.random.Generator) -> np.ndarray:
        indices, chosen = draw(step, count, rng), rng.random(count) < share
        indices[chosen] = rng.integers(pictures, total, chosen.sum())
        return indices

    return mixed
