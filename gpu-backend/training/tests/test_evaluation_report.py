from pathlib import Path

import numpy as np
import pytest

from wuerstchen.evaluation.charts import axis_ticks, chart_svg, number_text
from wuerstchen.evaluation.cost import training_hours
from wuerstchen.evaluation.results import Chart, Kpi, PartResult, share, store, stored
from wuerstchen.evaluation.sampler import recommend


def test_the_fewest_steps_that_are_as_good_are_recommended() -> None:
    accuracy = np.array([[0.1, 0.3, 0.4], [0.2, 0.78, 0.8], [0.1, 0.6, 0.79]])
    assert recommend(accuracy, 50) == (1, 1)


def test_a_share_of_no_trials_is_nothing_and_its_range_everything() -> None:
    kpi = share("k", "l", 0, 0, "m")
    assert (kpi.value, kpi.low, kpi.high) == (0, 0, 100)


def test_pauses_are_no_training(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("0,100,loss=1\n20,130,loss=1\n40,1000,loss=1\n60,1040,loss=1\n")
    assert training_hours(tmp_path / "log.csv") == pytest.approx(70 / 3600)
    assert training_hours(tmp_path / "none.csv") == 0


def test_a_result_is_used_again_for_the_same_inputs_only(tmp_path: Path) -> None:
    result = PartResult(
        "p", "Part", "intro", (Kpi("k", "l", 1.5, "%", "m"),), (Chart("c", "bars", ("a",), {"s": [1.0]}, "%", "m"),)
    )
    store(tmp_path / "p.json", result, {"weights": "a"})
    assert stored(tmp_path / "p.json", {"weights": "a"}) == result
    assert stored(tmp_path / "p.json", {"weights": "b"}) is None
    assert stored(tmp_path / "none.json", {}) is None


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.93), (-3.0, 41.0), (0.0, 0.0), (0.0, 123456.0)])
def test_axes_hold_their_values(low: float, high: float) -> None:
    ticks = axis_ticks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert len(ticks) <= 8


def test_numbers_are_written_as_people_write_them() -> None:
    assert [number_text(v) for v in (0, 41.26, 0.0123, 2048, 1234567.0)] == [
        "0",
        "41.3",
        "0.0123",
        "2,048",
        "1,234,567",
    ]


@pytest.mark.parametrize("kind", ["bars", "lines"])
def test_charts_escape_what_they_are_given(kind: str) -> None:
    svg = chart_svg(Chart("<b>", kind, ("a & b", "c"), {"one": [1.0, 2.0], "two": [0.0, -1.0]}, "%", ""))
    assert "<b>" not in svg
    assert "a &amp; b" in svg
