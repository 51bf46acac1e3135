import csv
import dataclasses
import json
import math
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import CONFIGS

from wuerstchen import evaluate
from wuerstchen.config import load_config
from wuerstchen.evaluation.context import DECODER_WEIGHTS, WEIGHTS, Context, Options
from wuerstchen.evaluation.results import PartResult
from wuerstchen.export.tiny import tiny_stages
from wuerstchen.training.data import PictureSet

OPTIONS = Options(
    captions=8,
    samples=8,
    seeds=2,
    sampler_prompts=3,
    unseen="",
    joined="",
    compression_steps=2,
    compression_batch=2,
    watts=30.0,
    price_kwh=0.3,
    price_hour=0.08,
)

PEOPLE = ("waving hand", "cook", "man cook", "woman cook", "flag of Kenya", "flag of Japan")


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
    labels = {entry["label"] for entry in records}
    groups = {
        "tone": {tone: sorted(label for label in labels if tone in label) for tone in ("dark skin", "light skin")},
        "gender": {name: sorted(label for label in labels if label.startswith(name)) for name in ("man", "woman")},
    }
    (directory / "groups.json").write_text(json.dumps(groups))
    (directory / "open.json").write_text(json.dumps({"gender": ["cook", "nobody"], "age": ["cook"]}))
    return directory


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parts = {"stage-a": ("stage_a",), "stage-b": ("stage_b", "compressor"), "stage-c": ("stage_c",)}
    return write_trained(tmp_path_factory.mktemp("evaluate"), "tiny.toml", parts)


def write_trained(folder: Path, config_name: str, parts: dict[str, tuple[str, ...]]) -> Path:
    """A tiny configuration, tiny.toml, and random weights for it, as training would leave them."""
    text = (CONFIGS / config_name).read_text().replace("width = 32\n", "width = 384\n")
    (folder / "tiny.toml").write_text(text)
    (folder / "tiny.unseen.txt").write_text("purple box\nyellow box\n")
    (folder / "tiny.joined.txt").write_text("purple box and yellow ball\ntwo cherries\n")
    config = load_config(folder / "tiny.toml")
    runs = folder / "runs" / config.id
    runs.mkdir(parents=True)
    stages = tiny_stages(config)
    for run, names in parts.items():
        state = {
            f"{name}.{key}": tensor for name in names for key, tensor in getattr(stages, name).state_dict().items()
        }
        torch.save(state, runs / f"{run}.pt")
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
    small = [
        "--samples",
        "8",
        "--seeds",
        "2",
        "--sampler-prompts",
        "3",
        "--compression-steps",
        "2",
        "--compression-batch",
        "2",
    ]
    monkeypatch.setattr(sys, "argv", ["evaluate", *folders, *small, *options])
    monkeypatch.setattr("wuerstchen.evaluation.sampler.STEPS", (2, 3))
    monkeypatch.setattr("wuerstchen.evaluation.sampler.GUIDANCES", (1.0, 2.0, 3.0, 4.0, 5.0))
    evaluate.main()


def test_the_whole_report_is_one_page_without_a_network(
    trained: Path, people_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_a_model_with_transparency_and_a_compressor_of_its_own_is_reported_as_its_pictures_look_on_white(
    people_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(people_directory, tmp_path / "set")
    opaque = np.fromfile(tmp_path / "set" / "images.rgb", np.uint8).reshape(-1, 3)
    (tmp_path / "set" / "images.rgb").unlink()
    alpha = np.where((opaque == 255).all(1, keepdims=True), 0, 255).astype(np.uint8)
    np.hstack([opaque, alpha]).tofile(tmp_path / "set" / "images.rgba")
    parts = {"stage-a": ("stage_a",), "compressor": ("compressor",), "stage-b": ("stage_b",), "stage-c": ("stage_c",)}
    write_trained(tmp_path, "tiny-alpha.toml", parts)
    run_evaluate(tmp_path, tmp_path / "set", monkeypatch)
    kpis = json.loads((tmp_path / "out" / "kpis.json").read_text())["kpis"]
    assert {kpi["part"] for kpi in kpis} == set(evaluate.PARTS)
    assert all(math.isfinite(kpi["value"]) for kpi in kpis)


def test_groups_are_those_that_a_file_names_and_without_one_the_part_says_why_it_is_missing(
    trained: Path, pictures_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a set as `prepare` writes it: one caption a picture, which is its label, and no styles."""
    data, lines = tmp_path / "set", (pictures_directory / "records.jsonl").read_text().splitlines()
    data.mkdir()
    shutil.copy(pictures_directory / "images.rgb", data)
    records = [record | {"style": "", "captions": [record["label"]]} for record in map(json.loads, lines)]
    (data / "records.jsonl").write_text("\n".join(map(json.dumps, records)) + "\n")

    def report(*options: str) -> tuple[str, list[str]]:
        run_evaluate(trained, data, monkeypatch, "--parts", "groups", "--out", str(tmp_path), *options)
        kpis = json.loads((tmp_path / "kpis.json").read_text())["kpis"]
        return (tmp_path / "report.html").read_text(), [kpi["key"] for kpi in kpis]

    page, keys = report()
    assert keys == []
    assert "the set has no groups.json" in page
    labels = [record["label"] for record in records]
    groups = {name: [label for label in labels if label.startswith(name)] for name in ("red", "blue")}
    (tmp_path / "mine.json").write_text(json.dumps({"style": groups | {"none": ["nothing of the set"]}}))
    page, keys = report("--groups", str(tmp_path / "mine.json"))
    assert keys == ["group_style_red", "group_style_blue"]
    assert "style: red" in page
    assert re.search(r"emoji|tone|gender|flag|people|yellow", page.lower()) is None


def test_finished_parts_are_not_measured_again(
    trained: Path, people_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(context: object) -> PartResult:
        raise AssertionError("a stored part ran")

    run_evaluate(trained, people_directory, monkeypatch, "--parts", "reconstruction")
    monkeypatch.setitem(
        evaluate.PARTS, "reconstruction", dataclasses.replace(evaluate.PARTS["reconstruction"], run=never)
    )
    run_evaluate(trained, people_directory, monkeypatch, "--parts", "reconstruction")
    with pytest.raises(AssertionError, match="a stored part ran"):
        run_evaluate(trained, people_directory, monkeypatch, "--parts", "reconstruction", "--again")


def test_a_part_is_measured_again_when_a_picture_was_repainted(
    trained: Path, people_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def again(context: Context) -> PartResult:
        raise AssertionError("measured again")

    shutil.copytree(people_directory, tmp_path / "set")
    run_evaluate(trained, tmp_path / "set", monkeypatch, "--parts", "reconstruction")
    monkeypatch.setitem(
        evaluate.PARTS, "reconstruction", dataclasses.replace(evaluate.PARTS["reconstruction"], run=again)
    )
    run_evaluate(trained, tmp_path / "set", monkeypatch, "--parts", "reconstruction")
    pixels = bytearray((tmp_path / "set" / "images.rgb").read_bytes())
    pixels[0] ^= 255
    (tmp_path / "set" / "images.rgb").write_bytes(pixels)
    with pytest.raises(AssertionError, match="measured again"):
        run_evaluate(trained, tmp_path / "set", monkeypatch, "--parts", "reconstruction")


def test_a_compressor_of_its_own_is_part_of_the_weights_that_figures_depend_on(
    pictures_directory: Path, tmp_path: Path
) -> None:
    config = load_config(CONFIGS / "tiny-alpha.toml")
    for name in ("stage-a.pt", "stage-b.pt", "stage-c.pt", "compressor.pt"):
        (tmp_path / name).write_bytes(b"first")
    context = Context(config, PictureSet(pictures_directory, 64), tmp_path, tmp_path / "out", OPTIONS)
    before = context.digest_of(), context.digest_of(DECODER_WEIGHTS), context.digest_of(WEIGHTS[:1])
    (tmp_path / "compressor.pt").write_bytes(b"trained on")
    after = context.digest_of(), context.digest_of(DECODER_WEIGHTS), context.digest_of(WEIGHTS[:1])
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, False, True]


def test_an_unknown_part_is_named(
    trained: Path, people_directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run_evaluate(trained, people_directory, monkeypatch, "--parts", "beauty")
    assert "beauty" in capsys.readouterr().err
