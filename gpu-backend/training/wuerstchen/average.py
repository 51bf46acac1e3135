"""Averages the weights of runs of one architecture, tensor by tensor, as the published Stage C is the mean of its
last two runs.
"""

import argparse
from pathlib import Path

from torch import Tensor

from wuerstchen.models.build import load_state
from wuerstchen.plain_errors import plain_errors
from wuerstchen.training.checkpoint import save_atomically

EXAMPLES = """example, the mean of a broad run and of one that went on with chosen pictures:
  python -m wuerstchen.average runs/base/stage-c.pt runs/chosen/stage-c.pt --weights 0.5 0.5 \\
    --out runs/emoji-128/stage-c.pt
"""
State = dict[str, Tensor]


def average(states: list[State], weights: list[float]) -> State:
    """Weighted mean of each tensor; tensors that are not floating point (counters) are the first state's.

    Averages of unlike parents make sense only where one run began from another's weights. Raises ValueError where the
    weights do not sum to 1, or a tensor's name or shape differs."""
    if len(states) != len(weights):
        raise ValueError(f"{len(states)} runs but {len(weights)} weights")
    if abs(sum(weights) - 1) > 1e-6:
        raise ValueError(f"the weights sum to {sum(weights):g}, not to 1")
    for number, state in enumerate(states[1:], start=2):
        _require_same_shapes(states[0], state, number)
    return {name: _mean([state[name] for state in states], weights) for name in states[0]}


def _require_same_shapes(first: State, other: State, number: int) -> None:
    for name in sorted(first.keys() ^ other.keys()):
        raise ValueError(f"run {number} does not fit run 1: {name} is in only one of them")
    for name, tensor in first.items():
        if tensor.shape != other[name].shape:
            raise ValueError(
                f"run {number} does not fit run 1: {name} is {_shape(other[name])} there and {_shape(tensor)} in run 1"
            )


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a scalar"


def _mean(tensors: list[Tensor], weights: list[float]) -> Tensor:
    if not tensors[0].is_floating_point():
        return tensors[0]
    # Summed in float64: the mean of equal weights is then exactly those weights.
    return sum(tensor.double() * weight for tensor, weight in zip(tensors, weights, strict=True)).to(tensors[0].dtype)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "runs", type=Path, nargs="+", metavar="RUN.pt", help="averaged weights that a stage's training left, stage-x.pt"
    )
    parser.add_argument("--weights", type=float, nargs="+", help="one a run, their sum 1; default: all equal")
    parser.add_argument("--out", type=Path, required=True, metavar="X.pt")
    asked = parser.parse_args()
    weights = asked.weights or [1 / len(asked.runs)] * len(asked.runs)
    with plain_errors("average"):
        save_atomically(average([load_state(path) for path in asked.runs], weights), asked.out)


if __name__ == "__main__":
    main()
