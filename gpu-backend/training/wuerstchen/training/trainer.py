"""One run under way: modules, optimisers, averages and their checkpoint."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from wuerstchen.config import OptimiserConfig
from wuerstchen.models.build import fill, load_state
from wuerstchen.training.checkpoint import (
    Ema,
    load_optimiser,
    optimiser_state,
    restore_frozen,
    save_atomically,
    whole_state,
)
from wuerstchen.training.distributed import mean_over_processes, rank, shares, training_device
from wuerstchen.training.inputs import changed_inputs
from wuerstchen.training.learner import Learner, Loss
from wuerstchen.training.parallel import Parallel, call_without_gradients
from wuerstchen.training.precision import checkpoint_activations


@dataclass(frozen=True)
class Critic:
    """A second learner, trained against the first from `from_step` on. Its loss reads what the first loss of that
    share left.
    """

    parts: nn.ModuleDict
    loss: Loss
    from_step: int


@dataclass(frozen=True)
class StageRun:
    """What the loop needs to know of a stage. `loss` maps a step and a share of its batch to a loss and to figures for
    the log.

    Parts of `modules` named in `frozen` (prefixes of state names) come from an earlier run's averaged weights and never
    change. `after_step` runs in every process after the optimiser. Buffers of `memory` are what the loss remembers from
    step to step: they are in the checkpoint, not in the finished weights. `inputs` are digests of what the loss reads,
    by name. `ends_early` says whether the steps done are enough. `reads` is a frozen network that the loss asks, on the
    device already: it is in no checkpoint."""

    name: str
    modules: nn.ModuleDict
    loss: Loss
    evaluate: Callable[[int], dict[str, float]]
    evaluate_every_steps: int
    frozen: tuple[str, ...] = ()
    critic: Critic | None = None
    after_step: Callable[[int], None] = lambda step: None
    memory: nn.Module = field(default_factory=nn.Module)
    seed: int = 0
    inputs: dict[str, str] = field(default_factory=dict)
    ends_early: Callable[[int], bool] = lambda steps: False
    reads: nn.Module = field(default_factory=nn.Module)


class Trainer:
    """A run under way: `step` optimiser steps are done."""

    def __init__(self, run: StageRun, plan: OptimiserConfig, directory: Path, parallel: Parallel) -> None:
        self.run, self.plan, self.step, self.skipped = run, plan, 0, 0
        self.inputs: dict[
            str, str
        ] = {}  # of the last step, which a run that only looks at a finished one does not take
        self.checkpoint, self.shares = directory / f"{run.name}.checkpoint.pt", shares(plan.accumulate)
        state = load_state(self.checkpoint) if self.checkpoint.exists() else None
        averaged = self._load_parts(state, directory)
        for parts in (run.modules, run.memory, *([run.critic.parts] if run.critic else [])):
            parts.to(training_device())
        if plan.checkpoint_activations:
            checkpoint_activations(run.modules)
        self.learner = Learner(run.modules, run.loss, plan, parallel)
        # A critic is small: every process keeps it whole.
        self.critic = Learner(run.critic.parts, run.critic.loss, plan, "ddp") if run.critic else None
        self.ema = Ema(run.modules, plan.ema_decay)
        self.ema.load(averaged)
        if state is not None:
            self.step = state["step"]
            self.inputs = state.get("inputs", {})
            self._report_changes()
            load_optimiser(self.learner.optimiser, state["optimiser"], run.name)
            if self.critic and "critic_optimiser" in state:
                load_optimiser(self.critic.optimiser, state["critic_optimiser"], f"{run.name}'s critic")

    def _load_parts(self, state: dict | None, directory: Path) -> dict[str, Tensor]:
        """Fills the modules before they are sharded. Returns the averaged weights to go on with."""
        run, averaged = self.run, {}
        if state is not None:
            fill(run.modules, state["modules"], self.checkpoint)
            run.memory.load_state_dict(state.get("memory", {}), strict=False)
            averaged = state["ema"]
            if run.critic and "critic" in state:
                run.critic.parts.load_state_dict(state["critic"])
        if run.frozen:
            averaged |= restore_frozen(run.name, run.modules, run.frozen if state else ("",), directory)
        return averaged

    def _report_changes(self) -> None:
        """A run that goes on keeps what it learned, which a run from nothing would not have."""
        changed = changed_inputs(self.inputs, self.run.inputs)
        if changed and rank() == 0:
            goes_on = (
                "goes on with the new ones" if self.step < self.plan.steps else "is finished and learns nothing of it"
            )
            print(
                f"{self.run.name}: {', '.join(changed)} changed since step {self.step}; the run {goes_on}. "
                f"Delete {self.checkpoint.name} to begin anew, or raise --steps to train on"
            )

    def advance(self, say: Callable[[str], None]) -> dict[str, float]:
        """One step of the optimiser (of both, where there is a critic)."""
        step, critic = self.step, self.critic
        critic = critic if critic and step >= self.run.critic.from_step else None
        learners = [self.learner, critic] if critic else [self.learner]
        for learner in learners:
            learner.begin(step)
        figures: dict[str, float] = {}
        for share in self.shares:
            # Dropout draws from the global generator; the noise of diffusion has its own.
            torch.manual_seed((self.run.seed * 1_000_003 + step) * share.count + share.index)
            parts = [learner.backward(step, share, last=share is self.shares[-1]) for learner in learners]
            if critic:
                parts[0]["critic_loss"] = parts[1]["loss"]
            for name, value in parts[0].items():
                figures[name] = figures.get(name, 0.0) + value / len(self.shares)
        figures = mean_over_processes(figures)
        self._require_finite("loss", figures["loss"])
        norms = [learner.apply() for learner in learners]
        self._count_skipped(max(norms, key=lambda norm: (not math.isfinite(norm), norm)), say)
        self.ema.update(self.run.modules, step)
        self.run.after_step(step)
        self.step, self.inputs = self.step + 1, self.run.inputs
        return {"loss": figures.pop("loss"), "norm": norms[0], **figures}

    def _count_skipped(self, norm: float, say: Callable[[str], None]) -> None:
        """A step whose gradient is not finite changed nothing; a few of these are borne."""
        if math.isfinite(norm):
            return
        self.skipped += 1
        if self.skipped > self.plan.skipped_steps_max:
            self._require_finite("gradient norm", norm)
        say(
            f"{self.run.name}: gradient norm is {norm} at step {self.step}; skipped ({self.skipped} of "
            f"{self.plan.skipped_steps_max})"
        )

    def _require_finite(self, what: str, value: float) -> None:
        if not math.isfinite(value):
            raise FloatingPointError(
                f"{self.run.name}: {what} is {value} at step {self.step}; the checkpoint is older: lower the learning "
                "rate and resume"
            )

    def evaluate(self, step: int) -> dict[str, float]:
        """Evaluates the averaged weights, then puts the trained ones back."""
        self.ema.swap(self.run.modules)
        self.run.modules.eval()
        figures = call_without_gradients(self.learner.calls, self.run.evaluate, step)
        self.ema.swap(self.run.modules)
        return figures

    def save(self) -> None:
        """Writes everything that the rest of the run depends on."""
        run = self.run
        state = {
            "step": self.step,
            "modules": whole_state(run.modules.state_dict()),
            "ema": whole_state(self.ema.state),
        }
        state |= {
            "optimiser": optimiser_state(self.learner.optimiser),
            "memory": run.memory.state_dict(),
            "inputs": self.inputs,
        }
        if self.critic:
            state |= {
                "critic": run.critic.parts.state_dict(),
                "critic_optimiser": optimiser_state(self.critic.optimiser),
            }
        save_atomically(state, self.checkpoint)
