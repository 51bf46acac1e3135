"""Pictures that a report keeps are those of the same bundle, sampler and code."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from raw_pictures import SQUARE, set_of
from tiny_bundle import TINY, TRAINING

from wuerstchen.decision.bundle_model import BundleModel
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.training.data import PictureSet

BUNDLE = TRAINING.parent.parent / "test" / "support" / "models" / "tiny"


@pytest.mark.parametrize(
    ("sampler", "changed"),
    [
        ("sampler_c", {"steps": 2}),
        ("sampler_c", {"guidance_scale": 1.0}),
        ("sampler_c", {"kind": "other"}),
        ("sampler_b", {"steps": 2}),
    ],
)
def test_a_picture_that_another_sampler_drew_is_not_taken_for_this_ones(
    tmp_path: Path, sampler: str, changed: dict[str, object]
) -> None:
    other = dataclasses.replace(TINY, **{sampler: dataclasses.replace(getattr(TINY, sampler), **changed)})
    pictures = PictureSet(set_of(tmp_path, ["a thing", "another thing"], SQUARE), TINY.image_side)
    indices, kept = np.arange(1), tmp_path / "pictures"
    for model in (BundleModel(Bundle(BUNDLE), config, kept) for config in (TINY, other, TINY)):
        model.made_for(pictures, indices)
        model.made_of(["a thing"], 0)
        model.restored(pictures, indices)
    assert len(list(kept.glob("*.png"))) == 2 * 3


def test_a_picture_that_other_code_drew_is_not_taken_for_this_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    BundleModel(Bundle(BUNDLE), TINY, tmp_path).made_of(["a thing"], 0)
    monkeypatch.setattr("wuerstchen.decision.bundle_model.CODE_VERSION", "later")
    BundleModel(Bundle(BUNDLE), TINY, tmp_path).made_of(["a thing"], 0)
    assert len(list(tmp_path.glob("*.png"))) == 2
