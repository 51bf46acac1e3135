"""Captions as a fine-tuning reads them: with a trigger word, and with their parts in other orders."""

import re

import numpy as np

from wuerstchen.finetuning.tuning import Tuning

ORDERS = 3


def trained_captions(captions: tuple[str, ...], tuning: Tuning, number: int) -> tuple[str, ...]:
    """Those of picture `number`. Parts are shuffled first, so that a trigger that is added always stands last."""
    return with_trigger(shuffled(captions, number) if tuning.shuffle else captions, tuning.trigger)


def with_trigger(captions: tuple[str, ...], trigger: str) -> tuple[str, ...]:
    """The word stands last, where styles stand; captions that hold it as a word of its own stay as they are."""
    held = re.compile(rf"(?<!\w){re.escape(trigger)}(?!\w)")
    return tuple(caption if not trigger or held.search(caption) else f"{caption}, {trigger}" for caption in captions)


def shuffled(captions: tuple[str, ...], seed: int) -> tuple[str, ...]:
    """The captions, and each of them with its parts between commas in up to three other orders (drawn by `seed`)."""
    rng, more = np.random.default_rng(seed), []
    for caption in captions:
        parts = [part.strip() for part in caption.split(",")]
        more += (
            [", ".join(parts[k] for k in rng.permutation(len(parts))) for _ in range(ORDERS)] if len(parts) > 1 else []
        )
    return tuple(dict.fromkeys([*captions, *more]))
