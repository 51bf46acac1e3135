"""The command that marks a model, and the bundle that comes of it."""

import json
import sys
from pathlib import Path

import pytest
import torch
from conftest import CONFIGS

from wuerstchen import mark
from wuerstchen.config import Config, load_config
from wuerstchen.export import bundle as export_bundle
from wuerstchen.export.graphs import Stages, bundle_graphs
from wuerstchen.export.tiny import tiny_stages
from wuerstchen.export.weights import runs_weights
from wuerstchen.marking.extractor import Extractor
from wuerstchen.marking.training import load_marked
from wuerstchen.models.build import load_stage_a, load_state
from wuerstchen.training.data import PictureSet

TINY = CONFIGS / "tiny.toml"


def command(monkeypatch: pytest.MonkeyPatch, data: Path, runs: Path, *more: str) -> None:
    options = ["--config", str(TINY), "--data", str(data), "--runs", str(runs), "--batch", "4", "--unmarked", "8"]
    monkeypatch.setattr(sys, "argv", ["mark", *options, *more])
    mark.main()


def test_a_finished_stage_a_is_marked_and_its_latents_stay_what_they_were(
    rehearsed: tuple[PictureSet, Path], fresh_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_config(TINY)
    with pytest.raises(FileNotFoundError, match=r"mark\.pt does not exist: train mark first"):
        load_marked(config, fresh_runs)
    command(monkeypatch, rehearsed[0].directory, fresh_runs.parent, "--steps", "2")
    before, (stage_a, extractor) = load_stage_a(config, fresh_runs), load_marked(config, fresh_runs)
    image = torch.rand(2, 3, 64, 64)
    assert torch.equal(stage_a.encode(image), before.encode(image))
    assert not torch.equal(stage_a.decode(stage_a.encode(image)), before.decode(before.encode(image)))
    assert extractor(image).shape == (2, 33)
    report = json.loads((fresh_runs / "mark.json").read_text())
    assert report["pictures"] == len(rehearsed[0].held_out)
    assert sum(report["histogram"]) == report["readings"] == 8
    assert any(name.startswith("mark/extractor.") for name in runs_weights(fresh_runs))


def test_a_stopped_training_goes_on_to_the_same_weights(
    rehearsed: tuple[PictureSet, Path], fresh_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, halves = fresh_runs, tmp_path / "halves" / "tiny"
    halves.mkdir(parents=True)
    (halves / "stage-a.pt").write_bytes((whole / "stage-a.pt").read_bytes())
    data = rehearsed[0].directory
    command(monkeypatch, data, whole.parent, "--steps", "4")
    with monkeypatch.context() as stopping:
        stopping.setattr("wuerstchen.training.loop.StopRequest.asked", True)
        with pytest.raises(SystemExit, match="130"):
            command(stopping, data, halves.parent, "--steps", "4")
    command(monkeypatch, data, halves.parent, "--steps", "4")
    assert all(
        torch.equal(tensor, load_state(halves / "mark.pt")[key])
        for key, tensor in load_state(whole / "mark.pt").items()
    )


def test_a_mark_of_another_stage_a_is_refused(
    rehearsed: tuple[PictureSet, Path], fresh_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(monkeypatch, rehearsed[0].directory, fresh_runs.parent, "--steps", "1")
    other = load_state(fresh_runs / "stage-a.pt")
    torch.save({name: tensor + 1 for name, tensor in other.items()}, fresh_runs / "stage-a.pt")
    with pytest.raises(ValueError, match="marks another Stage A: train the mark again, or delete it"):
        load_marked(load_config(TINY), fresh_runs)


def test_a_mark_that_lacks_the_carriers_it_was_trained_with_is_refused(
    rehearsed: tuple[PictureSet, Path], fresh_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of 0.3 and before: other carriers would read noise in their pictures."""
    command(monkeypatch, rehearsed[0].directory, fresh_runs.parent, "--steps", "1")
    kept = {name: tensor for name, tensor in load_state(fresh_runs / "mark.pt").items() if name != "extractor.bits"}
    torch.save(kept, fresh_runs / "mark.pt")
    with pytest.raises(ValueError, match=r"mark\.pt holds another network than the configuration describes"):
        load_marked(load_config(TINY), fresh_runs)


def test_a_mark_is_drawn_where_an_export_asks_for_it_and_kept_among_the_weights_by_every_export(
    rehearsed: tuple[PictureSet, Path], fresh_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn, languages = [], []

    def trained_stages(config: Config, runs: Path, with_mark: bool) -> None:
        drawn.append(load_marked(config, runs) if with_mark else None)

    def write_bundle(config: Config, stages: None, tokenizer: Path, out: Path, created: str) -> dict:
        out.mkdir()
        return {}

    def export(out: Path, *more: str) -> None:
        options = ["--config", str(TINY), "--out", str(out), "--created", "2026-11-28", *more]
        monkeypatch.setattr(sys, "argv", ["bundle", *options])
        export_bundle.main()

    for name, instead in (
        ("trained_stages", trained_stages),
        ("write_bundle", write_bundle),
        ("take_language", lambda bundle, runs: languages.append(bundle)),
    ):
        monkeypatch.setattr(export_bundle, name, instead)
    command(monkeypatch, rehearsed[0].directory, fresh_runs.parent, "--steps", "1")
    export(tmp_path / "plain", "--runs", str(fresh_runs.parent))
    export(tmp_path / "again", "--from", str(tmp_path / "plain"))
    export(tmp_path / "marked", "--from", str(tmp_path / "again"), "--with-mark")
    assert drawn[:2] == [None, None]
    assert languages == [tmp_path / "plain", tmp_path / "again"]
    for name, tensor in load_marked(load_config(TINY), fresh_runs)[1].state_dict().items():
        assert torch.allclose(drawn[2][1].state_dict()[name], tensor, rtol=1e-3, atol=1e-4)


def test_runs_with_a_mark_are_judged_and_exported_without_it_unless_that_is_asked_for(
    rehearsed: tuple[PictureSet, Path], fresh_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(monkeypatch, rehearsed[0].directory, fresh_runs.parent, "--steps", "1")
    monkeypatch.setattr(export_bundle, "load_part", lambda *of: None)  # the other stages, which are not trained here
    config, latent = load_config(TINY), torch.randn(1, 4, 8, 8)
    plain, marked = (export_bundle.trained_stages(config, fresh_runs, with_mark=asked) for asked in (False, True))
    assert plain.extractor is None
    assert marked.extractor is not None
    unmarked = load_stage_a(config, fresh_runs).decode(latent)
    assert torch.equal(export_bundle.trained_stages(config, fresh_runs).stage_a.decode(latent), unmarked)
    assert not torch.equal(marked.stage_a.decode(latent), unmarked)


def test_without_a_stage_a_it_says_in_one_sentence_what_is_missing(
    rehearsed: tuple[PictureSet, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit, match=r"^mark: .*stage-a\.pt does not exist: train stage-a first$"):
        command(monkeypatch, rehearsed[0].directory, tmp_path)


def test_the_extractor_is_a_graph_of_a_marked_bundle_alone() -> None:
    config = load_config(TINY)
    stages = tiny_stages(config)
    assert "mark" not in {graph.key for graph in bundle_graphs(config, stages)}
    marked = Stages(**{**vars(stages), "extractor": Extractor().eval()})
    graph = {graph.key: graph for graph in bundle_graphs(config, marked)}["mark"]
    assert (graph.inputs[0].shape, graph.outputs[0].shape) == (("b", 3, "16*h", "16*w"), ("b", 33))
