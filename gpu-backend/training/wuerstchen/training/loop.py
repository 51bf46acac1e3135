"""One training loop for all stages: checkpoints that resume exactly, a log that plots, an orderly stop."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wuerstchen.config import OptimiserConfig
from wuerstchen.training.checkpoint import save_atomically, whole_state
from wuerstchen.training.distributed import anywhere, require_even_shares, training_device, wait_for_all
from wuerstchen.training.learner import learning_rate
from wuerstchen.training.parallel import Parallel
from wuerstchen.training.precision import computes_in, maybe_compile
from wuerstchen.training.telemetry import Telemetry
from wuerstchen.training.trainer import Critic, StageRun, Trainer

__all__ = ["Critic", "StageRun", "learning_rate", "maybe_compile", "train"]

CHECKPOINT_SECONDS = 120
LOG_EVERY_STEPS = 20


def train(run: StageRun, plan: OptimiserConfig, directory: Path, parallel: Parallel = "ddp") -> bool:
    """Trains to `plan.steps`, resuming from DIR/NAME.checkpoint.pt; writes DIR/NAME.pt (EMA) at the end.

    With several processes (torchrun) every one calls it; a checkpoint fits any number of them. Returns False where a
    signal ended it early. Raises FloatingPointError on a loss or gradient that is not finite: the last checkpoint is
    then whole and of before it."""
    require_even_shares(plan.batch, plan.accumulate)
    directory.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(run, plan, directory, parallel)
    saved_at = time.monotonic()
    with stop_asked() as stop, Telemetry(directory, run.name, trainer.step, plan.steps) as telemetry:
        if computes_in(plan.precision, training_device()) != plan.precision:
            telemetry.say(f"{run.name}: this device has no {plan.precision} products; computes in float32")
        while trainer.step < plan.steps and not run.ends_early(trainer.step):
            step = trainer.step
            figures = trainer.advance(telemetry.say)
            evaluates = (step + 1) % run.evaluate_every_steps == 0 or step + 1 == plan.steps
            if evaluates:
                figures |= trainer.evaluate(step)
                telemetry.show_sheet(step)
            if evaluates or step % LOG_EVERY_STEPS == 0:
                telemetry.log(step, figures, learning_rate(step, plan))
            telemetry.show(step, figures)
            stopping, saving = anywhere(stop.asked, time.monotonic() - saved_at > CHECKPOINT_SECONDS)
            if stopping or saving:
                trainer.save()
                saved_at = time.monotonic()
            if stopping:
                return False
    trainer.save()
    save_atomically(whole_state(trainer.ema.state), directory / f"{run.name}.pt")
    wait_for_all()
    return True


class StopRequest:
    asked = False


@contextmanager
def stop_asked() -> Iterator[StopRequest]:
    """SIGINT and SIGTERM end the run after the current step, with a checkpoint."""
    request = StopRequest()

    def ask(*_: object) -> None:
        request.asked = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
