"""A fine-tuning can be steered: what is held out, what is kept, what stops it, and what else it learns."""

import dataclasses
import json
import os
import shutil
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from tiny_bundle import TINY, predicted

from wuerstchen import finetune
from wuerstchen.diffusion import picture_errors
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.finetuning.held_out import HeldOutLosses
from wuerstchen.finetuning.options import steps_of
from wuerstchen.finetuning.stage_c import adapters_path, cell_weights, finetune_run
from wuerstchen.finetuning.tuning import Tuning
from wuerstchen.models.lora import add_lora, load_lora
from wuerstchen.training.data import PictureSet
from wuerstchen.training.distributed import Share


def options(base: Bundle, data: Path, tmp_path: Path, *more: str) -> Namespace:
    paths = [
        "--bundle",
        str(base.directory),
        "--data",
        str(data),
        "--runs",
        str(tmp_path / "runs"),
        "--steps",
        "8",
        "--batch",
        "4",
    ]
    return finetune.parser().parse_args([*paths, *more])


@pytest.mark.parametrize("take", ["last", "best"])
def test_the_adapters_that_are_asked_for_are_taken_and_all_evaluations_are_kept(
    bundle: Bundle, pictures_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], take: str
) -> None:
    chosen = {"last": [], "best": ["--take", "best"]}[take]
    asked = options(bundle, pictures_directory, tmp_path, "--learning-rate", "0.05", "--trigger", "sks", *chosen)
    assert finetune.finetune(asked)
    runs = tmp_path / "runs" / "tiny"
    losses = {int(step): loss for step, loss in json.loads((runs / "stage-c-lora.held-out.json").read_text()).items()}
    assert sorted(losses) == list(range(9))
    assert all(adapters_path(runs, step).exists() for step in range(1, 9))
    best = min(range(1, 9), key=lambda step: losses[step])
    wanted = {"last": 8, "best": best}[take]
    kept, taken = bundle.stage_c(TINY), bundle.stage_c(TINY)
    load_lora(kept, adapters_path(runs, wanted))
    load_lora(taken, runs / "lora.safetensors")
    assert torch.equal(predicted(kept), predicted(taken))
    with safe_open(runs / "lora.safetensors", "pt") as file:
        assert (file.metadata()["steps"], file.metadata()["trigger"]) == (str(wanted), "sks")
    said = capsys.readouterr().out
    assert f"{losses[0]:.4g} before, {losses[best]:.4g} after {best} steps, the best" in said
    assert f"{losses[8]:.4g} after 8, the last; the {take} are taken" in said
    assert "8 steps of 4: about " in said


def test_a_dry_run_says_what_it_will_take_and_trains_nothing(
    bundle: Bundle, pictures_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert finetune.finetune(options(bundle, pictures_directory, tmp_path, "--dry-run", "--price-hour", "3600"))
    said = capsys.readouterr().out
    assert "32 pictures to train on, 8 held out, 0 prior prompts" in said
    assert "an hour, without 8 evaluations" in said
    assert not list((tmp_path / "runs").rglob("*.pt"))


def test_a_run_stops_after_evaluations_without_a_better_loss(tmp_path: Path) -> None:
    losses = HeldOutLosses(tmp_path / "losses.json", patience=2)
    for steps, loss in ((0, 1.0), (10, 0.8), (20, 0.9)):
        losses.add(steps, loss)
        assert not losses.stops(steps)
    losses.add(30, 0.8)
    assert losses.stops(30)
    assert not losses.stops(20)
    assert HeldOutLosses(tmp_path / "losses.json", patience=2).stops(30)
    assert not HeldOutLosses(tmp_path / "losses.json", patience=0).stops(30)
    assert losses.best(30) == 10
    assert losses.best(5) is None


def test_a_run_that_stopped_early_stays_finished(bundle: Bundle, pictures_directory: Path, tmp_path: Path) -> None:
    asked = options(bundle, pictures_directory, tmp_path, "--learning-rate", "0", "--patience", "2")
    for _ in range(2):
        assert finetune.finetune(asked)
        assert torch.load(tmp_path / "runs" / "tiny" / "stage-c-lora.checkpoint.pt", weights_only=True)["step"] == 2


@pytest.mark.parametrize(("count", "least", "held_out"), [(40, 8, 8), (40, 100, 20), (40, 1, 1)])
def test_enough_is_held_out_and_never_more_than_half(
    pictures_directory: Path, count: int, least: int, held_out: int
) -> None:
    pictures = PictureSet(pictures_directory, 64)
    assert len(pictures.records) == count
    before = set(pictures.held_out.tolist())
    pictures.hold_out(least)
    assert len(pictures.held_out) == max(held_out, len(before))
    assert before <= set(pictures.held_out.tolist())
    drawn = pictures.draw(500, np.random.default_rng(0))
    assert not set(drawn.tolist()) & set(pictures.held_out.tolist())


def steered(bundle: Bundle, data: Path, tmp_path: Path, tuning: Tuning, rate: float = 0.0) -> tuple:
    plan = dataclasses.replace(TINY.train_c, steps=8, batch=8, learning_rate=rate)
    config, model = dataclasses.replace(TINY, train_c=plan), bundle.stage_c(TINY)
    add_lora(model, 4, 4)
    return finetune_run(config, bundle, model, PictureSet(data, 64), tmp_path / "run", "tuned", tuning), model


def test_prior_pictures_count_with_their_share(bundle: Bundle, pictures_directory: Path, tmp_path: Path) -> None:
    plain, _ = steered(bundle, pictures_directory, tmp_path / "a", Tuning())
    kept, _ = steered(
        bundle, pictures_directory, tmp_path / "b", Tuning(prior_prompts=("red dog", "blue house"), prior_share=0.25)
    )
    own, nothing = plain.loss(3, Share())
    both, figures = kept.loss(3, Share())
    assert nothing == {}
    assert both.item() == pytest.approx(0.75 * own.item() + 0.25 * figures["prior_loss"], rel=1e-5)
    assert np.load(tmp_path / "b" / "run" / "prior-latents.npy").shape == (2, 16, 4, 4)


def test_a_small_share_of_prior_pictures_takes_one_a_batch(
    bundle: Bundle, pictures_directory: Path, tmp_path: Path
) -> None:
    plain, _ = steered(bundle, pictures_directory, tmp_path / "a", Tuning())
    kept, _ = steered(bundle, pictures_directory, tmp_path / "b", Tuning(prior_prompts=("red dog",), prior_share=0.01))
    both, figures = kept.loss(3, Share())
    assert both.item() == pytest.approx(
        0.99 * plain.loss(3, Share())[0].item() + 0.01 * figures["prior_loss"], rel=1e-5
    )


def test_prior_latents_are_what_the_base_draws_for_the_prompts(
    bundle: Bundle, pictures_directory: Path, tmp_path: Path
) -> None:
    steered(bundle, pictures_directory, tmp_path, Tuning(prior_prompts=("red dog",), prior_share=0.5))
    noise = torch.randn((1, 16, 4, 4), generator=torch.Generator().manual_seed(0))
    expected = bundle.latents(["red dog"], noise, TINY)
    kept = torch.from_numpy(np.load(tmp_path / "run" / "prior-latents.npy")).float()
    assert (kept - expected).abs().max() < 0.02 * expected.abs().max()


def test_mirrored_pictures_are_seen_half_of_the_time(bundle: Bundle, pictures_directory: Path, tmp_path: Path) -> None:
    plain, _ = steered(bundle, pictures_directory, tmp_path / "a", Tuning())
    flipped, _ = steered(bundle, pictures_directory, tmp_path / "b", Tuning(flip=True))
    straight, turned = (np.load(tmp_path / "b" / "run" / f"stage-c-latents{end}.npy") for end in ("", "-mirrored"))
    assert straight.shape == turned.shape
    assert not np.array_equal(straight, turned)
    assert plain.loss(3, Share())[0].item() != flipped.loss(3, Share())[0].item()


def masked(pictures_directory: Path, directory: Path, mask: np.ndarray) -> Path:
    """The set again, every picture with this mask (64, 64)."""
    shutil.copytree(pictures_directory, directory)
    (directory / "masks.u8").write_bytes(np.repeat(mask[None], 40, 0).astype(np.uint8).tobytes())
    return directory


def test_what_a_mask_leaves_out_counts_as_much_as_the_floor_says(
    bundle: Bundle, pictures_directory: Path, tmp_path: Path
) -> None:
    left = np.zeros((64, 64))
    left[:, :32] = 255
    plain, _ = steered(bundle, pictures_directory, tmp_path / "plain", Tuning())
    sets = {
        "white": masked(pictures_directory, tmp_path / "w", np.full((64, 64), 255)),
        "black": masked(pictures_directory, tmp_path / "b", np.zeros((64, 64))),
        "left": masked(pictures_directory, tmp_path / "l", left),
    }
    asked = [("white", 0.1), ("black", 0.1), ("left", 1.0), ("left", 0.1), ("left", 0.0), ("black", 0.0)]
    runs = [
        steered(bundle, sets[name], tmp_path / f"{name}{floor}", Tuning(mask_floor=floor))[0] for name, floor in asked
    ]
    losses = [run.loss(3, Share())[0].item() for run in runs]
    whole = plain.loss(3, Share())[0].item()
    # What counts alike everywhere counts as without a mask, but for pictures of which nothing counts.
    assert losses[:3] == [pytest.approx(whole, rel=1e-5)] * 3
    assert losses[-1] == 0
    assert len({whole, *losses[3:5]}) == 3
    cells = cell_weights(PictureSet(sets["left"], 64), np.array([0, 5]), 16, 0.1)
    assert cells.shape == (2, 1, 4, 4)
    assert np.allclose(cells[1, 0, 2], [1, 1, 0.1, 0.1])


def test_cells_that_do_not_count_change_no_error() -> None:
    wanted, predicted = torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4)
    predicted[..., 2:] = 9
    cells = torch.zeros(2, 1, 4, 4)
    cells[..., :2] = 0.5
    assert picture_errors(predicted, wanted, cells).tolist() == pytest.approx([1, 1])
    assert picture_errors(predicted, wanted).tolist() == pytest.approx([41, 41])


def test_samples_and_the_base_stand_on_the_sheet(bundle: Bundle, pictures_directory: Path, tmp_path: Path) -> None:
    run, model = steered(bundle, pictures_directory, tmp_path / "a", Tuning())
    more, other = steered(bundle, pictures_directory, tmp_path / "b", Tuning(samples=("a red house", "a cat")))
    for own, stage_c in ((run, model), (more, other)):
        stage_c.eval()
        with torch.no_grad():
            own.evaluate(0)
    sizes = [Image.open(tmp_path / name / "run" / "tuned.png").size for name in ("a", "b")]
    assert sizes[0][0] == sizes[1][0]
    row = sizes[0][1] // 4
    assert sizes[1][1] == pytest.approx(6 * row, abs=8)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--prior-share", "1"], "--prior-share is 1: at least 0 and below 1"),
        (["--prior-prompts", "none.txt"], "--prior-prompts: none.txt does not exist"),
        (["--prior-prompts", os.devnull], "--prior-prompts: /dev/null holds no prompt: write one a line, or leave"),
    ],
)
def test_a_prior_that_does_not_do_is_named(
    bundle: Bundle, pictures_directory: Path, tmp_path: Path, more: list[str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        finetune.finetune(options(bundle, pictures_directory, tmp_path, *more))


def test_the_help_says_which_layers_adapters_stand_beside() -> None:
    said = finetune.parser().format_help()
    assert "beside all Linears of Stage C's blocks and of its pooled text" in " ".join(said.split())
    assert "attention" not in said


def test_steps_follow_the_number_of_pictures_where_none_are_asked_for() -> None:
    assert steps_of(34, 16) == 1000
    assert steps_of(60, 16) == 1500
    assert steps_of(5000, 16) == 2000
    assert finetune.parser().parse_args(["--bundle", "b", "--data", "d", "--runs", "r"]).steps is None
