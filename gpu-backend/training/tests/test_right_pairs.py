"""After any change of the set, of a stage or of a setting, a folder of earlier runs gives what an empty folder
gives.
"""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import CONFIGS
from torch import nn

from wuerstchen.config import Config, RecolourConfig, load_config
from wuerstchen.models.build import new_compressor, new_direct_decoder, new_stage_a, new_stage_b
from wuerstchen.train import train_stage
from wuerstchen.training.data import PictureSet
from wuerstchen.training.precompute import compact_latents, recoloured_latents, stage_a_latents
from wuerstchen.training.sources import text_encoder_directory
from wuerstchen.training.text_states import TextStates, text_states

SIDE, PIXELS = 64, 64 * 64 * 3


@dataclasses.dataclass
class Work:
    """What a user has: a configuration, a prepared set, and trained stages in the runs folder."""

    config: Config
    data: Path
    runs: Path

    def records(self) -> list[dict]:
        return [json.loads(line) for line in (self.data / "records.jsonl").read_text().splitlines()]

    def images(self) -> np.ndarray:
        return np.fromfile(self.data / "images.rgb", np.uint8).reshape(-1, PIXELS)

    def write(self, records: list[dict], images: np.ndarray) -> None:
        (self.data / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
        images.tofile(self.data / "images.rgb")

    def train(self, name: str, seed: int) -> None:
        """Weights of a finished stage, random ones of this seed."""
        torch.manual_seed(seed)
        parts: dict[str, dict[str, Callable[[Config], nn.Module]]] = {
            "stage-a": {"stage_a": new_stage_a},
            "stage-b": {
                "stage_b": new_stage_b,
                **({"compressor": new_compressor} if self.config.compressor is None else {}),
            },
            "compressor": {"compressor": new_compressor, "direct_decoder": new_direct_decoder},
        }
        modules = nn.ModuleDict({part: new(self.config) for part, new in parts[name].items()})
        torch.save(modules.state_dict(), self.runs / f"{name}.pt")

    def stages(self) -> tuple[str, ...]:
        return ("stage-a", "stage-b") if self.config.compressor is None else ("stage-a", "compressor", "stage-b")


def work(config_name: str, pictures_directory: Path, folder: Path) -> Work:
    config = load_config(CONFIGS / config_name)
    curriculum = dataclasses.replace(
        config.curriculum_c, styles=("flat",), concepts=tuple(f"thing {n}" for n in range(4))
    )
    (folder / "unseen.txt").write_text("green thing\n")
    recolour = RecolourConfig(share=0.1, unseen=str(folder / "unseen.txt"))
    made = Work(
        dataclasses.replace(config, curriculum_c=curriculum, recolour_c=recolour), folder / "data", folder / "runs"
    )
    shutil.copytree(pictures_directory, made.data)
    made.runs.mkdir()
    records = made.records()
    for number in range(4):  # names without a colour, which are recoloured
        records[number] |= {"label": f"thing {number}", "held_out": False}
    made.write(records, made.images())
    for seed, name in enumerate(made.stages()):
        made.train(name, seed)
    return made


def trained_pairs(given: Work, runs: Path) -> list[tuple[np.ndarray, ...]]:
    """Of each picture and each recoloured copy: latents, and states and mask of all its captions, as training reads
    them.
    """
    pictures = PictureSet(given.data, SIDE)
    latents = compact_latents(given.config, pictures, runs)
    recoloured = recoloured_latents(given.config, pictures, runs)
    captions = [*[record.texts for record in pictures.records], *[item.captions for item in recoloured.items]]
    text = text_states(given.config, captions, runs, text_encoder_directory())
    stage_a = stage_a_latents(given.config, pictures, runs)
    count = len(pictures.records)
    assert len(recoloured.items) > 0
    return [
        *[(stage_a[n], latents[n], *_states(text, n)) for n in range(count)],
        *[(recoloured.latents[n], *_states(text, count + n)) for n in range(len(recoloured.items))],
    ]


def _states(text: TextStates, row: int) -> tuple[np.ndarray, ...]:
    states, mask = text.batch([*text.rows[row], text.empty])
    return states.numpy(), mask.numpy()


def correct_a_caption(given: Work) -> None:
    records = given.records()
    records[5]["captions"][0] = "a blue square in a corner"
    given.write(records, given.images())


def remove_a_picture(given: Work) -> None:
    given.write(given.records()[1:], given.images()[1:])


def add_a_picture(given: Work) -> None:
    record = {
        **given.records()[7],
        "id": "squares/new",
        "label": "new",
        "captions": ["a new thing, flat", "flat new thing", "new thing"],
    }
    given.write([*given.records(), record], np.concatenate([given.images(), 255 - given.images()[:1]]))


def reorder(given: Work) -> None:
    given.write(given.records()[::-1], given.images()[::-1])


def describe_a_picture(given: Work) -> None:
    records = given.records()
    records[3]["description"] = "a square, mostly red and blue at the top, on a white ground"
    given.write(records, given.images())


def swap_two_captions(given: Work) -> None:
    records = given.records()
    records[2]["captions"], records[9]["captions"] = records[9]["captions"], records[2]["captions"]
    given.write(records, given.images())


def repaint_a_picture(given: Work) -> None:
    """Its file was replaced; its name and captions stay."""
    images = given.images()
    images[3] = 255 - images[3]
    given.write(given.records(), images)


def retrain_stage_a(given: Work) -> None:
    given.train("stage-a", 77)


def retrain_the_compressor(given: Work) -> None:
    given.train("stage-b" if given.config.compressor is None else "compressor", 78)


def lower_the_limit_of_tokens(given: Work) -> None:
    given.config = dataclasses.replace(given.config, text=dataclasses.replace(given.config.text, tokens_max=4))


def keep_another_colour_unseen(given: Work) -> None:
    """As many recoloured pictures as before, of other colours."""
    Path(given.config.recolour_c.unseen).write_text("red thing\n")


CHANGES = (
    correct_a_caption,
    remove_a_picture,
    add_a_picture,
    reorder,
    describe_a_picture,
    swap_two_captions,
    repaint_a_picture,
    retrain_stage_a,
    retrain_the_compressor,
    lower_the_limit_of_tokens,
    keep_another_colour_unseen,
)


@pytest.mark.parametrize("config_name", ["tiny.toml", "tiny-alpha.toml"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_warm_folder_gives_the_pairs_of_an_empty_one(
    config_name: str, change: Callable[[Work], None], pictures_directory: Path, tmp_path: Path
) -> None:
    given = work(config_name, pictures_directory, tmp_path)
    before = trained_pairs(given, given.runs)
    change(given)
    empty = tmp_path / "empty"
    empty.mkdir()
    for name in given.stages():
        shutil.copy(given.runs / f"{name}.pt", empty)
    fresh, warm = trained_pairs(given, empty), trained_pairs(given, given.runs)
    assert not equal(before, fresh)  # the change is one that matters
    assert equal(warm, fresh)


@pytest.mark.parametrize(
    "change", [correct_a_caption, repaint_a_picture, retrain_the_compressor], ids=lambda change: change.__name__
)
def test_a_run_that_goes_on_says_what_changed_under_it(
    change: Callable[[Work], None], pictures_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = work("tiny.toml", pictures_directory, tmp_path)
    given.config = dataclasses.replace(
        given.config, text=dataclasses.replace(given.config.text, width=384)
    )  # the real encoder's

    def said(steps: int) -> str:
        config = dataclasses.replace(given.config, train_c=dataclasses.replace(given.config.train_c, steps=steps))
        assert train_stage("c", config, PictureSet(given.data, SIDE), given.runs)
        return " ".join(capsys.readouterr().out.split())

    assert "changed since" not in said(2) + said(3)
    change(given)
    name = {correct_a_caption: "captions", repaint_a_picture: "pictures", retrain_the_compressor: "compressor"}[change]
    assert f"stage-c: {name} changed since step 3; the run is finished and learns nothing of it." in said(3)
    assert f"stage-c: {name} changed since step 3; the run goes on with the new ones." in said(4)
    assert "changed since" not in said(5)


def equal(left: list[tuple[np.ndarray, ...]], right: list[tuple[np.ndarray, ...]]) -> bool:
    if len(left) != len(right):
        return False
    return all(
        np.array_equal(a, b) for row, other in zip(left, right, strict=True) for a, b in zip(row, other, strict=True)
    )
