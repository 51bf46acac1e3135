import csv
import dataclasses
import json
import math
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch

from wuerstchen import evaluate
from wuerstchen.config import load_config
from wuerstchen.evaluation.charts import axis_ticks, chart_svg, number_text
from wuerstchen.evaluation.colour import dominant_colour
from wuerstchen.evaluation.cost import training_hours
from wuerstchen.evaluation.distribution import frechet_distance, kernel_distance, squared_mmd
from wuerstchen.evaluation.diversity import within_and_between
from wuerstchen.evaluation.evaluator import matching_loss
from wuerstchen.evaluation.features import PictureFeatures, augmented, deep_features, features_of
from wuerstchen.evaluation.image_quality import gaussian_band, psnr_each, ssim_each
from wuerstchen.evaluation.lists import Person, held_out_list, person_of, training_list, weighted_order
from wuerstchen.evaluation.reconstruction import smallest_webp, thumbnail
from wuerstchen.evaluation.results import Chart, Kpi, PartResult, share, store, stored, wilson_interval
from wuerstchen.evaluation.retrieval import choices
from wuerstchen.evaluation.sampler import recommend
from wuerstchen.evaluation.unseen import read_prompts, seen
from wuerstchen.export.tiny import tiny_stages
from wuerstchen.training.data import PictureSet, Record
from wuerstchen.training.sources import imagenet_weights

CONFIGS = Path(__file__).parent.parent / "configs"
RNG = np.random.default_rng(0)


def record(label: str, kind: str = "skin tone", weight: float = 1) -> Record:
    return Record(f"set/{label}", "MIT", "flat", label, kind, weight, (f"{label}, flat", f"flat {label}", label))


def test_the_frechet_distance_of_gaussians_is_the_closed_form() -> None:
    """Independent axes: |m|² + Σ (s - 1)²; samples are given exactly these moments."""
    samples = RNG.normal(size=(500, 4))
    white = (samples - samples.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(samples, rowvar=False))).T
    scales, shift = np.array([1.0, 2.0, 0.5, 3.0]), np.array([0.0, 1.0, -2.0, 0.5])
    expected = np.square(shift).sum() + np.square(scales - 1).sum()
    assert frechet_distance(white, white * scales + shift) == pytest.approx(expected, rel=1e-9)


def test_the_frechet_distance_knows_correlated_axes() -> None:
    """Two dimensions, S_x = I: tr(S_y) + 2 - 2 tr(S_y^½), and for 2×2 tr(S^½) = √(tr S + 2 √det S)."""
    samples = RNG.normal(size=(400, 2))
    white = (samples - samples.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(samples, rowvar=False))).T
    mixed = white @ np.array([[2.0, 0.7], [0.0, 0.4]])
    covariance = np.cov(mixed, rowvar=False)
    root_trace = math.sqrt(np.trace(covariance) + 2 * math.sqrt(np.linalg.det(covariance)))
    assert frechet_distance(white, mixed) == pytest.approx(2 + np.trace(covariance) - 2 * root_trace, rel=1e-9)


def test_identical_crowds_have_no_distance() -> None:
    x = RNG.normal(size=(300, 8))
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert abs(kernel_distance(x, RNG.normal(size=(300, 8)))[0]) < 0.1


def test_the_kernel_distance_equals_its_definition_on_points() -> None:
    """One dimension, k(a, b) = (ab + 1)³: x = {0, 1}, y = {1, 2}."""
    x, y = np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])
    assert squared_mmd(x, y) == pytest.approx(1 + 27 - 2 * (1 + 1 + 8 + 27) / 4)


def test_the_kernel_distance_is_unbiased() -> None:
    values = [squared_mmd(RNG.normal(size=(20, 3)), RNG.normal(size=(20, 3))) for _ in range(400)]
    assert abs(np.mean(values)) < 4 * np.std(values) / 20


def test_ssim_of_identical_pictures_is_one_and_of_flat_ones_the_luminance_term() -> None:
    image = torch.rand(2, 3, 24, 24)
    assert torch.allclose(ssim_each(image, image), torch.ones(2), atol=1e-5)
    flat, other = torch.full((1, 3, 16, 16), 0.25), torch.full((1, 3, 16, 16), 0.75)
    expected = (2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4)
    assert ssim_each(flat, other).item() == pytest.approx(expected, abs=1e-4)


def test_ssim_equals_its_formula_on_one_window() -> None:
    x, y = torch.rand(1, 1, 11, 11).double(), torch.rand(1, 1, 11, 11).double()
    line = gaussian_band(11)
    w = line.T @ line
    mx, my = (w * x).sum(), (w * y).sum()
    vx, vy, cov = (w * (x - mx) ** 2).sum(), (w * (y - my) ** 2).sum(), (w * (x - mx) * (y - my)).sum()
    expected = (2 * mx * my + 1e-4) * (2 * cov + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4))
    assert w.sum().item() == pytest.approx(1)
    assert ssim_each(x, y).item() == pytest.approx(expected.item(), abs=1e-5)


def test_psnr_of_a_known_error() -> None:
    assert psnr_each(torch.full((1, 3, 4, 4), 0.6), torch.full((1, 3, 4, 4), 0.5)).item() == pytest.approx(20, abs=1e-3)


def test_a_planted_embedding_is_retrieved_and_a_spoilt_one_is_not() -> None:
    similarity = np.eye(150) + RNG.normal(size=(150, 150)) * 0.01
    everyone = np.arange(150)
    assert choices(similarity, everyone).all()
    similarity[3, 7], similarity[5, 120] = 2, 2  # 120 is not among the hundred from 5 on
    assert np.flatnonzero(~choices(similarity, everyone)).tolist() == [3]
    assert choices(similarity[[3, 5]], np.array([3, 5])).tolist() == [False, True]


def test_guessing_is_right_once_in_a_hundred() -> None:
    assert choices(RNG.normal(size=(1000, 1000)), np.arange(1000)).mean() == pytest.approx(0.01, abs=0.01)


def test_matching_counts_every_pair_of_a_label_as_right() -> None:
    labels = torch.tensor([0, 0, 1])
    scores = torch.tensor([[9.0, 9.0, 0.0], [9.0, 9.0, 0.0], [0.0, 0.0, 9.0]])
    assert matching_loss(scores, labels) < matching_loss(torch.eye(3) * 9, labels)


def test_the_lists_are_fixed_and_share_no_concept(pictures_directory: Path) -> None:
    pictures = PictureSet(pictures_directory, 64)
    curriculum = load_config(CONFIGS / "tiny.toml").curriculum_c
    asked, trained = held_out_list(curriculum, pictures), training_list(curriculum, pictures)
    assert asked == held_out_list(curriculum, PictureSet(pictures_directory, 64))
    assert set(asked) <= set(pictures.held_out.tolist())
    assert not {pictures.records[i].label for i in asked} & {pictures.records[i].label for i in trained}


def test_heavy_pictures_come_early(pictures_directory: Path) -> None:
    pictures = PictureSet(pictures_directory, 64)
    pictures.records = [record(str(n), weight=1 if n < 200 else 0.1) for n in range(400)]
    first = weighted_order(pictures, np.arange(400))[:100]
    assert np.mean(np.array(first) < 200) > 0.8


@pytest.mark.parametrize(
    ("label", "kind", "expected"),
    [
        ("man artist, dark skin tone", "skin tone", Person("man artist", "dark", "man")),
        ("person elf medium light", "skin tone", Person("person elf", "medium light", "person")),
        ("waving hand", "emoji", Person("waving hand", None, None)),
        ("man’s shoe", "emoji", Person("man’s shoe", None, None)),
        ("people holding hands dark skin tone light skin tone", "skin tone", None),
    ],
)
def test_labels_say_tone_and_gender(label: str, kind: str, expected: Person | None) -> None:
    assert person_of(record(label, kind)) == expected


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((220, 30, 40), "red"),
        ((245, 130, 20), "orange"),
        ((250, 210, 30), "yellow"),
        ((50, 170, 60), "green"),
        ((40, 110, 225), "blue"),
        ((140, 66, 194), "purple"),
        ((245, 122, 178), "pink"),
        ((255, 175, 180), "pink"),
        ((120, 120, 120), None),
    ],
)
def test_the_commonest_hue_has_the_name_people_give_it(rgb: tuple[int, int, int], expected: str | None) -> None:
    picture = np.full((20, 20, 3), 255, np.uint8)
    picture[4:16, 4:16] = rgb
    assert dominant_colour(picture) == expected


def test_white_paper_has_no_colour() -> None:
    assert dominant_colour(np.full((8, 8, 3), 255, np.uint8)) is None


def test_a_prompt_that_a_caption_holds_is_found(pictures_directory: Path) -> None:
    pictures = PictureSet(pictures_directory, 64)
    assert seen([("red", "square 0"), ("blue", "square 0"), ("red", "box")], pictures) != []
    assert seen([("blue", "square 0"), ("purple", "box")], pictures) == []


def test_the_committed_prompts_are_fifty_pairs_of_colour_and_object() -> None:
    prompts = read_prompts((CONFIGS / "emoji-128.unseen.txt").read_text())
    assert len(set(prompts)) == 50
    with pytest.raises(ValueError, match="grey dog"):
        read_prompts("grey dog")


def test_variety_is_distance_within_a_prompt_and_between() -> None:
    features = np.array([[0.0, 0], [0, 2], [10, 0], [10, 2]])
    within, between = within_and_between(features, 2)
    assert within == pytest.approx(2)
    assert between == pytest.approx((10 + math.hypot(10, 2)) / 2)


def test_the_fewest_steps_that_are_as_good_are_recommended() -> None:
    accuracy = np.array([[0.1, 0.3, 0.4], [0.2, 0.78, 0.8], [0.1, 0.6, 0.79]])
    assert recommend(accuracy, 50) == (1, 1)


def test_wilson_intervals_stay_inside_and_hold_the_share() -> None:
    assert wilson_interval(0, 100)[0] == 0
    assert wilson_interval(50, 100) == pytest.approx((0.4038, 0.5962), abs=1e-3)
    assert share("k", "l", 0, 0, "m").value == 0


def test_baselines_keep_to_their_bytes() -> None:
    picture = (RNG.random((64, 64, 3)) * 255).astype(np.uint8)
    assert np.unique(thumbnail(picture, 3).reshape(-1, 3), axis=0).shape == (1, 3)
    assert smallest_webp(picture, 400).shape == picture.shape


def test_pauses_are_no_training(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("0,100,loss=1\n20,130,loss=1\n40,1000,loss=1\n60,1040,loss=1\n")
    assert training_hours(tmp_path / "log.csv") == pytest.approx(70 / 3600)
    assert training_hours(tmp_path / "none.csv") == 0


def test_features_are_those_of_the_picture_alone() -> None:
    network = PictureFeatures(imagenet_weights())
    images = (RNG.random((3, 64, 64, 3)) * 255).astype(np.uint8)
    together = features_of(network, images)
    assert together.shape == (3, 2944)
    assert deep_features(together).shape == (3, 320)
    assert np.allclose(together[1], features_of(network, images[1:2])[0], atol=1e-3)
    same = torch.rand(1, 3, 64, 64)
    assert network.perceptual_distance(same, same).item() == pytest.approx(0, abs=1e-6)


def test_augmented_pictures_stay_on_white_and_follow_their_seed() -> None:
    white = torch.ones(2, 3, 32, 32)
    views = [augmented(white, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert torch.equal(views[0], views[1])
    assert not torch.equal(views[0], views[2])
    assert views[0].mean() > 0.95


def test_a_result_is_used_again_for_the_same_inputs_only(tmp_path: Path) -> None:
    result = PartResult("p", "Part", "intro", (Kpi("k", "l", 1.5, "%", "m"),), (Chart("c", "bars", ("a",), {"s": [1.0]}, "%", "m"),))
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
    assert [number_text(v) for v in (0, 41.26, 0.0123, 2048, 1234567.0)] == ["0", "41.3", "0.0123", "2,048", "1,234,567"]


@pytest.mark.parametrize("kind", ["bars", "lines"])
def test_charts_escape_what_they_are_given(kind: str) -> None:
    svg = chart_svg(Chart("<b>", kind, ("a & b", "c"), {"one": [1.0, 2.0], "two": [0.0, -1.0]}, "%", ""))
    assert "<b>" not in svg
    assert "a &amp; b" in svg


class PageReader(HTMLParser):
    """Checks that tags close in order, and collects what the page would load."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "xlink:href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """`<line … />` opens nothing."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"


PEOPLE = ("waving hand", "cook", "man cook", "woman cook", "flag of Kenya", "flag of Japan")


@pytest.fixture(scope="module")
def people_directory(pictures_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The squares again, half of them named as people, gestures and flags."""
    directory = tmp_path_factory.mktemp("people")
    (directory / "images.rgb").write_bytes((pictures_directory / "images.rgb").read_bytes())
    records = [json.loads(line) for line in (pictures_directory / "records.jsonl").read_text().splitlines()]
    for number, entry in enumerate(records[20:]):
        label, tone = PEOPLE[number % 6], ("", ", dark skin tone", ", light skin tone")[number // 6 % 3]
        flag = label.startswith("flag")
        name = label if flag else label + tone
        kind = "flag" if flag else "skin tone" if tone else "emoji"
        entry |= {"label": name, "kind": kind, "captions": [f"{name}, flat", f"flat {name}", name]}
    (directory / "records.jsonl").write_text("\n".join(map(json.dumps, records)) + "\n")
    return directory


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny configuration and random weights for it, as training would leave them."""
    folder = tmp_path_factory.mktemp("evaluate")
    text = (CONFIGS / "tiny.toml").read_text().replace("width = 32\n", "width = 384\n")
    (folder / "tiny.toml").write_text(text)
    (folder / "tiny.unseen.txt").write_text("purple box\nyellow box\n")
    config, runs = load_config(folder / "tiny.toml"), folder / "runs" / "tiny"
    runs.mkdir(parents=True)
    stages = tiny_stages(dataclasses.replace(config, text=dataclasses.replace(config.text, width=384)))
    parts = {"a": ("stage_a",), "b": ("stage_b", "compressor"), "c": ("stage_c",)}
    for letter, names in parts.items():
        state = {f"{name}.{key}": tensor for name in names for key, tensor in getattr(stages, name).state_dict().items()}
        torch.save(state, runs / f"stage-{letter}.pt")
    return folder


def run_evaluate(trained: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> None:
    folders = [
        "--config",
        str(trained / "tiny.toml"),
        "--data",
        str(pictures),
        "--runs",
        str(trained / "runs"),
        "--out",
        str(trained / "out"),
    ]
    small = ["--samples", "8", "--seeds", "2", "--sampler-prompts", "3", "--compression-steps", "2", "--compression-batch", "2"]
    monkeypatch.setattr(sys, "argv", ["evaluate", *folders, *small, *options])
    monkeypatch.setattr("wuerstchen.evaluation.sampler.STEPS", (2, 3))
    monkeypatch.setattr("wuerstchen.evaluation.sampler.GUIDANCES", (1.0, 2.0, 3.0, 4.0, 5.0))
    evaluate.main()


def test_the_whole_report_is_one_page_without_a_network(trained: Path, people_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_evaluate(trained, people_directory, monkeypatch)
    page = (trained / "out" / "report.html").read_text()
    reader = PageReader()
    reader.feed(page)
    assert reader.open == []
    assert all(value.startswith(("data:", "#")) for value in reader.loads)
    assert "http" not in page.replace("https://www.w3.org", "")
    assert page.count("<svg") > 5
    kpis = json.loads((trained / "out" / "kpis.json").read_text())["kpis"]
    assert {kpi["part"] for kpi in kpis} == set(evaluate.PARTS)
    assert all(math.isfinite(kpi["value"]) and kpi["meaning"] for kpi in kpis)
    assert len({kpi["key"] for kpi in kpis}) == len(kpis)
    with open(trained / "out" / "kpis.csv", newline="") as file:
        assert [row["key"] for row in csv.DictReader(file)] == [kpi["key"] for kpi in kpis]


def test_finished_parts_are_not_measured_again(trained: Path, people_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(context: object) -> PartResult:
        raise AssertionError("a stored part ran")

    run_evaluate(trained, people_directory, monkeypatch, "--parts", "reconstruction")
    monkeypatch.setitem(evaluate.PARTS, "reconstruction", dataclasses.replace(evaluate.PARTS["reconstruction"], run=never))
    run_evaluate(trained, people_directory, monkeypatch, "--parts", "reconstruction")
    with pytest.raises(AssertionError, match="a stored part ran"):
        run_evaluate(trained, people_directory, monkeypatch, "--parts", "reconstruction", "--again")


def test_an_unknown_part_is_named(
    trained: Path, people_directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run_evaluate(trained, people_directory, monkeypatch, "--parts", "beauty")
    assert "beauty" in capsys.readouterr().err
