import dataclasses
import json
import shutil
from argparse import Namespace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from safetensors.torch import load_file

from wuerstchen import finetune as command
from wuerstchen.config import load_config
from wuerstchen.export.bundle import export_graph, write_manifest
from wuerstchen.export.compress_weights import compress_weights
from wuerstchen.export.graphs import bundle_graphs
from wuerstchen.export.open_bundle import STAGE_C_GRAPHS, Bundle
from wuerstchen.export.stored_parameters import read_parameters, replace_parameters
from wuerstchen.export.tiny import tiny_stages
from wuerstchen.models.blocks import timestep_embedding
from wuerstchen.models.build import load_part, new_stage_c
from wuerstchen.models.lora import add_lora, load_lora, merge_lora, save_lora
from wuerstchen.models.stage_c import StageC
from wuerstchen.pictures.prepare import Settings, prepare
from wuerstchen.training.data import PictureSet
from wuerstchen.training.distributed import Share
from wuerstchen.training.finetune_c import finetune_run
from wuerstchen.training.loop import StageRun, train

TRAINING = Path(__file__).parent.parent
TINY = load_config(TRAINING / "configs" / "tiny.toml")
STAGES = tiny_stages(TINY)
with torch.no_grad():
    STAGES.stage_c.head.weight.mul_(0.2)  # a random head comes near the division by zero that a trained one keeps away from


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The servers' tiny bundle with Stage C as the code of today exports it."""
    directory = tmp_path_factory.mktemp("bundles") / "tiny"
    shutil.copytree(TRAINING.parent.parent / "test" / "support" / "models" / "tiny", directory)
    manifest = json.loads((directory / "model.json").read_text())
    for graph in bundle_graphs(TINY, STAGES):
        if graph.key in STAGE_C_GRAPHS:
            export_graph(graph, directory / manifest["graphs"][graph.key]["file"])
            manifest["graphs"][graph.key]["inputs"] = [dataclasses.asdict(port) for port in graph.inputs]
    write_manifest(manifest, directory)
    return Bundle(directory)


def inputs(seed: int = 0) -> tuple[torch.Tensor, ...]:
    """A noisy latent that is not square, its time, text and mask."""
    generator = torch.Generator().manual_seed(seed)
    x, text = torch.randn((2, 16, 4, 6), generator=generator), torch.randn((2, 5, 32), generator=generator)
    return x, torch.tensor([0.3, 0.9]), text, torch.tensor([[1.0] * 5, [1.0] * 3 + [0.0] * 2])


@torch.no_grad()
def predicted(model: StageC) -> torch.Tensor:
    return model(*inputs())


def with_random_adapters(bundle: Bundle) -> StageC:
    model = bundle.stage_c(TINY)
    add_lora(model, rank=3, alpha=6)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)) * 0.1)
    return model


def test_a_bundle_gives_back_every_weight_of_stage_c(bundle: Bundle) -> None:
    read, exported = bundle.stage_c_state(), STAGES.stage_c.state_dict()
    assert read.keys() == exported.keys()
    for name, tensor in exported.items():
        assert torch.equal(read[name], tensor if tensor.numel() <= 1024 else tensor.half().float()), name


def test_stage_c_of_a_bundle_computes_what_its_graphs_compute(bundle: Bundle) -> None:
    model = bundle.stage_c(TINY)
    x, t, text, mask = inputs()
    condition = bundle.run("textConditioner", text)
    stored = bundle.run("stageC", x, timestep_embedding(t, TINY.stage_c.timestep_width), condition, mask)
    with torch.no_grad():
        assert torch.allclose(model.condition(text), condition, atol=1e-5)
        assert torch.allclose(model(x, t, text, mask), stored, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "message"), [({"heads": 4}, "is stage_c.heads right"), ({"depth": 3}, "is missing"), ({"channels": 64}, "not")]
)
def test_a_configuration_of_another_network_is_refused(bundle: Bundle, change: dict[str, int], message: str) -> None:
    other = dataclasses.replace(TINY, stage_c=dataclasses.replace(TINY.stage_c, **change))
    with pytest.raises(ValueError, match=message):
        bundle.stage_c(other)


def product_with_bias() -> tuple[onnx.ModelProto, np.ndarray]:
    """y = x @ W + b, as the exporter writes a Linear that reads sequences."""
    weight = np.random.default_rng(0).normal(size=(48, 32)).astype(np.float32)
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", size]) for name, size in (("x", 32), ("y", 48)))
    nodes = [helper.make_node("MatMul", ["x", "val_0"], ["product"]), helper.make_node("Add", ["product", "owner.line.bias"], ["y"])]
    tensors = [numpy_helper.from_array(weight.T.copy(), "val_0"), numpy_helper.from_array(np.ones(48, np.float32), "owner.line.bias")]
    return helper.make_model(helper.make_graph(nodes, "line", [x], [y], tensors)), weight


def test_int8_weights_are_read_and_replaced() -> None:
    model, weight = product_with_bias()
    stored = compress_weights(model, "int8")
    assert np.abs(read_parameters(stored)["line.weight"].numpy() - weight).max() <= np.abs(weight).max() / 254 + 1e-6
    new = {"line.weight": torch.from_numpy(weight * 2), "line.bias": torch.zeros(48)}
    replace_parameters(stored, new)
    assert np.abs(read_parameters(stored)["line.weight"].numpy() - 2 * weight).max() <= np.abs(weight).max() / 127 + 1e-6


def test_replaced_weights_are_read_back() -> None:
    model, weight = product_with_bias()
    stored = compress_weights(model, "float16")
    new = {"line.weight": torch.from_numpy(weight * 2), "line.bias": torch.zeros(48)}
    replace_parameters(stored, new)
    read = read_parameters(stored)
    assert torch.equal(read["line.weight"], new["line.weight"].half().float())
    assert torch.equal(read["line.bias"], new["line.bias"])


def test_captions_are_encoded_alone_as_in_company(bundle: Bundle) -> None:
    alone, together = bundle.encode_texts(["red apple"])[0], bundle.encode_texts(["a much longer caption", "red apple", ""])[1]
    assert alone.shape == together.shape == (1 + 4, 32)
    assert np.allclose(alone, together, atol=1e-5)
    assert len(bundle.encode_texts(["apple " * 90])[0]) == 1 + TINY.text.tokens_max


def test_new_adapters_change_nothing(bundle: Bundle) -> None:
    model = bundle.stage_c(TINY)
    before = predicted(model)
    add_lora(model, rank=4, alpha=4)
    assert torch.equal(predicted(model), before)
    trained = {name.rpartition("parametrizations.weight.0.")[2] for name, p in model.named_parameters() if p.requires_grad}
    assert trained == {"down", "up"}


def test_merged_adapters_compute_the_same_under_the_plain_names(bundle: Bundle) -> None:
    model = with_random_adapters(bundle)
    before = predicted(model)
    assert (before - predicted(bundle.stage_c(TINY))).abs().max() > 1e-2
    merge_lora(model)
    assert (predicted(model) - before).abs().max() <= 1e-6
    assert model.state_dict().keys() == new_stage_c(TINY).state_dict().keys()


def test_a_file_of_adapters_gives_back_the_model(bundle: Bundle, tmp_path: Path) -> None:
    model, again = with_random_adapters(bundle), bundle.stage_c(TINY)
    save_lora(model, tmp_path / "lora.safetensors", {"base": "tiny"})
    load_lora(again, tmp_path / "lora.safetensors")
    assert torch.equal(predicted(again), predicted(model))
    assert (tmp_path / "lora.safetensors").stat().st_size < 20_000


def test_adapters_of_another_network_are_refused(bundle: Bundle, tmp_path: Path) -> None:
    save_lora(with_random_adapters(bundle), tmp_path / "lora.safetensors", {})
    deeper = new_stage_c(dataclasses.replace(TINY, stage_c=dataclasses.replace(TINY.stage_c, depth=3)))
    with pytest.raises(ValueError, match="other layers"):
        load_lora(deeper, tmp_path / "lora.safetensors")


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
    kept = {name.removeprefix("stage_c.").replace("parametrizations.weight.original", "weight"): t for name, t in state.items()}
    unchanged = {name for name, tensor in base.items() if torch.equal(kept[name], tensor)}
    assert unchanged == (base.keys() if method == "lora" else set())
    assert (tmp_path / "tuned.png").stat().st_size > 0


def options(base: Bundle, data: Path, tmp_path: Path, **changes: object) -> Namespace:
    paths = ["--bundle", str(base.directory), "--data", str(data), "--runs", str(tmp_path / "runs"), "--steps", "4", "--batch", "4"]
    return Namespace(**{**vars(command.parser().parse_args([*paths, "--merge", "--out", str(tmp_path / "mine")])), **changes})


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_tuned_bundle_differs_in_stage_c_alone(bundle: Bundle, pictures_directory: Path, tmp_path: Path, method: str) -> None:
    assert command.finetune(options(bundle, pictures_directory, tmp_path, method=method, learning_rate=1e-2))
    tuned = Bundle(tmp_path / "mine")
    same = {path.name for path in bundle.directory.iterdir() if path.read_bytes() == (tuned.directory / path.name).read_bytes()}
    assert {path.name for path in bundle.directory.iterdir()} - same == {"model.json", "stage-c.onnx", "text-conditioner.onnx"}
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
    with pytest.raises(ValueError, match=r"holds a training with rank 4: go on with that"):
        command.finetune(Namespace(**{**vars(asked), "rank": 8}))
    (tmp_path / "runs" / "tiny" / "finetune.json").unlink()
    with pytest.raises(ValueError, match="another training of Stage C"):
        command.finetune(asked)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learning_rate": 1e-4}, r"learning_rate 0\.001: go on"),
        ({"learning_rate": 0.0}, r"learning_rate 0\.001: go on"),
        ({"steps": 6}, "steps 4: go on"),
        ({"seed": 1}, "seed 0: go on"),
        ({"batch": 2}, "batch 4: go on"),
        ({"alpha": 8.0}, r"alpha 4\.0: go on"),
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
    plan = (TRAINING / "configs" / "tiny.toml").read_text().replace("[train_c]\n", '[train_c]\nprecision = "bfloat16"\n')
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
        ({"learning_rate": -1.0}, "--learning-rate is -1.0: a number that is not negative"),
        ({"learning_rate": float("nan")}, "--learning-rate is nan"),
        ({"rank": 99}, "--rank is 99: at most the width of Stage C, 32"),
        ({"steps": 0}, "--steps is 0: at least 1"),
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
