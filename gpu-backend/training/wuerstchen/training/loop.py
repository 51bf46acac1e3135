"""One training loop for all stages: schedule, EMA, checkpoints that resume exactly, a log that plots, an orderly stop."""

import csv
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn

from wuerstchen.config import Config, OptimiserConfig

CHECKPOINT_SECONDS = 120
LOG_EVERY_STEPS = 20


@dataclass(frozen=True)
class StageRun:
    """What the loop needs to know of a stage. `loss` maps a step number to a loss and to figures for the log.

    Parts of `modules` named in `frozen` (prefixes of state names) come from an earlier run's averaged weights and never change."""

    name: str
    modules: nn.ModuleDict
    loss: Callable[[int], tuple[Tensor, dict[str, float]]]
    evaluate: Callable[[int], dict[str, float]]
    evaluate_every_steps: int
    frozen: tuple[str, ...] = ()


def learning_rate(step: int, plan: OptimiserConfig) -> float:
    """Warm-up, constant, linear decay to 0 over the last `decay_steps`."""
    warm = min(1.0, (step + 1) / plan.warmup_steps)
    return plan.learning_rate * warm * min(1.0, (plan.steps - step) / max(1, plan.decay_steps))


def maybe_compile(module: nn.Module, config: Config) -> Callable[..., Tensor]:
    """`torch.compile` where the configuration asks for it: about a third faster on a CPU, a minute of compiling at the start."""
    return torch.compile(module, dynamic=False) if config.compile else module


class Ema:
    """Exponential moving average of parameters; buffers are copied."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))  # a young average must forget its random start
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point() and "running_" not in name:
                self.state[name].lerp_(tensor, 1 - decay)
            else:
                self.state[name].copy_(tensor)


class StopSignal:
    """SIGINT and SIGTERM end the run after the current step, with a checkpoint."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True


def save_atomically(state: dict, path: Path) -> None:
    """A kill during the write leaves the previous file whole."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def train(run: StageRun, plan: OptimiserConfig, directory: Path) -> bool:
    """Trains to `plan.steps`, resuming from DIR/NAME.checkpoint.pt; writes DIR/NAME.pt (EMA) at the end.

    Returns False where a signal ended it early. Raises FloatingPointError on a loss that is not finite."""
    directory.mkdir(parents=True, exist_ok=True)
    optimiser = torch.optim.AdamW(
        [p for p in run.modules.parameters() if p.requires_grad],
        lr=plan.learning_rate,
        weight_decay=plan.weight_decay,
        betas=(0.9, 0.99),
    )
    ema, start = Ema(run.modules, plan.ema_decay), 0
    checkpoint = directory / f"{run.name}.checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        run.modules.load_state_dict(state["modules"])
        _load_optimiser(optimiser, state["optimiser"], run.name)
        ema.state, start = state["ema"], state["step"]
    if run.frozen:
        _restore_frozen(run, ema, directory, whole=start == 0)

    def save(step: int) -> None:
        save_atomically(
            {"modules": run.modules.state_dict(), "optimiser": optimiser.state_dict(), "ema": ema.state, "step": step}, checkpoint
        )

    stop, saved_at = StopSignal(), time.monotonic()
    with _progress() as progress, open(directory / f"{run.name}.csv", "a", newline="", encoding="utf-8") as log_file:
        log, bar = csv.writer(log_file), progress.add_task(run.name, total=plan.steps, completed=start, figures="")
        for step in range(start, plan.steps):
            figures = _step(run, optimiser, plan, step)
            ema.update(run.modules, step)
            if (step + 1) % run.evaluate_every_steps == 0 or step + 1 == plan.steps:
                figures |= _evaluate_average(run, ema, step)
            if step % LOG_EVERY_STEPS == 0 or len(figures) > 3:
                log.writerow([step, f"{time.time():.0f}", *[f"{k}={v:.5g}" for k, v in figures.items()]])
                log_file.flush()
            progress.update(bar, completed=step + 1, figures=" ".join(f"{k} {v:.4g}" for k, v in figures.items()))
            if stop.asked or time.monotonic() - saved_at > CHECKPOINT_SECONDS:
                save(step + 1)
                saved_at = time.monotonic()
            if stop.asked:
                return False
    save(plan.steps)
    save_atomically(ema.state, directory / f"{run.name}.pt")
    return True


def _load_optimiser(optimiser: torch.optim.Optimizer, state: dict, name: str) -> None:
    """Moments belong to parameters by position, so another set of trained parameters starts with fresh ones."""
    parameters = optimiser.param_groups[0]["params"]
    fits = all(parameters[i].shape == moments["exp_avg"].shape for i, moments in state["state"].items() if i < len(parameters))
    if fits and len(parameters) == len(state["param_groups"][0]["params"]):
        optimiser.load_state_dict(state)
    else:
        print(f"{name}: the checkpoint trained other parameters; the optimiser starts afresh")


def _restore_frozen(run: StageRun, ema: Ema, directory: Path, whole: bool) -> None:
    """Frozen parts (`whole`: all parts) take the averaged weights of the finished run: later stages were trained on what those compute."""
    path = directory / f"{run.name}.pt"
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: parts can be frozen only after a whole run")
    kept = {name: tensor for name, tensor in torch.load(path, weights_only=True).items() if whole or name.startswith(run.frozen)}
    run.modules.load_state_dict(kept, strict=False)
    ema.state |= kept


def _step(run: StageRun, optimiser: torch.optim.Optimizer, plan: OptimiserConfig, step: int) -> dict[str, float]:
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(step, plan)
    run.modules.train()
    loss, figures = run.loss(step)
    if not torch.isfinite(loss):
        raise FloatingPointError(f"{run.name}: loss is {loss.item()} at step {step}; lower the learning rate and resume")
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(run.modules.parameters(), 1.0)
    optimiser.step()
    return {"loss": loss.item(), "norm": norm.item(), **figures}


@torch.no_grad()
def _evaluate_average(run: StageRun, ema: Ema, step: int) -> dict[str, float]:
    """Evaluates the averaged weights, then puts the trained ones back."""
    trained = {name: tensor.clone() for name, tensor in run.modules.state_dict().items()}
    run.modules.load_state_dict(ema.state)
    run.modules.eval()
    figures = run.evaluate(step)
    run.modules.load_state_dict(trained)
    return figures


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
    )
