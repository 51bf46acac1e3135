import pytest

from wuerstchen.finetuning.captions import shuffled, trained_captions, with_trigger
from wuerstchen.finetuning.tuning import Tuning


def test_a_trigger_word_stands_once_at_the_end() -> None:
    assert with_trigger(("a cat", "sks cat"), "sks") == ("a cat, sks", "sks cat")
    assert with_trigger(("a cat",), "") == ("a cat",)


@pytest.mark.parametrize(
    ("caption", "trigger", "held"),
    [
        ("a pink lamp", "ink", False),
        ("an artist", "art", False),
        ("ink, a lamp", "ink", True),
        ("a lamp in ink", "ink", True),
        ("a mine style lamp", "mine style", True),
        ("a mine styled lamp", "mine style", False),
        ("<sks> a lamp", "<sks>", True),
        ("a.b lamp", "a+b", False),
    ],
)
def test_a_trigger_is_held_by_a_word_of_its_own_alone(caption: str, trigger: str, held: bool) -> None:
    assert with_trigger((caption,), trigger) == (caption if held else f"{caption}, {trigger}",)


def test_a_trigger_ends_captions_in_every_order() -> None:
    captions = trained_captions(("red, round, small",), Tuning(trigger="sks", shuffle=True), 3)
    assert captions[0] == "red, round, small, sks"
    assert len(captions) > 1
    assert all(caption.endswith(", sks") for caption in captions)


def test_shuffled_captions_hold_the_same_parts() -> None:
    more = shuffled(("red, round, small", "plain"), 3)
    assert more[:2] == ("red, round, small", "plain")
    assert 2 < len(more) <= 5
    assert all(sorted(caption.split(", ")) == ["red", "round", "small"] for caption in more[2:])
    assert shuffled(("a, b",), 3) == shuffled(("a, b",), 3)
