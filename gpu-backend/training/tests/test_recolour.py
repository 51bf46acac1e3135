from pathlib import Path

import numpy as np
import torch

from wuerstchen.config import RecolourConfig, load_config
from wuerstchen.training.curriculum import with_recoloured
from wuerstchen.training.data import PictureSet
from wuerstchen.training.recolour import COLOURS, background, noun, recolour, recolourings, unseen_combinations

CONFIGS = Path(__file__).parent.parent / "configs"
NO_UNSEEN: frozenset[tuple[str, str]] = frozenset()


def test_the_object_takes_the_colour_and_the_background_stays() -> None:
    image = torch.ones(1, 3, 32, 32)
    image[:, :, 8:24, 8:24] = torch.tensor([0.9, 0.2, 0.1])[None, :, None, None]
    changed = recolour(image, torch.tensor([COLOURS["blue"]]))
    assert torch.allclose(changed[0, :, 16, 16], torch.tensor(COLOURS["blue"]), atol=0.02)
    assert torch.equal(changed[:, :, :8], image[:, :, :8])


def test_a_white_eye_inside_an_object_is_not_background() -> None:
    image = torch.ones(1, 3, 16, 16)
    image[:, :, 4:12, 4:12] = 0.3
    image[:, :, 7:9, 7:9] = 1.0
    outside = background(image)[0, 0]
    assert outside[0, 0] == 1 and outside[7, 7] == 0 and outside[5, 5] == 0


def test_an_unseen_combination_is_never_made(pictures_directory: Path) -> None:
    pictures = PictureSet(pictures_directory, 64)
    records = [r.label for r in pictures.records]
    plain = [i for i in pictures.train if "black" in records[i]]
    # "black square" says a colour already, so nothing is made of it; renamed, it is made in every colour but the unseen
    # one.
    assert recolourings(RecolourConfig(0.1, ""), pictures, np.array(plain), NO_UNSEEN) == []
    for i in plain:
        object.__setattr__(pictures.records[i], "label", "dog face")
    made = recolourings(RecolourConfig(0.1, ""), pictures, np.array(plain), frozenset({("green", "dog")}))
    assert {item.colour for item in made} == COLOURS.keys() - {"green"}
    assert made[0].captions == ("red dog, flat", "flat red dog", "red dog")


def test_the_listed_combinations_are_fifty_colours_and_nouns() -> None:
    config = load_config(CONFIGS / "emoji-128.toml")
    assert config.recolour_c is not None
    unseen = unseen_combinations(Path(config.recolour_c.unseen))
    names = {noun(label) for label in config.curriculum_c.concepts}
    assert len(unseen) == 50
    assert all(colour in COLOURS and name in names for colour, name in unseen)


def test_recoloured_pictures_get_their_share_of_draws() -> None:
    config = load_config(CONFIGS / "emoji-128.toml")
    draw = with_recoloured(config, lambda step, count, rng: np.zeros(count, np.int64), 100, 200)
    drawn = draw(0, 5000, np.random.default_rng(0))
    share = float((drawn >= 100).mean())
    assert config.recolour_c is not None
    assert abs(share - config.recolour_c.share) < 0.02
    assert drawn.max() < 200
