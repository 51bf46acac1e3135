from pathlib import Path

import numpy as np
import pytest
from conftest import CONFIGS

from wuerstchen.config import load_config
from wuerstchen.evaluation.colour import dominant_colour
from wuerstchen.evaluation.joined import candidates_of, things_of
from wuerstchen.evaluation.joined import seen as joined_seen
from wuerstchen.evaluation.lists import held_out_list, training_list, weighted_order
from wuerstchen.evaluation.unseen import read_prompts, seen
from wuerstchen.training.data import PictureSet
from wuerstchen.training.records import Record


def record(label: str, kind: str = "skin tone", weight: float = 1) -> Record:
    return Record(f"set/{label}", "MIT", "flat", label, kind, weight, (f"{label}, flat", f"flat {label}", label))


def test_the_lists_are_fixed_and_share_no_concept(pictures_directory: Path) -> None:
    pictures = PictureSet(pictures_directory, 64)
    curriculum = load_config(CONFIGS / "tiny.toml").curriculum_c
    asked, trained = held_out_list(curriculum, pictures), training_list(curriculum, pictures)
    assert asked == held_out_list(curriculum, PictureSet(pictures_directory, 64))
    assert set(asked) <= set(pictures.held_out.tolist())
    assert not {pictures.records[i].label for i in asked} & {pictures.records[i].label for i in trained}


def test_heavy_pictures_come_early(pictures_directory: Path) -> None:
    pictures = PictureSet(pictures_directory, 64)
    pictures.records = [record(str(n), weight=1 if n < 200 else 0.1) for n in range(400)]
    first = weighted_order(pictures, np.arange(400))[:100]
    assert np.mean(np.array(first) < 200) > 0.8


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((220, 30, 40), "red"),
        ((245, 130, 20), "orange"),
        ((250, 210, 30), "yellow"),
        ((50, 170, 60), "green"),
        ((40, 110, 225), "blue"),
        ((140, 66, 194), "purple"),
        ((245, 122, 178), "pink"),
        ((255, 175, 180), "pink"),
        ((120, 120, 120), None),
    ],
)
def test_the_commonest_hue_has_the_name_people_give_it(rgb: tuple[int, int, int], expected: str | None) -> None:
    picture = np.full((20, 20, 3), 255, np.uint8)
    picture[4:16, 4:16] = rgb
    assert dominant_colour(picture) == expected


def test_white_paper_has_no_colour() -> None:
    assert dominant_colour(np.full((8, 8, 3), 255, np.uint8)) is None


def test_a_prompt_that_a_caption_holds_is_found(pictures_directory: Path) -> None:
    pictures = PictureSet(pictures_directory, 64)
    assert seen([("red", "square 0"), ("blue", "square 0"), ("red", "box")], pictures) != []
    assert seen([("blue", "square 0"), ("purple", "box")], pictures) == []


def test_the_committed_prompts_are_fifty_pairs_of_colour_and_object() -> None:
    prompts = read_prompts((CONFIGS / "emoji-128.unseen.txt").read_text())
    assert len(set(prompts)) == 50
    with pytest.raises(ValueError, match="grey dog"):
        read_prompts("grey dog")


def test_prompts_of_several_things_are_told_from_their_things_alone() -> None:
    assert things_of("dog with a crown") == ["dog", "crown"]
    assert things_of("t shirt with a star on it") == ["t shirt", "star"]
    assert things_of("big elephant and small mouse") == ["elephant", "mouse"]
    assert things_of("sun above a mountain") == ["sun", "mountain"]
    assert things_of("four strawberries") == ["strawberry"]
    prompts = [line for line in (CONFIGS / "emoji-128.joined.txt").read_text().splitlines() if line]
    assert len(prompts) == 50
    assert all(things_of(prompt) for prompt in prompts)
    candidates = candidates_of(prompts)
    assert candidates[:50] == prompts
    assert {"dog", "crown", "key", "lemon"} <= set(candidates)
    assert len(set(candidates)) == len(candidates) > 100


def test_joined_things_that_a_caption_holds_are_found(pictures_directory: Path) -> None:
    pictures = PictureSet(pictures_directory, 64)
    assert joined_seen(["red square 0", "red box and blue box"], pictures) == ["red square 0"]
