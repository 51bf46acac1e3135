"""Words that a set does not hold: whether a training has changed what they draw."""

from collections.abc import Callable, Sequence

import numpy as np

from wuerstchen.decision.bundle_model import BundleModel, Pictures
from wuerstchen.evaluation.recognition import recognised
from wuerstchen.training.data import PictureSet

WORDS_MAX, WORDS_MIN = 40, 8
# What a word means is what the model before draws for it with these seeds; both models are then asked with another.
MEANING_SEEDS, ASKED_SEED = (0, 1), 2
# Drawn by both models for each word.
PICTURES_A_WORD = len(MEANING_SEEDS) + 2


def words_outside(known: Sequence[str], pictures: PictureSet) -> list[str]:
    """At most WORDS_MAX of the words `known`, spread over them, that stand in no caption or label of the set."""
    held = " \n ".join(text for record in pictures.records for text in (record.label, *record.captions)).lower()
    left = [word for word in dict.fromkeys(known) if word.lower() not in held]
    return [left[number * len(left) // WORDS_MAX] for number in range(WORDS_MAX)] if len(left) > WORDS_MAX else left


def kept_words(
    after: BundleModel, before: BundleModel, words: list[str], deep: Callable[[Pictures], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) for each model: whether its picture of a word is nearest to what the model before draws for that word, of
    all the words. `deep`: features of pictures."""
    meaning = np.concatenate([deep(before.made_of(words, seed)) for seed in MEANING_SEEDS])
    names = words * len(MEANING_SEEDS)
    now, then = (recognised(deep(model.made_of(words, ASKED_SEED)), meaning, names, words) for model in (after, before))
    return now, then
