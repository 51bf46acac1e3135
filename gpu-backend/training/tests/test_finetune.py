import dataclasses
import shutil
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from tiny_bundle import TINY, TRAINING, predicted

from wuerstchen import finetune as command
from wuerstchen.export.open_bundle import KPI_FILE, Bundle
from wuerstchen.finetuning.stage_c import finetune_run
from wuerstchen.models.build import load_part, new_stage_c
from wuerstchen.models.lora import add_lora
from wuerstchen.pictures.prepare import Settings, prepare
from wuerstchen.training.data import PictureSet
from wuerstchen.training.distributed import Share
from wuerstchen.training.loop import StageRun, train


@torch.no_grad()
def mean_loss(run: StageRun) -> float:
    """Over 20 batches with randomness that training did not see."""
    return float(np.mean([run.loss(step, Share())[0].item() for step in range(1000, 1020)]))


@pytest.mark.parametrize("method", ["lora", "full"])
def test_training_lowers_the_loss_and_lora_leaves_the_base_as_it_was(
    bundle: Bundle, pictures_directory: Path, tmp_path: Path, method: str
) -> None:
    plan = dataclasses.replace(TINY.train_c, steps=60, batch=8, learning_rate=1e-2, ema_decay=0.9)
    config, model = dataclasses.replace(TINY, train_c=plan), bundle.stage_c(TINY)
    if method == "lora":
        add_lora(model, rank=4, alpha=4)
    run = finetune_run(config, bundle, model, PictureSet(pictures_directory, 64), tmp_path, "tuned")
    before = mean_loss(run)
    assert train(run, plan, tmp_path)
    state = torch.load(tmp_path / "tuned.pt", weights_only=True)
    model.load_state_dict({name.removeprefix("stage_c."): tensor for name, tensor in state.items()})
    assert mean_loss(run) < 0.92 * before
    base = bundle.stage_c_state()
    kept = {
        name.removeprefix("stage_c.").replace("parametrizations.weight.original", "weight"): t
        for name, t in state.items()
    }
    unchanged = {name for name, tensor in base.items() if torch.equal(kept[name], tensor)}
    assert unchanged == (base.keys() if method == "lora" else set())
    assert (tmp_path / "tuned.png").stat().st_size > 0


def options(base: Bundle, data: Path, tmp_path: Path, **changes: object) -> Namespace:
    paths = [
        "--bundle",
        str(base.directory),
        "--data",
        str(data),
        "--runs",
        str(tmp_path / "runs"),
        "--steps",
        "4",
        "--batch",
        "4",
    ]
    return Namespace(
        **{**vars(command.parser().parse_args([*paths, "--merge", "--out", str(tmp_path / "mine")])), **changes}
    )


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_tuned_bundle_differs_in_stage_c_alone(
    bundle: Bundle, pictures_directory: Path, tmp_path: Path, method: str
) -> None:
    assert command.finetune(options(bundle, pictures_directory, tmp_path, method=method, learning_rate=1e-2))
    tuned = Bundle(tmp_path / "mine")
    # All but the figures of the base, which a tuned bundle does not carry.
    names = {path.name for path in bundle.directory.iterdir()} - {KPI_FILE}
    same = {name for name in names if (bundle.directory / name).read_bytes() == (tuned.directory / name).read_bytes()}
    assert names - same == {
        "model.json",
        "stage-c.onnx",
        "text-conditioner.onnx",
    }
    assert tuned.manifest["id"] == "mine"
    assert tuned.manifest["revision"] != bundle.manifest["revision"]
    merged = load_part(tmp_path / "runs" / "tiny", "stage-c", "stage_c", new_stage_c(TINY))
    assert (predicted(tuned.stage_c(TINY)) - predicted(merged)).abs().max() < 0.05 * predicted(merged).abs().max()
    assert "4 steps" in (tuned.directory / "MODEL_CARD.md").read_text()


def test_training_on_several_shapes_makes_a_bundle_that_offers_them(bundle: Bundle, tmp_path: Path) -> None:
    for number, size in enumerate([(64, 64), (64, 64), (96, 32), (96, 32), (96, 32)]):
        cells = np.random.default_rng(number).integers(0, 256, (5, 5, 3), np.uint8)
        (tmp_path / "from").mkdir(exist_ok=True)
        Image.fromarray(cells).resize(size, Image.Resampling.BICUBIC).save(tmp_path / "from" / f"{number}.png")
        (tmp_path / "from" / f"{number}.txt").write_text(f"cells {number}")
    prepare(tmp_path / "from", tmp_path / "set", Settings(64, ((64, 64), (96, 32)), 32, 6, 2, "own"))
    assert command.finetune(options(bundle, tmp_path / "set", tmp_path))
    assert Bundle(tmp_path / "mine").manifest["image"]["sizes"] == ["64x64", "96x32"]


def test_a_finished_run_gives_the_same_files_again_and_no_other_run_takes_its_place(
    bundle: Bundle, pictures_directory: Path, tmp_path: Path
) -> None:
    asked = options(bundle, pictures_directory, tmp_path, out=None)
    adapters = tmp_path / "runs" / "tiny" / "lora.safetensors"
    assert command.finetune(asked)
    first = load_file(adapters)
    assert command.finetune(asked)
    again = load_file(adapters)
    assert first.keys() == again.keys()
    assert all(torch.equal(first[name], again[name]) for name in first)
    with pytest.raises(ValueError, match=r"holds a training with rank 8: go on with that"):
        command.finetune(Namespace(**{**vars(asked), "rank": 4}))
    (tmp_path / "runs" / "tiny" / "finetune.json").unlink()
    with pytest.raises(ValueError, match="another training of Stage C"):
        command.finetune(asked)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learning_rate": 1e-4}, r"learning_rate 0\.002: go on"),
        ({"learning_rate": 0.0}, r"learning_rate 0\.002: go on"),
        ({"steps": 6}, "steps 4: go on"),
        ({"seed": 1}, "seed 0: go on"),
        ({"batch": 2}, "batch 4: go on"),
        ({"alpha": 4.0}, r"alpha 8\.0: go on"),
        ({"method": "full"}, "method lora, learning_rate"),
    ],
)
def test_a_training_with_another_setting_is_not_taken_for_the_one_that_lies_there(
    begun: Namespace, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        command.finetune(Namespace(**{**vars(begun), **changes}))


def test_a_training_on_repainted_pictures_or_by_another_plan_is_another_one(begun: Namespace, tmp_path: Path) -> None:
    data = Path(shutil.copytree(begun.data, tmp_path / "set"))
    pixels = (data / "images.rgb").read_bytes()
    (data / "images.rgb").write_bytes(bytes([pixels[0] ^ 255]) + pixels[1:])
    with pytest.raises(ValueError, match="holds a training with data"):
        command.finetune(Namespace(**{**vars(begun), "data": data}))
    plan = (
        (TRAINING / "configs" / "tiny.toml").read_text().replace("[train_c]\n", '[train_c]\nprecision = "bfloat16"\n')
    )
    (tmp_path / "other.toml").write_text(plan)
    with pytest.raises(ValueError, match="holds a training with config"):
        command.finetune(Namespace(**{**vars(begun), "config": tmp_path / "other.toml"}))


@pytest.fixture(scope="module")
def begun(bundle: Bundle, pictures_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Namespace:
    """The options of a training that is finished: 4 steps of LoRA at the defaults."""
    asked = options(bundle, pictures_directory, tmp_path_factory.mktemp("begun"), out=None)
    assert command.finetune(asked)
    return asked


def test_a_learning_rate_of_zero_changes_no_weight(bundle: Bundle, pictures_directory: Path, tmp_path: Path) -> None:
    assert command.finetune(options(bundle, pictures_directory, tmp_path, method="full", learning_rate=0.0, out=None))
    merged = load_part(tmp_path / "runs" / "tiny", "stage-c", "stage_c", new_stage_c(TINY))
    assert torch.equal(predicted(merged), predicted(bundle.stage_c(TINY)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rank": 99}, "--rank is 99: at most the width of Stage C, 32"),
        ({"out": Path("My Model")}, "model id 'My Model'"),
        ({"bundle": Path("nowhere")}, "nowhere is no model bundle"),
    ],
)
def test_what_was_asked_wrongly_is_named_before_training(
    bundle: Bundle, pictures_directory: Path, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises((ValueError, OSError), match=message):
        command.finetune(options(bundle, pictures_directory, tmp_path, **changes))
    assert not (tmp_path / "runs").exists()


def test_a_tuned_bundle_is_tuned_again_without_its_configuration_being_named(
    bundle: Bundle, pictures_directory: Path, tmp_path: Path
) -> None:
    assert command.finetune(options(bundle, pictures_directory, tmp_path, merge=False))
    tuned = Bundle(tmp_path / "mine")
    again = options(tuned, pictures_directory, tmp_path, runs=tmp_path / "again", out=tmp_path / "finer", merge=False)
    assert command.finetune(again)
    finer = Bundle(tmp_path / "finer")
    assert len({bundle.manifest["revision"], tuned.manifest["revision"], finer.manifest["revision"]}) == 3
    assert (finer.directory / "training.toml").read_bytes() == (TRAINING / "configs" / "tiny.toml").read_bytes()
