"""The loss on held-out pictures over a fine-tuning: from step 0 on, kept, so that the best adapters are known and a
run can stop early.
"""

import json
from pathlib import Path

from wuerstchen.whole_file import write_whole


class HeldOutLosses:
    """Losses by the number of steps that were done, in PATH (JSON). A run that goes on from a checkpoint writes the
    same values again.
    """

    def __init__(self, path: Path, patience: int) -> None:
        """`patience`: evaluations without a better loss after which a run stops; 0 never stops."""
        self.path, self.patience = path, patience
        stored = json.loads(path.read_text()) if path.exists() else {}
        self.losses = {int(step): float(loss) for step, loss in stored.items()}

    def add(self, steps: int, loss: float) -> None:
        self.losses[steps] = loss
        ordered = {str(key): self.losses[key] for key in sorted(self.losses)}
        write_whole(self.path, json.dumps(ordered, indent=1) + "\n")

    def best(self, steps: int) -> int | None:
        """After how many steps, at least one and at most `steps`, the loss was least; None before the first
        evaluation.
        """
        known = {key: loss for key, loss in self.losses.items() if 0 < key <= steps}
        return min(known, key=lambda key: (known[key], key)) if known else None

    def last(self, steps: int) -> int | None:
        """After how many steps, at least one and at most `steps`, the loss was measured last."""
        return max((key for key in self.losses if 0 < key <= steps), default=None)

    def stops(self, steps: int) -> bool:
        """Whether the last `patience` evaluations up to `steps` brought nothing better than one before them."""
        known = [self.losses[key] for key in sorted(self.losses) if key <= steps]
        return 0 < self.patience < len(known) and min(known[-self.patience :]) >= min(known[: -self.patience])
