"""One set of modules with its loss and its optimiser: gradients summed over micro-batches, clipped, applied."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from wuerstchen.config import OptimiserConfig
from wuerstchen.training.distributed import Share
from wuerstchen.training.parallel import Parallel, gradients_averaged, whole, wrap
from wuerstchen.training.precision import autocast

GRADIENT_NORM_MAX = 1.0
# Maps a step and a share of its batch to a loss, the mean over the share's rows, and to figures for the log.
Loss = Callable[[int, Share], tuple[Tensor, dict[str, float]]]


def learning_rate(step: int, plan: OptimiserConfig) -> float:
    """Warm-up, constant, linear decay to 0 over the last `decay_steps`."""
    warm = min(1.0, (step + 1) / max(1, plan.warmup_steps))
    return plan.learning_rate * warm * min(1.0, (plan.steps - step) / max(1, plan.decay_steps))


class Learner:
    """`parts` are learned by descending `loss`. AdamW on float32 weights, whatever the precision of the products."""

    def __init__(self, parts: nn.ModuleDict, loss: Loss, plan: OptimiserConfig, parallel: Parallel) -> None:
        self.parts, self.loss, self.plan = parts, loss, plan
        self.calls = wrap(parts, parallel)
        trained = [parameter for parameter in parts.parameters() if parameter.requires_grad]
        self.optimiser = torch.optim.AdamW(
            trained, lr=plan.learning_rate, weight_decay=plan.weight_decay, betas=(0.9, 0.99), fused=True
        )

    def begin(self, step: int) -> None:
        self.parts.train()
        self.optimiser.zero_grad(set_to_none=True)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(step, self.plan)

    def backward(self, step: int, share: Share, last: bool) -> dict[str, float]:
        """Adds a micro-batch's part of the gradient; on the `last` one, processes average theirs. Returns the loss
        and figures.
        """
        with gradients_averaged(self.calls, last):
            with autocast(self.plan.precision, share.device):
                loss, figures = self.calls(self.loss, step, share)
            (loss / self.plan.accumulate).backward()
        return {"loss": loss.item(), **figures}

    def apply(self) -> float:
        """Steps the optimiser, unless the gradient is not finite. Returns the gradient's length before it was
        clipped to 1.
        """
        norm = whole(nn.utils.clip_grad_norm_(self.parts.parameters(), GRADIENT_NORM_MAX)).item()
        if math.isfinite(norm):
            self.optimiser.step()
        return norm
