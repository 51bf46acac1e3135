"""What a step's gradient may and may not depend on: micro-batches, kept activations, precision."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny_stages import tiny
from torch import Tensor, nn

from wuerstchen.training import precision
from wuerstchen.training.data import PictureSet
from wuerstchen.training.distributed import Share, shares
from wuerstchen.training.estimate import saved_bytes
from wuerstchen.training.learner import Learner
from wuerstchen.training.precision import checkpoint_activations
from wuerstchen.training.stages import stage_run

Rehearsed = tuple[PictureSet, Path]
# BatchNorm normalises by the batch it sees, so only networks without one in training are the same in parts.
FROZEN = {"a": {"decoder_only": True}, "b": {"freeze_compressor": True, "full_picture_steps": 0}, "c": {}}


def gradients(
    stage: str, rehearsed: Rehearsed, prepare: Callable[[nn.Module], None] = lambda parts: None, **changes: object
) -> Tensor:
    """The gradient of step 3 as one vector."""
    run, plan = stage_run(stage, tiny(stage, **FROZEN[stage], **changes), *rehearsed)
    prepare(run.modules)
    with torch.no_grad():  # the published initialisation starts with a zero head, behind which no gradient reaches
        for parameter in run.modules.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)), alpha=0.02)
    learner, parts = Learner(run.modules, run.loss, plan, "ddp"), shares(plan.accumulate)
    learner.begin(3)
    for part in parts:
        learner.backward(3, part, last=part is parts[-1])
    return torch.cat([p.grad.flatten() for p in run.modules.parameters() if p.grad is not None])


@pytest.mark.parametrize("stage", ["a", "b", "c"])
def test_two_micro_batches_give_the_gradient_of_the_whole_batch(stage: str, rehearsed: Rehearsed) -> None:
    whole, halves = gradients(stage, rehearsed), gradients(stage, rehearsed, accumulate=2)
    assert whole.abs().max() > 1e-4
    assert (whole - halves).abs().max() < 1e-6


def test_a_batch_that_does_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match=r"4 .* 3 equal shares"):
        Share(0, 3).take([1, 2, 3, 4])


def test_the_smaller_batches_of_whole_pictures_are_checked_before_the_first_step(rehearsed: Rehearsed) -> None:
    with pytest.raises(ValueError, match=r"1 .* 2 equal shares"):
        stage_run("b", tiny("b", accumulate=2), *rehearsed)  # a batch of 4 crops, and at the end of 1 whole picture


@pytest.mark.parametrize("stage", ["b", "c"])
def test_checkpointed_activations_give_the_same_gradient(stage: str, rehearsed: Rehearsed) -> None:
    assert torch.equal(gradients(stage, rehearsed), gradients(stage, rehearsed, checkpoint_activations))


def test_checkpointed_activations_keep_less(rehearsed: Rehearsed) -> None:
    kept = []
    for checkpointed in (False, True):
        run, _ = stage_run("c", tiny("c", checkpoint_activations=checkpointed), *rehearsed)
        if checkpointed:
            checkpoint_activations(run.modules)
        kept.append(saved_bytes(run.modules, lambda run=run: run.loss(0, Share())))
    assert kept[1] < 0.65 * kept[0]


@pytest.mark.parametrize("stage", ["a", "b", "c"])
def test_bfloat16_is_near_float32_and_its_weights_stay_float32(
    stage: str, rehearsed: Rehearsed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda _: True)  # emulated where it is not there
    exact, near = gradients(stage, rehearsed), gradients(stage, rehearsed, precision="bfloat16")
    assert near.dtype == torch.float32
    assert not torch.equal(exact, near)
    assert torch.cosine_similarity(exact, near, dim=0) > 0.99


@pytest.mark.parametrize("stage", ["a", "b", "c"])
def test_a_device_without_bfloat16_products_computes_in_float32(
    stage: str, rehearsed: Rehearsed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda _: False)
    assert torch.equal(gradients(stage, rehearsed), gradients(stage, rehearsed, precision="bfloat16"))
