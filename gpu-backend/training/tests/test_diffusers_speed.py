"""What `npm run bench:diffusers` compares with: the checkpoint that it saves, and the process that answers it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from test_published_command import TRAINING

from wuerstchen.evaluation.answer_orders import Order
from wuerstchen.evaluation.diffusers_speed import Pipelines
from wuerstchen.published.bundle.checkpoint import Choice
from wuerstchen.published.bundle.diffusers_folders import CLASSES, open_checkpoint

ORDER: Order = {
    "prompt": "red cat, dog",
    "negativePrompt": "",
    "height": 128,
    "width": 128,
    "steps": 2,
    "stepsB": 2,
    "guidanceScale": 4,
    "batch": 2,
    "seed": 7,
}


@pytest.fixture(scope="module", params=CLASSES)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp(request.param)
    run = [
        sys.executable,
        "-m",
        "wuerstchen.evaluation.diffusers_checkpoint",
        request.param,
        "--size",
        "tiny",
        "--out",
        out,
    ]
    subprocess.run(run, cwd=TRAINING, check=True, capture_output=True)
    return out


def test_the_saved_checkpoint_can_be_imported(folder: Path) -> None:
    checkpoint = open_checkpoint(folder / "decoder", folder / "decoder-prior", Choice())
    assert folder.name.startswith(checkpoint.family)


def test_a_step_is_what_the_pipeline_itself_runs_and_stays_finite(folder: Path) -> None:
    pipelines = Pipelines(folder)
    with torch.inference_mode():
        steps = [pipelines.step(ORDER | {"measure": stage})() for stage in ("stageC", "stageB")]
        pictures = pipelines.picture(ORDER)
    noises = [step if isinstance(step, torch.Tensor) else step[0] for step in steps]
    assert [len(noise) for noise in noises] == [4, 2]  # guidance doubles the rows of Stage C alone
    assert all(noise.isfinite().all() for noise in noises)
    assert [picture.size for picture in pictures] == [(128, 128)] * 2


def test_every_order_is_answered_by_a_time_and_the_memory_so_far(folder: Path) -> None:
    orders = "".join(json.dumps(ORDER | {"measure": measure}) + "\n" for measure in ("stageC", "stageB", "picture"))
    run = [sys.executable, "-m", "wuerstchen.evaluation.diffusers_speed", "--folder", folder]
    answered = subprocess.run(run, cwd=TRAINING, input=orders, check=True, capture_output=True, text=True).stdout
    answers = [json.loads(line) for line in answered.splitlines()]
    assert len(answers) == 3
    assert all(answer["milliseconds"] > 0 and answer["peakBytes"] > 100e6 for answer in answers)
