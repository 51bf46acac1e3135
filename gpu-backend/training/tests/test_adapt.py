"""Adapters of finished trainings: their strengths, several at once, and the bundle that `adapt` writes."""

import shutil
from pathlib import Path

import pytest
import torch
from tiny_bundle import TINY, predicted

from wuerstchen import adapt
from wuerstchen.export.open_bundle import KPI_FILE, Bundle
from wuerstchen.models.lora import add_lora, apply_lora, load_lora, merge_lora, save_lora


def adapters(bundle: Bundle, path: Path, seed: int) -> Path:
    model = bundle.stage_c(TINY)
    add_lora(model, 3, 6)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.05)
    save_lora(model, path, {"revision": bundle.manifest["revision"]})
    return path


def test_strength_scales_adapters_and_several_add_up(bundle: Bundle, tmp_path: Path) -> None:
    one, two = (adapters(bundle, tmp_path / f"{seed}.safetensors", seed) for seed in (1, 2))
    base, merged = bundle.stage_c(TINY).state_dict(), bundle.stage_c(TINY)
    load_lora(merged, one)
    merge_lora(merged)
    sums = []
    for files in (
        ((one, 1.0),),
        ((one, 0.5), (one, 0.5)),
        ((one, 0.0),),
        ((one, 1.0), (two, -0.7)),
        ((two, -0.7), (one, 1.0)),
    ):
        model = bundle.stage_c(TINY)
        for path, strength in files:
            apply_lora(model, path, strength)
        sums.append(model.state_dict())
    for name, weight in merged.state_dict().items():
        assert torch.allclose(sums[0][name], weight, atol=1e-6)
        assert torch.allclose(sums[1][name], weight, atol=1e-6)
        assert torch.equal(sums[2][name], base[name])
        assert torch.allclose(sums[3][name], sums[4][name], atol=1e-6)


def test_a_bundle_with_two_adapters_is_written_by_one_command(bundle: Bundle, tmp_path: Path) -> None:
    one, two = (adapters(bundle, tmp_path / f"{seed}.safetensors", seed) for seed in (1, 2))
    base = ["--bundle", str(bundle.directory), "--out", str(tmp_path / "both")]
    adapt.adapt(adapt.parser().parse_args([*base, "--adapter", f"{one}=0.8", "--adapter", str(two)]))
    made, expected = Bundle(tmp_path / "both"), bundle.stage_c(TINY)
    apply_lora(expected, one, 0.8)
    apply_lora(expected, two, 1.0)
    assert (predicted(made.stage_c(TINY)) - predicted(expected)).abs().max() < 0.05 * predicted(expected).abs().max()
    assert "1 at 0.8, 2 at 1" in made.manifest["description"]


def test_a_tuned_bundle_does_not_carry_the_figures_of_its_base(bundle: Bundle, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(bundle.directory, base)
    (base / KPI_FILE).write_text("{}", encoding="utf-8")
    one = adapters(bundle, tmp_path / "1.safetensors", 1)
    options = ["--bundle", str(base), "--out", str(tmp_path / "tuned"), "--adapter", str(one)]
    adapt.adapt(adapt.parser().parse_args(options))
    assert (tmp_path / "tuned" / "model.json").exists()
    assert not (tmp_path / "tuned" / KPI_FILE).exists()


def test_a_model_with_an_adapter_is_called_so_whatever_its_folder_is(bundle: Bundle, tmp_path: Path) -> None:
    own = adapters(bundle, tmp_path / "ink.safetensors", 1)
    asked = ["--bundle", str(bundle.directory), "--adapter", f"{own}=0.8", "--id", "tiny+ink:0.8", "--out"]
    for name in ("Tiny Ink 0.8", "again"):
        adapt.adapt(adapt.parser().parse_args([*asked, str(tmp_path / name)]))
    first, again = (Bundle(tmp_path / name).manifest for name in ("Tiny Ink 0.8", "again"))
    assert (first["id"], first["name"]) == ("tiny+ink:0.8", "tiny+ink:0.8")
    assert first["revision"] == again["revision"] != bundle.manifest["revision"]


@pytest.mark.parametrize("name", ["tiny+ink:1", "tiny+ink:0.83", "tiny+ink:2", "tiny:0.8", "Tiny", "tiny+ink+two"])
def test_an_id_that_no_service_takes_is_refused(bundle: Bundle, tmp_path: Path, name: str) -> None:
    own = adapters(bundle, tmp_path / "ink.safetensors", 1)
    asked = ["--bundle", str(bundle.directory), "--adapter", str(own), "--id", name, "--out", str(tmp_path / "new")]
    with pytest.raises(ValueError, match="MODEL or MODEL"):
        adapt.adapt(adapt.parser().parse_args(asked))
    assert not (tmp_path / "new").exists()


def test_an_adapter_that_changes_nothing_makes_no_second_bundle_of_one_revision(bundle: Bundle, tmp_path: Path) -> None:
    own = adapters(bundle, tmp_path / "ink.safetensors", 1)
    asked = ["--bundle", str(bundle.directory), "--adapter", f"{own}=0", "--out", str(tmp_path / "new")]
    with pytest.raises(ValueError, match="ink at 0 nothing of"):
        adapt.adapt(adapt.parser().parse_args(asked))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("adapter", "message"),
    [
        ("{}=5", "a number from -4 to 4"),
        ("{}=much", "a number from -4 to 4"),
        ("words.safetensors", "no file of adapters"),
    ],
)
def test_an_adapter_that_does_not_do_is_named(
    bundle: Bundle, tmp_path: Path, adapter: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("words.safetensors").write_text("words")
    path = adapters(bundle, tmp_path / "own.safetensors", 1)
    asked = ["--bundle", str(bundle.directory), "--out", str(tmp_path / "new"), "--adapter", adapter.format(path)]
    with pytest.raises(ValueError, match=message):
        adapt.adapt(adapt.parser().parse_args(asked))
    assert not (tmp_path / "new").exists()
