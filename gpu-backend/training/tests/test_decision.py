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
from tiny_bundle import TRAINING

from wuerstchen import evaluate
from wuerstchen.decision.figures import asked_pictures
from wuerstchen.decision.measured import Figure, Measured
from wuerstchen.decision.page import About, Report
from wuerstchen.decision.page import page as page_of
from wuerstchen.decision.prices import Prices
from wuerstchen.decision.report_texts import REPORT, report_texts
from wuerstchen.decision.verdict import CRITERIA, Thresholds, criteria, verdict
from wuerstchen.texts import LANGUAGES, places_of, read_texts
from wuerstchen.training.data import PictureSet

BUNDLE = TRAINING.parent.parent / "test" / "support" / "models" / "tiny"
# Words that would be true of the emoji set alone.
OF_EMOJI = re.compile(r"emoji|skin|gender|yellow|flag|favourite|絵文字|肌", re.IGNORECASE)

# Whether a bundle was trained on the set, and on which of its pictures, a report does not know.
OF_TRAINING = re.compile(
    r"kept out of training|(before|not|never) train|学習(前|後の|に使|から除|していない)", re.IGNORECASE
)


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


@pytest.fixture(scope="module")
def alone(reported: tuple[str, Path, dict[str, Page]]) -> Page:
    """Of the same set and bundle, without one to compare with."""
    out = reported[1].parent / "out"
    command = ["--bundle", str(BUNDLE), "--data", str(reported[1]), "--out", str(out / "alone")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["evaluate", *command, "--captions", "300", "--pictures", str(out / "pictures")])
        evaluate.main()
    return Page((out / "alone" / "report.html").read_text(encoding="utf-8"))


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


def test_no_sentence_speaks_of_what_a_report_does_not_know(
    reported: tuple[str, Path, dict[str, Page]], alone: Page
) -> None:
    name, data, pages = reported
    pictures = PictureSet(data, 64)
    for page in (*pages.values(), alone):
        assert not OF_TRAINING.search(page.words)
        assert "more pictures are needed" not in page.words
    assert "Before" not in alone.words
    assert "Restored Drawn" in alone.words
    for folder, page, captions in (("out", pages["en"], 25), ("out/alone", alone, 300)):
        about = json.loads((data.parent / folder / "figures.json").read_text())["about"]
        asked = asked_pictures(pictures, captions).tolist()
        # The tiny bundle restores; of the machines, both groups' first 24 names are drawn too.
        of_groups = [*range(24), *range(30, 54)] if name.startswith("machines") else []
        drawn = [index for index, of in enumerate(pictures.records) if of.label in {f"machine {n}" for n in of_groups}]
        used = len({*asked, *pictures.held_out[:captions].tolist(), *drawn})
        assert (about["measured"], about["names"]) == (used, len(asked))
        assert f"{len(pictures.records)} pictures; the figures are measured on {used} of them" in page.words
        assert f"one a name, {len(asked)} in all" in page.words
        assert f"Guessing gives {float(f'{100 / len(asked):.2g}'):g} %" in page.words


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
            assert (texts[f"unsure.{key}"] in page.words) == (criterion["outcome"] == "unsure")


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


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", CRITERIA)
def test_what_cannot_be_told_has_an_advice_of_its_own(language: str, key: str) -> None:
    """A cost is timed on a few pictures whatever the set: more of them would not tell it."""
    texts, threshold = report_texts(language), getattr(Thresholds(), key)
    sure = {"seconds": (1.0, None, None), "cost": (0.001, None, None), "flops": (1.0, None, None)}
    figures = measured(**{**sure, key: (threshold, threshold / 2, threshold * 2)})
    about = About("Tiny", "set", 9, 2, 9, "0" * 16, "2026-11-28", None, 9)
    words = Page(page_of(Report(about, figures, None, {}, Thresholds(), Prices(), []), texts)).words
    assert texts("verdict.unsure") in words
    assert [other for other in CRITERIA if texts(f"unsure.{other}") in words] == [key]
    assert not any(texts(f"advice.{other}") in words for other in CRITERIA)


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
