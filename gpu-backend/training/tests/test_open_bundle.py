import dataclasses
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from conftest import CONFIGS
from onnx import TensorProto, helper, numpy_helper
from tiny_bundle import STAGES, TINY, inputs

from wuerstchen.export.compress_weights import compress_weights
from wuerstchen.export.open_bundle import TRAINING_CONFIG, Bundle
from wuerstchen.export.stored_parameters import read_parameters, replace_parameters
from wuerstchen.models.blocks import timestep_embedding


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
    ("change", "message"),
    [({"heads": 4}, "is stage_c.heads right"), ({"depth": 3}, "is missing"), ({"channels": 64}, "not")],
)
def test_a_configuration_of_another_network_is_refused(bundle: Bundle, change: dict[str, int], message: str) -> None:
    other = dataclasses.replace(TINY, stage_c=dataclasses.replace(TINY.stage_c, **change))
    with pytest.raises(ValueError, match=message):
        bundle.stage_c(other)


def product_with_bias() -> tuple[onnx.ModelProto, np.ndarray]:
    """y = x @ W + b, as the exporter writes a Linear that reads sequences."""
    weight = np.random.default_rng(0).normal(size=(48, 32)).astype(np.float32)
    x, y = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", size]) for name, size in (("x", 32), ("y", 48))
    )
    nodes = [
        helper.make_node("MatMul", ["x", "val_0"], ["product"]),
        helper.make_node("Add", ["product", "owner.line.bias"], ["y"]),
    ]
    tensors = [
        numpy_helper.from_array(weight.T.copy(), "val_0"),
        numpy_helper.from_array(np.ones(48, np.float32), "owner.line.bias"),
    ]
    return helper.make_model(helper.make_graph(nodes, "line", [x], [y], tensors)), weight


def test_int8_weights_are_read_and_replaced() -> None:
    model, weight = product_with_bias()
    stored = compress_weights(model, "int8")
    assert np.abs(read_parameters(stored)["line.weight"].numpy() - weight).max() <= np.abs(weight).max() / 254 + 1e-6
    new = {"line.weight": torch.from_numpy(weight * 2), "line.bias": torch.zeros(48)}
    replace_parameters(stored, new)
    assert (
        np.abs(read_parameters(stored)["line.weight"].numpy() - 2 * weight).max() <= np.abs(weight).max() / 127 + 1e-6
    )


def test_replaced_weights_are_read_back() -> None:
    model, weight = product_with_bias()
    stored = compress_weights(model, "float16")
    new = {"line.weight": torch.from_numpy(weight * 2), "line.bias": torch.zeros(48)}
    replace_parameters(stored, new)
    read = read_parameters(stored)
    assert torch.equal(read["line.weight"], new["line.weight"].half().float())
    assert torch.equal(read["line.bias"], new["line.bias"])


def test_captions_are_encoded_alone_as_in_company(bundle: Bundle) -> None:
    alone, together = (
        bundle.encode_texts(["red apple"])[0],
        bundle.encode_texts(["a much longer caption", "red apple", ""])[1],
    )
    assert alone.shape == together.shape == (1 + 4, 32)
    assert np.allclose(alone, together, atol=1e-5)
    assert len(bundle.encode_texts(["apple " * 90])[0]) == 1 + TINY.text.tokens_max


def test_a_configuration_that_took_over_the_name_of_a_bundle_is_not_taken_for_its_own(
    bundle: Bundle, tmp_path: Path
) -> None:
    old = Bundle(Path(shutil.copytree(bundle.directory, tmp_path / "old")))
    (old.directory / TRAINING_CONFIG).unlink(missing_ok=True)
    listed = tmp_path / f"{old.manifest['id']}.toml"
    listed.write_text((CONFIGS / "tiny.toml").read_text())
    assert old.config_file(tmp_path) == listed
    v_prediction = listed.read_text().replace("[stage_c]", '[stage_c]\nprediction = "v_prediction"')
    for other, message in (
        ((CONFIGS / "tiny-alpha.toml").read_text(), "picture_channels is 4, of the bundle 3"),
        (v_prediction, "stage_c.prediction is v_prediction, of the bundle epsilon"),
    ):
        listed.write_text(other)
        with pytest.raises(ValueError, match=f"another network .{message}.*copy the configuration"):
            old.config_file(tmp_path)
    (old.directory / TRAINING_CONFIG).write_text((CONFIGS / "tiny.toml").read_text())
    assert old.config_file(tmp_path) == old.directory / TRAINING_CONFIG
