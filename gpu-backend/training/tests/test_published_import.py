"""Folders that `diffusers` saved become bundles that make what `diffusers` makes; what is wrong with a folder is
named.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import published_checkpoints
import pytest
import torch
from published_bundle_runner import BundleRunner
from rich.progress import Progress
from safetensors.torch import load_file, save_file
from torch import nn

from wuerstchen.published.bundle.checkpoint import Checkpoint, Choice
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.describe_bundle import About
from wuerstchen.published.bundle.diffusers_folders import open_checkpoint
from wuerstchen.published.bundle.export_graph import Target, export_graph
from wuerstchen.published.bundle.network_graphs import empty_text, plan_graphs
from wuerstchen.published.bundle.record import open_record
from wuerstchen.published.import_bundle import Order, import_bundle

ROOT = Path(__file__).resolve().parents[3]
GOLDEN, BUNDLES = ROOT / "test" / "golden", ROOT / "test" / "support" / "models"
sys.path.insert(0, str(GOLDEN))

import make_published_golden  # noqa: E402

# As committed, where the numbers come from another machine: as many steps, each amplified by the first.
LATENT_TOLERANCE, PIXEL_TOLERANCE = 1e-3, 1


def order(directory: Path, weights: str = "float16") -> Order:
    return Order(Choice(), About(directory.name, "2026-11-23", "random weights", ("128x128",)), directory, weights)


def quiet() -> Progress:
    return Progress(disable=True)


def opened(folders: tuple[Path, Path], choice: Choice = Choice()) -> Checkpoint:  # noqa: B008
    return open_checkpoint(*folders, choice)


def golden(family: str) -> dict:
    return json.loads((GOLDEN / f"published-{family}.json").read_text())


def decoded(case: dict, key: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(case[key]), dtype).astype(np.float32)


@pytest.mark.parametrize("family", published_checkpoints.FAMILIES)
def test_the_committed_bundle_makes_what_diffusers_makes(family: str) -> None:
    runner, content = BundleRunner(BUNDLES / f"tiny-{family}"), golden(family)
    assert runner.manifest["revision"] == content["revision"]
    for case in content["cases"]:
        latent = runner.latent(case)
        expected = decoded(case, "latentBase64", "<f4").reshape(latent.shape)
        assert np.abs(latent - expected).max() < LATENT_TOLERANCE
        stage_b, image = runner.paint(torch.from_numpy(expected), case["seed"])
        assert (
            np.abs(stage_b - decoded(case, "stageBLatentBase64", "<f4").reshape(stage_b.shape)).max() < LATENT_TOLERANCE
        )
        pixels = np.rint(image[0].permute(1, 2, 0).numpy() * 255)
        assert np.abs(pixels - decoded(case, "pixelsBase64", "u1").reshape(pixels.shape)).max() <= PIXEL_TOLERANCE


@pytest.mark.parametrize("family", published_checkpoints.FAMILIES)
def test_diffusers_still_makes_the_committed_golden_files(family: str) -> None:
    for made, case in zip(make_published_golden.make_cases(family), golden(family)["cases"], strict=True):
        for key in made.keys() - {"latentBase64", "stageBLatentBase64", "pixelsBase64"}:
            assert made[key] == case[key], key
        for key, dtype, tolerance in (
            ("latentBase64", "<f4", LATENT_TOLERANCE),
            ("stageBLatentBase64", "<f4", LATENT_TOLERANCE),
            ("pixelsBase64", "u1", 1),
        ):
            assert np.abs(decoded(made, key, dtype) - decoded(case, key, dtype)).max() <= tolerance, key


def cheap_export(graph: object, target: Target) -> object:
    """The real record, order and files around a graph that costs nothing."""
    from wuerstchen.published.bundle.export_graph import Written

    (target.directory / f"{target.name}.onnx").write_bytes(graph.key.encode())
    return Written((f"{target.name}.onnx",), target.weights, 99.0, target.precision)


@pytest.mark.parametrize("family", published_checkpoints.FAMILIES)
def test_the_golden_script_orders_what_is_committed(
    family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wuerstchen.published.import_bundle.export_graph", cheap_export)
    make_published_golden.make_bundle(family, tmp_path / f"tiny-{family}")
    made, committed = (
        json.loads((folder / f"tiny-{family}" / "model.json").read_text()) for folder in (tmp_path, BUNDLES)
    )
    assert made.pop("files").keys() == committed.pop("files").keys()
    assert made | {"revision": committed["revision"]} == committed


# Exports the graph with the most symbolic sizes, and prints its digest.
EXPORT = """
import hashlib, sys; from pathlib import Path
from wuerstchen.published.bundle.checkpoint import Choice
from wuerstchen.published.bundle.diffusers_folders import open_checkpoint
from wuerstchen.published.bundle.export_graph import Target, export_graph
from wuerstchen.published.bundle.network_graphs import plan_graphs
decoder, prior, out = map(Path, sys.argv[1:])
plan = next(plan for plan in plan_graphs(open_checkpoint(decoder, prior, Choice())) if plan.key == "stageBConditioner")
[file] = export_graph(plan.build(), Target(out, "graph")).files
print(hashlib.sha256((out / file).read_bytes()).hexdigest())
"""


def test_a_graph_is_the_same_file_whatever_the_order_of_pythons_sets(saved: Callable, tmp_path: Path) -> None:
    runs = []
    for seed in ("1", "2"):  # which order the names of the sizes differently
        folder = tmp_path / seed
        folder.mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / "gpu-backend" / "training")}
        command = [sys.executable, "-c", EXPORT, *map(str, saved("v2")), str(folder)]
        runs.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
    digests = [run.communicate()[0].split()[-1] for run in runs]
    assert len(set(digests)) == 1, digests


def test_the_revision_follows_from_the_sources_and_not_from_a_machines_bytes_or_a_folders_name(
    copied: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def imported(decoder: Path, prior: Path, name: str, weights: str = "float16", machine: bytes = b"") -> str:
        def export(graph: object, target: Target) -> object:
            written = cheap_export(graph, target)
            (target.directory / written.files[0]).write_bytes(graph.key.encode() + machine)
            return written

        monkeypatch.setattr("wuerstchen.published.import_bundle.export_graph", export)
        import_bundle(decoder, prior, order(tmp_path / name, weights), quiet())
        return json.loads((tmp_path / name / "model.json").read_text())["revision"]

    decoder, prior = copied
    first = imported(decoder, prior, "one")
    moved = decoder.rename(tmp_path / "moved")
    assert imported(moved, prior, "two", machine=b"last digits of another processor") == first
    assert imported(moved, prior, "three", weights="float32") != first
    file = moved / "decoder" / "diffusion_pytorch_model.safetensors"
    save_file({name: tensor + 1e-3 for name, tensor in load_file(file).items()}, file)
    assert imported(moved, prior, "four") != first


def test_a_source_that_changed_since_the_import_began_is_named(
    copied: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wuerstchen.published.import_bundle.export_graph", cheap_export)
    import_bundle(*copied, order(tmp_path / "bundle"), quiet())
    file = copied[1] / "prior" / "diffusion_pytorch_model.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(
        CheckpointError, match=r"prior/prior/diffusion_pytorch_model.safetensors is not what it was.*--restart"
    ):
        import_bundle(*copied, order(tmp_path / "bundle"), quiet())
    with pytest.raises(CheckpointError, match=r"began with .*weights float16.*not .*weights float32"):
        import_bundle(copied[0], copied[1], order(tmp_path / "bundle", "float32"), quiet())


def test_a_folder_of_something_else_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"mine")
    with pytest.raises(CheckpointError, match="holds something else"):
        open_record(tmp_path, {}, {})


def states(checkpoint: Checkpoint) -> dict[str, dict[str, torch.Tensor]]:
    return {component.name: component.load().state_dict() for component in checkpoint.components}


@pytest.mark.parametrize(
    "options",
    [
        {"variant": "bf16"},
        {"max_shard_size": "40KB"},
        {"safe_serialization": False},
        {"max_shard_size": "40KB", "variant": "bf16"},
    ],
)
@pytest.mark.parametrize("family", published_checkpoints.FAMILIES)
def test_every_form_in_which_diffusers_saves_weights_is_read(
    family: str, options: dict, saved: Callable, tmp_path: Path
) -> None:
    plain, variant = states(opened(saved(family))), options.get("variant")
    folders = published_checkpoints.save(family, tmp_path, **options)
    read = states(opened(folders, Choice(variant)))
    assert {name: tensors.keys() for name, tensors in read.items()} == {
        name: tensors.keys() for name, tensors in plain.items()
    }
    for name, tensors in plain.items():
        assert all(torch.equal(tensor, read[name][key]) for key, tensor in tensors.items()), name
    if "max_shard_size" in options:
        assert any("-of-" in path.name for path in opened(folders, Choice(variant)).sources().values())
    if variant is not None:
        with pytest.raises(CheckpointError, match=r"has no weights without a variant.*there are .*bf16"):
            opened(folders)
        with pytest.raises(CheckpointError, match=r"--variant: .* has no weights of variant 'bf61'; there are bf16"):
            opened(folders, Choice("bf61"))


def test_lite_stages_lie_in_folders_of_their_own(saved: Callable, tmp_path: Path) -> None:
    decoder, prior = (Path(shutil.copytree(folder, tmp_path / folder.name)) for folder in saved("cascade"))
    shutil.copytree(decoder / "decoder", decoder / "decoder_lite")
    shutil.copytree(prior / "prior", prior / "prior_lite")
    sources = opened((decoder, prior), Choice(stage_b="lite", stage_c="lite")).sources()
    assert {"decoder/decoder_lite/config.json", "prior/prior_lite/config.json"} <= sources.keys()
    assert not {"decoder/decoder/config.json", "prior/prior/config.json"} & sources.keys()


@pytest.mark.parametrize("family", published_checkpoints.FAMILIES)
def test_text_states_are_those_of_transformers(family: str, saved: Callable) -> None:
    checkpoint, (prior, decoder) = opened(saved(family)), published_checkpoints.pipelines(family)
    graph, cascade = plan_graphs(checkpoint)[0].build(), family == "cascade"
    for text in ("", "red cat", "Ein Hund! " * 40):
        tokens = prior.tokenizer(text, truncation=True, padding="max_length", return_tensors="pt")
        with torch.no_grad():
            ours = graph.expected(tokens.input_ids, tokens.attention_mask)
            theirs = prior.text_encoder(
                tokens.input_ids, attention_mask=tokens.attention_mask, output_hidden_states=True
            )
        if cascade:
            assert torch.allclose(ours[:, 0], theirs.text_embeds, atol=1e-5)
            assert torch.allclose(ours[:, 1:, : published_checkpoints.WIDTH], theirs.hidden_states[-1], atol=1e-5)
        else:
            assert torch.allclose(ours, theirs.last_hidden_state, atol=1e-5)
    empty = decoder.tokenizer("", padding="max_length", return_tensors="pt")
    with torch.no_grad():
        wanted = decoder.text_encoder(empty.input_ids, attention_mask=empty.attention_mask)
    assert torch.allclose(
        empty_text(checkpoint)[:, 0], wanted.text_embeds if cascade else wanted.last_hidden_state[:, 0], atol=1e-5
    )


def test_large_weights_lie_beside_their_graph(saved: Callable, tmp_path: Path) -> None:
    plan = next(plan for plan in plan_graphs(opened(saved("v2"))) if plan.key == "textEncoder")
    written = [
        export_graph(plan.build(), Target(tmp_path, f"text-{weights}", weights, 1000))
        for weights in ("float32", "float16")
    ]
    assert [each.files for each in written] == [
        (f"text-{weights}.onnx", f"text-{weights}.onnx.data") for weights in ("float32", "float16")
    ]
    exact, half = ((tmp_path / each.files[1]).stat().st_size for each in written)
    assert half < 0.8 * exact  # what is small stays float32
    assert written[1].psnr_db > 100  # the weights are of float16 already
    onnx.checker.check_model(str(tmp_path / "text-float16.onnx"))


def test_weights_beyond_float16_are_refused(saved: Callable, tmp_path: Path) -> None:
    graph = next(plan for plan in plan_graphs(opened(saved("v2"))) if plan.key == "stageA").build()
    module: nn.Module = graph.exported()
    next(parameter for parameter in module.parameters() if parameter.numel() > 1024).data *= 1e7
    with pytest.raises(ArithmeticError, match="beyond float16's range; use float32"):
        export_graph(graph, Target(tmp_path, "stage-a", "float16"))


def test_the_command_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "wuerstchen.published.import_bundle",
        str(tmp_path / "nowhere"),
        "--out",
        str(tmp_path / "bundle"),
    ]
    done = subprocess.run(command, cwd=ROOT / "gpu-backend" / "training", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "is neither a file nor a folder nor an id on the hub" in done.stderr
    assert "Traceback" not in done.stderr
