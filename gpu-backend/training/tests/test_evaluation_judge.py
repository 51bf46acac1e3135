import numpy as np
import pytest
import torch

from wuerstchen.evaluation.evaluator import matching_loss
from wuerstchen.evaluation.features import PictureFeatures, augmented, deep_features, features_of
from wuerstchen.evaluation.reconstruction import smallest_webp, thumbnail
from wuerstchen.evaluation.retrieval import choices
from wuerstchen.training.sources import imagenet_weights

RNG = np.random.default_rng(0)


def test_a_planted_embedding_is_retrieved_and_a_spoilt_one_is_not() -> None:
    similarity = np.eye(150) + RNG.normal(size=(150, 150)) * 0.01
    everyone = np.arange(150)
    assert choices(similarity, everyone).all()
    similarity[3, 7], similarity[5, 120] = 2, 2  # 120 is not among the hundred from 5 on
    assert np.flatnonzero(~choices(similarity, everyone)).tolist() == [3]
    assert choices(similarity[[3, 5]], np.array([3, 5])).tolist() == [False, True]


def test_guessing_is_right_once_in_a_hundred() -> None:
    assert choices(RNG.normal(size=(1000, 1000)), np.arange(1000)).mean() == pytest.approx(0.01, abs=0.01)


def test_matching_counts_every_pair_of_a_label_as_right() -> None:
    labels = torch.tensor([0, 0, 1])
    scores = torch.tensor([[9.0, 9.0, 0.0], [9.0, 9.0, 0.0], [0.0, 0.0, 9.0]])
    assert matching_loss(scores, labels) < matching_loss(torch.eye(3) * 9, labels)


def test_features_are_those_of_the_picture_alone() -> None:
    network = PictureFeatures(imagenet_weights())
    images = (RNG.random((3, 64, 64, 3)) * 255).astype(np.uint8)
    together = features_of(network, images)
    assert together.shape == (3, 2944)
    assert deep_features(together).shape == (3, 320)
    assert np.allclose(together[1], features_of(network, images[1:2])[0], atol=1e-3)
    same = torch.rand(1, 3, 64, 64)
    assert network.perceptual_distance(same, same).item() == pytest.approx(0, abs=1e-6)


def test_augmented_pictures_stay_on_white_and_follow_their_seed() -> None:
    white = torch.ones(2, 3, 32, 32)
    views = [augmented(white, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert torch.equal(views[0], views[1])
    assert not torch.equal(views[0], views[2])
    assert views[0].mean() > 0.95


def test_baselines_keep_to_their_bytes() -> None:
    picture = (RNG.random((64, 64, 3)) * 255).astype(np.uint8)
    assert np.unique(thumbnail(picture, 3).reshape(-1, 3), axis=0).shape == (1, 3)
    assert smallest_webp(picture, 400).shape == picture.shape
