"""What reuse saves on a log of prompts: each policy serves what the API would serve."""

import html
import json
import math
import sys
from pathlib import Path

import pytest

from wuerstchen import poc
from wuerstchen.decision.replay import POLICIES, Costs, Outcome, Request, distance, gpu_seconds, month, read_log, replay
from wuerstchen.decision.report_texts import REPORT
from wuerstchen.decision.sample_log import PICTURES_A_PROMPT, sample_log
from wuerstchen.texts import LANGUAGES, read_texts

DAY = 86_400


def hits(requests: list[tuple[float, str, str]], policy: str) -> int:
    return replay([Request(*request) for request in requests], policy).hits


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ([(0, "red apple", "a"), (1, "Red  apple", "a")], (0, 1, 1, 1)),
        ([(0, "red apple", "a"), (1, "red apple!", "a")], (0, 0, 0, 0)),
        ([(0, "C++ logo", "a"), (1, "C# logo", "a")], (0, 0, 0, 0)),
        ([(0, "🍎", "a"), (1, "🚗", "a"), (2, "🐶", "a")], (0, 0, 0, 0)),
        ([(0, "की", "a"), (1, "का", "a"), (2, "के", "a")], (0, 0, 0, 0)),
        ([(0, "a red apple, 3D", "a"), (1, "red apple, 3D", "a")], (0, 0, 0, 1)),
        ([(0, "red apple, 3D", "a"), (1, "3D, red apple", "a")], (0, 0, 0, 1)),
        ([(0, "red apple", "a"), (1, "red apple", "b")], (0, 0, 1, 0)),
        ([(0, "a red apple in 3D", "a"), (1, "red apple in 3D", "a")], (0, 0, 0, 1)),
        ([(0, "red apple", "a"), (1, "green apple", "a")], (0, 0, 0, 0)),
        ([(0, "red apple", "a"), (31 * DAY, "red apple", "a")], (0, 0, 0, 0)),
        ([(0, "red apple", "a"), (29 * DAY, "red apple", "a"), (31 * DAY, "red apple", "a")], (0, 1, 1, 1)),
    ],
)
def test_every_policy_serves_what_the_api_would_serve(requests: list, expected: tuple[int, ...]) -> None:
    assert tuple(hits(requests, policy) for policy in POLICIES) == expected


def test_similar_compares_with_the_last_thousand_prompts_alone() -> None:
    first = [(0.0, "one two three four five", "a")]
    others = [(float(number), f"word{number} more{number}", "a") for number in range(1, 1001)]
    last = [(2000.0, "five four three two one", "a")]
    assert hits([*first, *others[:900], *last], "similar") == 1
    assert hits([*first, *others, *last], "similar") == 0


def test_the_distance_of_prompts_counts_words_and_not_their_order() -> None:
    assert distance(("a", "b"), ("b", "a")) == 0
    assert distance(("a", "a", "b"), ("a", "b")) == pytest.approx(1 / 3)
    assert distance(("a",), ("b",)) == 1
    assert distance((), ()) == 0


def test_what_is_saved_is_stage_c_alone() -> None:
    costs = Costs(stage_c_seconds=2, decode_seconds=0.5)
    assert gpu_seconds(Outcome("fresh", 10, 0), costs) - gpu_seconds(Outcome("prefer", 10, 4), costs) == 8


def test_money_of_a_busy_container_is_its_time_and_of_an_idle_one_its_waiting() -> None:
    costs = Costs(stage_c_seconds=1, decode_seconds=0, gpu_hour=3600, cold_start_seconds=10, idle_seconds=300)
    busy, rare = 100_000_000, 1
    fees = 5 + (busy / 1e6 - 10) * 0.30 + busy / 1e6 * (0.30 + 4.50 + 0.36)
    assert month(Outcome("fresh", 10, 0), busy, costs) == pytest.approx(busy + fees, rel=1e-6)
    one = month(Outcome("fresh", 10, 0), rare, costs)
    assert one == pytest.approx(5 + 301 + 10, rel=1e-3)
    assert month(Outcome("prefer", 10, 9), busy, costs) < 0.2 * month(Outcome("fresh", 10, 0), busy, costs)


def test_a_log_is_read_in_the_order_of_time(tmp_path: Path) -> None:
    lines = [
        '{"time": "2026-11-26T10:00:00+01:00", "prompt": "late"}',
        "",
        '{"time": 1000, "prompt": "early", "account": 7}',
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    assert [(request.text, request.who) for request in read_log(tmp_path / "log.jsonl")] == [
        ("early", "7"),
        ("late", ""),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "{",
        '{"time": 1}',
        '{"time": "noon", "prompt": "x"}',
        '{"time": 1, "prompt": 2}',
        '{"time": NaN, "prompt": "x"}',
        '{"time": 1764147600000, "prompt": "x"}',
        "[" * 100_000,
    ],
)
def test_a_line_that_is_no_request_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "log.jsonl").write_text('{"time": 1, "prompt": "x"}\n' + line)
    with pytest.raises(ValueError, match=r"log\.jsonl:2 is no request"):
        read_log(tmp_path / "log.jsonl")


def test_the_sample_log_repeats_as_published(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(sample_log(2000))
    requests = read_log(tmp_path / "log.jsonl")
    assert len(requests) == 2000
    rates = [replay(requests, policy).hit_rate for policy in POLICIES]
    assert rates[0] == 0 < rates[1] < rates[2]
    assert rates[1] < rates[3]
    # In whatever order its words stand, a prompt of the sample is one prompt.
    distinct = len({" ".join(sorted(request.text.replace(",", "").split())) for request in requests})
    assert PICTURES_A_PROMPT * 0.9 < 2000 / distinct < PICTURES_A_PROMPT * 1.3


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_replay_is_a_page_with_charts_and_its_assumptions(
    tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "log.jsonl").write_text(sample_log(100))
    command = ["poc", "--prompts", str(tmp_path / "log.jsonl"), "--out", str(tmp_path / "out"), "--language", language]
    monkeypatch.setattr(sys, "argv", [*command, "--gpu-price-hour", "2.5"])
    poc.main()
    page = html.unescape((tmp_path / "out" / "replay.html").read_text(encoding="utf-8"))
    assert page.count("<svg") == 2
    assert "$2.50" in page
    assert all(read_texts(REPORT, language)[f"replay.{policy}"] in page for policy in POLICIES)
    assert not any(word in page for word in ("apple", "teapot", "bicycle"))  # no prompt stands on the page
    stored = json.loads((tmp_path / "out" / "replay.json").read_text())
    assert [row["policy"] for row in stored["policies"]] == list(POLICIES)
    assert all(math.isfinite(row["gpu_seconds_saved"]) for row in stored["policies"])
