import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import log_of
from torch import Tensor, nn

from wuerstchen.config import CurriculumConfig, OptimiserConfig, load_config
from wuerstchen.export.bundle import trained_stages
from wuerstchen.export.manifest import write_manifest
from wuerstchen.train import train_stage
from wuerstchen.training.curriculum import curriculum_draw, favourite_pictures
from wuerstchen.training.data import PictureSet
from wuerstchen.training.distributed import Share
from wuerstchen.training.loop import StageRun, learning_rate, train
from wuerstchen.training.records import is_held_out
from wuerstchen.training.stages import stages_of

CONFIGS = Path(__file__).parent.parent / "configs"
PLAN = OptimiserConfig(
    steps=30,
    batch=4,
    learning_rate=1e-2,
    warmup_steps=2,
    decay_steps=5,
    weight_decay=0.0,
    ema_decay=0.9,
    crop_pixels=0,
    full_picture_steps=0,
)


def regression(stop_at: int | None = None) -> StageRun:
    """A linear regression whose step `stop_at` raises, as a kill would."""
    torch.manual_seed(0)
    model = nn.Linear(3, 1)

    def loss(step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        if step == stop_at:
            raise KeyboardInterrupt
        x = torch.randn(4, 3, generator=torch.Generator().manual_seed(step))
        return (model(x) - x.sum(1, keepdim=True)).pow(2).mean(), {}

    return StageRun("line", nn.ModuleDict({"line": model}), loss, lambda step: {}, 10)


def test_a_resumed_run_ends_in_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wuerstchen.training.loop.CHECKPOINT_SECONDS", 0)
    train(regression(), PLAN, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(regression(stop_at=17), PLAN, tmp_path / "cut")
    train(regression(), PLAN, tmp_path / "cut")
    whole, cut = (torch.load(tmp_path / name / "line.pt", weights_only=True) for name in ("whole", "cut"))
    assert all(torch.equal(whole[key], cut[key]) for key in whole)


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    model = nn.Linear(1, 1)
    loss = lambda step, share: (model(torch.tensor([torch.nan])).sum(), {})  # noqa: E731
    run = StageRun("bad", nn.ModuleDict({"m": model}), loss, lambda step: {}, 10)
    with pytest.raises(FloatingPointError, match="step 0"):
        train(run, PLAN, tmp_path)


def test_the_learning_rate_warms_up_stays_and_falls_to_nothing() -> None:
    rates = [learning_rate(step, PLAN) for step in range(PLAN.steps)]
    assert rates[0] == PLAN.learning_rate / 2
    assert rates[10] == PLAN.learning_rate
    assert rates[-1] == pytest.approx(PLAN.learning_rate / 5)


def test_the_split_depends_on_the_id_alone(pictures_directory: Path) -> None:
    pictures = PictureSet(pictures_directory, 64)
    assert [is_held_out(record.id) for record in pictures.records] == [i in pictures.held_out for i in range(40)]
    assert 0 < len(pictures.held_out) < 10
    assert not set(pictures.draw(200, np.random.default_rng(0))) & set(pictures.held_out)


def test_the_curriculum_favours_its_concepts_from_its_step_on(pictures_directory: Path) -> None:
    pictures = PictureSet(pictures_directory, 64)
    labels = [pictures.records[i].label for i in pictures.train[:2]]
    curriculum = CurriculumConfig(from_step=10, share=0.8, styles=("flat",), concepts=tuple(labels))
    draw = curriculum_draw(curriculum, pictures)

    def share(step: int) -> float:
        return float(np.mean([pictures.records[i].label in labels for i in draw(step, 2000, np.random.default_rng(1))]))

    assert share(9) < 0.1
    assert 0.75 < share(10) < 0.85
    assert len(favourite_pictures(dataclasses.replace(curriculum, styles=("3D",)), pictures)) == 0


def test_the_curriculum_draws_kinds_as_often_as_it_says(pictures_directory: Path) -> None:
    pictures = PictureSet(pictures_directory, 64)
    flags = [record.label for record in pictures.records[:10]]
    pictures.records = [
        dataclasses.replace(record, kind="flag" if record.label in flags else record.kind)
        for record in pictures.records
    ]
    curriculum = CurriculumConfig(0, 0.0, ("flat",), (), only_styles=True)

    def share(kinds: dict[str, float]) -> float:
        draw = curriculum_draw(dataclasses.replace(curriculum, kinds=kinds), pictures)
        return float(np.mean([pictures.records[i].kind == "flag" for i in draw(0, 4000, np.random.default_rng(1))]))

    odds = share({}) / (1 - share({}))
    assert share({"flag": 3.0}) == pytest.approx(3 * odds / (1 + 3 * odds), abs=0.03)
    assert share({"flag": 0.0}) == 0
    assert share({"a kind that the set lacks": 2.0}) == share({})


def test_crops_lie_on_the_latent_grid(pictures_directory: Path) -> None:
    pictures = PictureSet(pictures_directory, 64)
    crops, corners = pictures.crops(np.array([3, 5]), 32, 16, np.random.default_rng(0))
    assert (corners % 16 == 0).all()
    y, x = corners[1]
    assert torch.equal(crops[1], pictures.images(np.array([5]))[0, :, y : y + 32, x : x + 32])


def test_each_stage_trains_on_what_the_ones_before_it_wrote(pictures_directory: Path, tmp_path: Path) -> None:
    """A → B → C → previewer with the real text encoder; `smoke.sh` exports and serves such runs."""
    tiny = load_config(CONFIGS / "tiny.toml")
    config = dataclasses.replace(tiny, text=dataclasses.replace(tiny.text, width=384))
    pictures = PictureSet(pictures_directory, 64)
    for stage in stages_of(config):
        assert train_stage(stage, config, pictures, tmp_path)
    assert (tmp_path / "stage-c.png").stat().st_size > 0
    assert trained_stages(config, tmp_path).previewer is not None


def test_a_previewer_of_other_weights_leaves_the_revision_as_it_is(tmp_path: Path) -> None:
    """What is stored under a revision stays valid: previews change no latent and no picture."""
    revisions = []
    for weights in ("one", "two", ""):
        (tmp_path / "stage-c.onnx").write_text("same")
        (tmp_path / "tokenizer.json").write_text("{}")
        (tmp_path / "previewer.onnx").write_text(weights)
        graphs = {"stageC": {"file": "stage-c.onnx"}} | ({"previewer": {"file": "previewer.onnx"}} if weights else {})
        write_manifest({"graphs": graphs, "sampler": {}}, tmp_path)
        revisions.append(json.loads((tmp_path / "model.json").read_text())["revision"])
    assert len(set(revisions)) == 1


def test_a_previewer_learns_the_pictures(pictures_directory: Path, tmp_path: Path) -> None:
    config, pictures = load_config(CONFIGS / "tiny.toml"), PictureSet(pictures_directory, 64)
    for stage in ("a", "b"):
        assert train_stage(stage, config, pictures, tmp_path)
    plan = dataclasses.replace(config.train_previewer, steps=150, learning_rate=1e-2, batch=16, decay_steps=50)
    assert train_stage("previewer", dataclasses.replace(config, train_previewer=plan), pictures, tmp_path)
    figures = log_of(tmp_path / "previewer.csv")
    assert figures[-1][1]["loss"] < 0.3 * figures[0][1]["loss"]
    assert figures[-1][1]["psnr"] > 10


def test_a_previewer_needs_both_of_its_sections(tmp_path: Path) -> None:
    text = (CONFIGS / "tiny.toml").read_text().replace("[previewer]\nchannels = 16\nchannels_min = 8\n", "")
    (tmp_path / "half.toml").write_text(text)
    with pytest.raises(ValueError, match="need each other"):
        load_config(tmp_path / "half.toml")


def test_a_refined_decoder_leaves_the_latents_as_they_are(pictures_directory: Path, tmp_path: Path) -> None:
    """Stages A and B go on past their end with the parts frozen that later stages were trained on."""
    config, pictures = load_config(CONFIGS / "tiny.toml"), PictureSet(pictures_directory, 64)
    longer_a = dataclasses.replace(config.train_a, steps=16, decoder_only=True)
    longer_b = dataclasses.replace(config.train_b, steps=16, freeze_compressor=True)
    refined = dataclasses.replace(config, train_a=longer_a, train_b=longer_b)
    for stage, name, frozen in (
        ("a", "stage-a.pt", ("stage_a.encoder", "stage_a.codebook")),
        ("b", "stage-b.pt", ("compressor",)),
    ):
        assert train_stage(stage, config, pictures, tmp_path)
        before = torch.load(tmp_path / name, weights_only=True)
        assert train_stage(stage, refined, pictures, tmp_path)
        after = torch.load(tmp_path / name, weights_only=True)
        changed = {key for key in after if not torch.equal(before[key], after[key])}
        assert changed and not any(key.startswith(frozen) for key in changed)


def test_nothing_is_frozen_before_a_whole_run(pictures_directory: Path, tmp_path: Path) -> None:
    config = load_config(CONFIGS / "tiny.toml")
    config = dataclasses.replace(config, train_a=dataclasses.replace(config.train_a, decoder_only=True))
    with pytest.raises(FileNotFoundError, match="frozen"):
        train_stage("a", config, PictureSet(pictures_directory, 64), tmp_path)
