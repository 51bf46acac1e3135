"""What the parts of a published model that were found lack, have twice, or take."""

from dataclasses import replace
from pathlib import Path

import pytest
from published_reference import in_original_layout
from safetensors.torch import save_file
from test_published_layouts import Model, half, write_text

from wuerstchen.published.bundle.checkpoint import Choice
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.memory import need_of, require_room
from wuerstchen.published.bundle.open_source import Source, open_source


@pytest.fixture(scope="module")
def cascade() -> Model:
    return Model("cascade")


def test_what_a_folder_lacks_or_has_twice_is_named(cascade: Model, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="has no Stage C of this family"):
        open_source(Source((str(tmp_path),)), Choice())
    state = half(in_original_layout(cascade.prior.prior))
    for name in ("stage_c", "mine"):
        save_file(state, tmp_path / f"{name}.safetensors")
    with pytest.raises(CheckpointError, match=r"has Stage C more than once \(mine.safetensors, stage_c.safetensors\)"):
        open_source(Source((str(tmp_path),)), Choice())
    with pytest.raises(CheckpointError, match="has no Stage B of this family"):
        open_source(Source((str(tmp_path / "mine.safetensors"),)), Choice())


def test_what_an_import_takes_is_said_and_refused_where_there_is_less(cascade: Model, tmp_path: Path) -> None:
    save = {"stage_c": cascade.prior.prior, "stage_b": cascade.decoder.decoder, "stage_a": cascade.decoder.vqgan}
    for name, network in save.items():
        save_file(half(in_original_layout(network)), tmp_path / f"{name}.safetensors")
    write_text(tmp_path, cascade)
    need = need_of(open_source(Source((str(tmp_path),)), Choice()), "float16")
    name, weights = need.largest
    assert name == "stage_b"
    assert weights == sum(parameter.numel() for parameter in cascade.decoder.decoder.parameters())
    assert (need.memory_min, need.memory_max) == (600_000_000 + 8 * weights, 600_000_000 + 12 * weights)
    assert "of memory and 0.0 GB of disk; 0.7 GB and " in require_room(need, tmp_path / "new", 700_000_000)
    assert "of disk are free" in require_room(need, tmp_path / "new", None)
    with pytest.raises(CheckpointError, match=r"takes 0.6 to 0.6 GB of memory .*; 0.5 GB and .*--ignore-memory"):
        require_room(need, tmp_path / "new", 500_000_000)
    with pytest.raises(CheckpointError, match="Name a folder on a larger disk with --out"):
        require_room(replace(need, disk=10**18), tmp_path / "new", None)
