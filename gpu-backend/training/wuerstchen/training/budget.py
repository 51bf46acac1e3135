"""A budget of minutes for all stages: each stage's steps come from the speed that is measured when it begins, and
stay.
"""

import dataclasses
import json
from pathlib import Path

from wuerstchen.config import Config
from wuerstchen.whole_file import write_whole

# Of the time that is left, among the stages that are left: what bounds all pictures gets most (compressor, Stage B),
# then Stage C.
SHARES = {"a": 0.15, "compressor": 0.25, "b": 0.25, "c": 0.3, "previewer": 0.05}
BUDGET_FILE = "budget.json"
STEPS_MIN = 10


class Budget:
    """Of the RUNS folder of a configuration. RUNS/budget.json keeps the steps of every stage that has begun, and the
    seconds it took: a run that goes on has the steps it began with, so it ends in the weights of one that was never
    stopped."""

    def __init__(self, runs: Path, minutes: float, stages: tuple[str, ...]) -> None:
        """Raises ValueError where RUNS holds a training with another budget, or without one."""
        self.path, self.minutes, self.stages = runs / BUDGET_FILE, minutes, stages
        stored = (
            json.loads(self.path.read_text())
            if self.path.exists()
            else {"minutes": minutes, "steps": {}, "seconds": {}}
        )
        if stored["minutes"] != minutes:
            raise ValueError(
                f"{runs} holds a training of {stored['minutes']:g} minutes: go on with that, or name another --runs"
            )
        if not self.path.exists() and any(runs.glob("*.checkpoint.pt")):
            raise ValueError(f"{runs} holds a training without a budget: name another --runs")
        self.steps: dict[str, int] = stored["steps"]
        self.seconds: dict[str, float] = stored["seconds"]

    def seconds_for(self, stage: str) -> float:
        """What the stage may take: its share of what earlier stages left."""
        left = 60 * self.minutes - sum(seconds for name, seconds in self.seconds.items() if name != stage)
        waiting = self.stages[self.stages.index(stage) :]
        return max(0.0, left) * SHARES[stage] / sum(SHARES[name] for name in waiting)

    def begin(self, stage: str, prepared_seconds: float, step_seconds: float) -> int:
        """Fixes the steps of a stage that begins. `prepared_seconds` went into what it reads."""
        steps = max(STEPS_MIN, int((self.seconds_for(stage) - prepared_seconds) / step_seconds))
        self.steps[stage] = steps
        self.spend(stage, prepared_seconds)
        return steps

    def spend(self, stage: str, seconds: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
        kept = {"minutes": self.minutes, "steps": self.steps, "seconds": self.seconds}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, json.dumps(kept, indent=1) + "\n")


def in_steps(config: Config, stage: str, steps: int) -> Config:
    """The configuration with a stage of `steps`, in which everything that begins or ends at a step does so at the
    same share of it.
    """
    plan = getattr(config, f"train_{stage}")
    scaled = {
        field.name: round(value * steps / plan.steps)
        for field in dataclasses.fields(plan)
        if field.name.endswith(("_step", "_steps")) and (value := getattr(plan, field.name)) is not None
    }
    shorter = dataclasses.replace(plan, **{**scaled, "steps": steps, "warmup_steps": max(1, scaled["warmup_steps"])})
    curriculum = config.curriculum_c
    if stage == "c":
        curriculum = dataclasses.replace(curriculum, from_step=round(curriculum.from_step * steps / plan.steps))
    return dataclasses.replace(config, curriculum_c=curriculum, **{f"train_{stage}": shorter})
