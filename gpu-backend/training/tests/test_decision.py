"""The report of a bundle on any set: only what the data say, in two languages, with a verdict by the reader's
thresholds.
"""

import dataclasses
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from raw_pictures import MIXED, SQUARE, set_of
from tiny_bundle import TINY, TRAINING

from wuerstchen import evaluate
from wuerstchen.decision.figures import Figure, Measured
from wuerstchen.decision.page import dollars
from wuerstchen.decision.prices import Prices, gpu_costs, picture_flops, read_gpu_prices
from wuerstchen.decision.report_texts import REPORT
from wuerstchen.decision.verdict import Thresholds, criteria, verdict
from wuerstchen.texts import LANGUAGES, places_of, read_texts
from wuerstchen.training.data import PictureSet

BUNDLE = TRAINING.parent.parent / "test" / "support" / "models" / "tiny"
# Words that would be true of the emoji set alone.
OF_EMOJI = re.compile(r"emoji|skin|gender|yellow|flag|favourite|絵文字|肌", re.IGNORECASE)


class Page(HTMLParser):
    """The text a person sees, what the page would load, and whether tags close in order."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


SETS = {
    "machines in squares": (
        [f"machine {number}" for number in range(60)],
        dataclasses.replace(SQUARE, held_out_percent=40),
        (100, 100),
    ),
    "portraits and landscapes": ([f"a field, {number}" for number in range(12)], MIXED, (60, 160)),
    '<b>logos</b> & "marks"': ([f"<b>logo {number}</b>" for number in range(4)], SQUARE, (100, 100)),
}


@pytest.fixture(scope="module", params=SETS)
def reported(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, dict[str, Page]]:
    """(name, set, pages by language) of a report with the same bundle before and after."""
    captions, settings, size = SETS[request.param]
    folder = tmp_path_factory.mktemp("decision")
    data = set_of(folder, captions, settings, size)
    if request.param.startswith("machines"):
        halves = {"old": [f"machine {n}" for n in range(30)], "new": [f"machine {n}" for n in range(30, 60)]}
        (data / "groups.json").write_text(json.dumps({"age": halves}))
    (folder / "words.txt").write_text("\n".join([*captions[:2], *(f"word {n}" for n in range(10))]))
    pages = {}
    for language in LANGUAGES:
        command = [
            "--bundle",
            str(BUNDLE),
            "--against",
            str(BUNDLE),
            "--data",
            str(data),
            "--out",
            str(folder / "out"),
            "--captions",
            "25",
            *(["--outside", str(folder / "words.txt")] if request.param.startswith("machines") else []),
        ]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["evaluate", *command, "--language", language, "--training-hours", "0.5"])
            evaluate.main()
        pages[language] = Page((folder / "out" / "report.html").read_text(encoding="utf-8"))
    return request.param, data, pages


def test_a_page_is_whole_and_loads_nothing(reported: tuple[str, Path, dict[str, Page]]) -> None:
    for page in reported[2].values():
        assert page.open == []
        assert all(value.startswith("data:") for value in page.loads)
        assert len(page.loads) >= 4


def test_no_sentence_speaks_of_what_the_set_does_not_have(reported: tuple[str, Path, dict[str, Page]]) -> None:
    name, data, pages = reported
    records = PictureSet(data, 64).records
    for language, page in pages.items():
        assert not OF_EMOJI.search(page.words)
        assert str(data) not in page.words
        assert ".png" not in page.words
        assert f"{len(records)}" in page.words
        assert records[0].captions[0].split(" ")[0] in page.words
        assert "{" not in page.words
        assert "nan" not in page.words.lower().split()
        reason = read_texts(REPORT, language)["reason.no_groups"]
        assert (reason in page.words) == (not name.startswith("machines"))


def test_every_figure_stands_on_the_page_or_is_left_out_with_a_reason(
    reported: tuple[str, Path, dict[str, Page]],
) -> None:
    _, data, pages = reported
    plain = json.loads((data.parent / "out" / "figures.json").read_text())
    measured, left_out = plain["figures"]["after"], plain["left_out"]
    keys = {key.removeprefix("label.") for key in read_texts(REPORT, "en") if key.startswith("label.")}
    assert measured.keys() | left_out.keys() == keys
    assert not measured.keys() & left_out.keys()
    for language, page in pages.items():
        texts = read_texts(REPORT, language)
        assert all(texts[f"label.{key}"] in page.words for key in keys)
        assert all(texts[f"reason.{reason}"] in page.words for reason in left_out.values())


def test_what_a_bundle_carries_says_the_same_as_the_report(reported: tuple[str, Path, dict[str, Page]]) -> None:
    name, data, _ = reported
    out = data.parent / "out"
    plain, carried = (json.loads((out / file).read_text()) for file in ("figures.json", "kpi.json"))
    assert (carried["revision"], carried["verdict"]) == (plain["about"]["revision"], plain["verdict"])
    assert carried["left_out"] == plain["left_out"]
    assert carried["figures"].keys() == plain["figures"]["after"].keys()
    for key, figure in carried["figures"].items():
        assert figure["value"] == plain["figures"]["after"][key]["value"]
        assert figure["outcome"] == plain["criteria"].get(key, {}).get("outcome")
    assert carried["groups"].keys() == ({"age"} if name.startswith("machines") else set())
    if carried["groups"]:
        shares = carried["groups"]["age"].values()
        bias = carried["figures"]["bias"]
        assert max(shares) - min(shares) == bias["value"]
        assert bias["low"] <= bias["value"] <= bias["high"]


def test_the_same_bundle_before_and_after_differs_in_nothing(reported: tuple[str, Path, dict[str, Page]]) -> None:
    plain = json.loads((reported[1].parent / "out" / "figures.json").read_text())
    for key, change in plain["differences"].items():
        if key not in ("seconds", "cost"):
            assert change["value"] == 0, key
    shares = ["recognition", "style", *(["outside"] if "outside" in plain["differences"] else [])]
    assert ("outside" in shares) == reported[0].startswith("machines")
    for key in shares:
        low, high = plain["differences"][key]["range"]
        assert low < 0 < high, key


def test_verdict_and_quality_and_cost_come_before_anything_else(reported: tuple[str, Path, dict[str, Page]]) -> None:
    for language, page in reported[2].items():
        left_out = ["left_out"] if "left_out" in page.ids else []
        assert page.ids == ["verdict", "before_after", "cost", "pictures", "figures", *left_out]
        texts, plain = (
            read_texts(REPORT, language),
            json.loads((reported[1].parent / "out" / "figures.json").read_text()),
        )
        assert texts["verdict.missed"] in page.words
        for key, criterion in plain["criteria"].items():
            # What is missed is named in the verdict, with what to do.
            assert (texts[f"advice.{key}"] in page.words) == (criterion["outcome"] == "missed")


def test_both_languages_say_the_same_with_the_same_values() -> None:
    english, japanese = read_texts(REPORT, "en"), read_texts(REPORT, "ja")
    assert english.keys() == japanese.keys()
    for key, text in english.items():
        assert places_of(text) == places_of(japanese[key]), key
        assert text.strip()


def measured(**figures: tuple[float, float | None, float | None]) -> Measured:
    made = {key: Figure(key, value, 50, low, high) for key, (value, low, high) in figures.items()}
    return Measured(made, {}, np.zeros(0, int), {}, np.zeros(0), [], [])


@pytest.mark.parametrize(
    ("restoration", "cost", "expected", "outcome"),
    [
        ((26.0, 25.5, 26.5), (0.001, 0.0009, 0.0011), ["met", "unknown", "met", "unknown"], "met"),
        ((24.0, 23.5, 24.5), (0.001, 0.0009, 0.0011), ["missed", "unknown", "met", "unknown"], "missed"),
        ((25.5, 24.5, 26.5), (0.001, 0.0009, 0.0011), ["unsure", "unknown", "met", "unknown"], "unsure"),
        ((26.0, None, None), (0.02, None, None), ["met", "unknown", "missed", "unknown"], "missed"),
    ],
)
def test_a_threshold_inside_a_range_decides_nothing(
    restoration: tuple, cost: tuple, expected: list[str], outcome: str
) -> None:
    found = criteria(measured(restoration=restoration, cost=cost), Thresholds())
    assert [criterion.outcome for criterion in found] == expected
    assert verdict(found) == outcome


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


def test_pictures_already_made_and_features_of_the_set_are_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = set_of(tmp_path, [f"thing {number}" for number in range(4)], SQUARE)
    command = ["evaluate", "--bundle", str(BUNDLE), "--data", str(data), "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", command)
    evaluate.main()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "pictures").iterdir()}
    evaluate.main()
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "pictures").iterdir()} == before
    with Image.open(next(path for path in before if path.suffix == ".png")) as made:
        assert made.size == (64, 64)
    features = tmp_path / "out" / "pictures" / "features-train.npy"
    known = np.load(features)
    pixels = bytearray((data / "images.rgb").read_bytes())
    (data / "images.rgb").write_bytes(bytes(255 - value for value in pixels))
    evaluate.main()
    assert known.shape == np.load(features).shape
    assert not np.allclose(known, np.load(features))
