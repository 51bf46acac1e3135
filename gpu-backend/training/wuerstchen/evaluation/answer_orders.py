"""How a benchmark's other side is asked: one JSON object a line on standard input, one figure a line on standard
output.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

import torch

TIMED_RUNS = 8
Run = Callable[[], Any]
# Such as {"measure": "stageC", "batch": 1, "seed": 3, "steps": 10, "stepsB": 12, …}
Order = dict[str, Any]


class Measured(Protocol):
    """What can be timed: a whole picture, and one step of Stage "stageC" (both passes of guidance) or "stageB"."""

    def picture(self, order: Order) -> Any: ...

    def step(self, order: Order) -> Run: ...


def milliseconds(run: Run, times: int) -> float:
    """The mean of so many runs."""
    start = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - start) * 1e3 / times


@torch.inference_mode()
def answer_orders(measured: Measured) -> None:
    """Answers {"milliseconds": …, "peakBytes": …} until standard input ends; a step is run once more before it is
    timed.
    """
    for line in sys.stdin:
        order = json.loads(line)
        if order["measure"] == "picture":
            took = milliseconds(lambda order=order: measured.picture(order), 1)
        else:
            step = measured.step(order)
            milliseconds(step, 1)
            took = milliseconds(step, TIMED_RUNS)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"milliseconds": took, "peakBytes": peak}), flush=True)
