"""Money of a report: what a picture costs, and how an amount is written."""

import dataclasses

import pytest
from tiny_bundle import TINY

from wuerstchen.decision.page import dollars
from wuerstchen.decision.prices import Prices, gpu_costs, picture_flops, read_gpu_prices


def test_money_is_seconds_times_the_price_of_an_hour() -> None:
    prices = Prices(gpus=read_gpu_prices(["L4=0.72"]), utilisation=0.5)
    cost = next(cost for cost in gpu_costs(121e12, prices) if cost.gpu == "L4")
    assert (cost.seconds, cost.dollars) == (2.0, pytest.approx(2 * 0.72 / 3600))


def test_twice_the_steps_are_twice_the_arithmetic_of_stage_c() -> None:
    def flops(steps: int) -> float:
        return picture_flops(dataclasses.replace(TINY, sampler_c=dataclasses.replace(TINY.sampler_c, steps=steps)))

    assert flops(9) - flops(6) == pytest.approx(flops(6) - flops(3))
    assert flops(6) > flops(3) > 0


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "$0.00"),
        (1234.5, "$1,234.50"),
        (0.25, "$0.25"),
        (0.0104, "$0.010"),
        (2.1e-7, "$0.00000021"),
        (9.96e-5, "$0.00010"),
    ],
)
def test_money_has_two_digits_that_count_and_no_exponent(amount: float, shown: str) -> None:
    assert dollars(amount).rstrip("0") == shown.rstrip("0")


@pytest.mark.parametrize("text", ["L4", "L4=cheap", "Abacus=1", "L4=-1", "L4=nan"])
def test_a_price_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write NAME=DOLLARS, NAME one of L40S"):
        read_gpu_prices([text])
