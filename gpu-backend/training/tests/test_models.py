from pathlib import Path

import numpy as np
import pytest
import torch

from wuerstchen.config import load_config
from wuerstchen.export.tiny import tiny_stages
from wuerstchen.models.blocks import GlobalResponseNorm, timestep_embedding
from wuerstchen.models.build import new_stage_c
from wuerstchen.models.stage_a import replicate_border
from wuerstchen.models.text_encoder import TextEncoder
from wuerstchen.training.sources import text_encoder_directory

CONFIGS = Path(__file__).parent.parent / "configs"
TINY = load_config(CONFIGS / "tiny.toml")


def test_the_text_encoder_equals_transformers() -> None:
    from transformers import AutoModel, AutoTokenizer

    directory = text_encoder_directory()
    reference, tokenizer = AutoModel.from_pretrained(directory).eval(), AutoTokenizer.from_pretrained(directory)
    texts = ["red apple, 3D", "flag of Åland Islands, a much longer caption than the other one"]
    for text, states in zip(texts, TextEncoder.load(directory).encode_texts(texts, 32), strict=True):
        with torch.no_grad():
            expected = reference(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        assert np.abs(states[1:] - expected.numpy()).max() < 1e-5
        assert np.abs(states[0] - expected.mean(0).numpy()).max() < 1e-5


def test_text_padding_does_not_change_stage_c() -> None:
    stage_c = tiny_stages(TINY).stage_c
    x, t, text = torch.randn(1, 16, 4, 4), torch.tensor([0.6]), torch.randn(1, 5, 32)
    padded = torch.cat([text, torch.randn(1, 4, 32)], dim=1)
    mask = torch.tensor([[1.0] * 5 + [0.0] * 4])
    with torch.no_grad():
        assert torch.allclose(stage_c(x, t, text, torch.ones(1, 5)), stage_c(x, t, padded, mask), atol=1e-5)


def test_a_new_stage_c_predicts_its_input_as_noise() -> None:
    x = torch.randn(2, 16, 4, 4)
    with torch.no_grad():
        noise = new_stage_c(TINY)(x, torch.rand(2), torch.randn(2, 3, 32), torch.ones(2, 3))
    assert torch.allclose(noise, x / 1.00001, atol=1e-6)


def test_training_reads_the_text_block_by_block_as_a_sampler_reads_it_at_once() -> None:
    stage_c = tiny_stages(TINY).stage_c
    x, text, mask = (
        torch.randn(2, 16, 4, 4),
        torch.randn(2, 5, 32),
        torch.tensor([[1.0] * 5, [1.0, 1.0, 1.0, 0.0, 0.0]]),
    )
    with torch.no_grad():
        embedding = timestep_embedding(torch.tensor([0.3, 0.8]), stage_c.config.timestep_width)
        at_once = stage_c.predict(x, embedding, stage_c.condition(text), mask)
        assert torch.equal(stage_c.predict_for(x, embedding, text, mask), at_once)


def test_latents_have_the_configured_geometry() -> None:
    stages, image = tiny_stages(TINY), torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        assert stages.compressor(image).shape == (1, 16, 4, 6)
        assert stages.stage_a.encode(image).shape == (1, 4, 16, 24)
        assert stages.stage_a.decode(torch.randn(1, 4, 16, 24)).shape == image.shape
        assert stages.stage_b(torch.randn(1, 4, 16, 24), torch.rand(1), torch.randn(1, 16, 4, 6)).shape == (
            1,
            4,
            16,
            24,
        )


def test_stage_b_depends_on_its_latent() -> None:
    stage_b, x, t = tiny_stages(TINY).stage_b, torch.randn(1, 4, 16, 16), torch.tensor([0.5])
    with torch.no_grad():
        difference = stage_b(x, t, torch.randn(1, 16, 4, 4)) - stage_b(x, t, torch.randn(1, 16, 4, 4))
    assert difference.abs().max() > 1e-3


def test_the_border_equals_replication_padding() -> None:
    x = torch.randn(2, 3, 4, 5)
    assert torch.equal(replicate_border(x), torch.nn.ReplicationPad2d(1)(x))


def test_timestep_embedding_is_sines_then_cosines() -> None:
    embedding = timestep_embedding(torch.tensor([0.0, 1.0]), 64)
    assert torch.equal(embedding[0], torch.cat([torch.zeros(32), torch.ones(32)]))
    assert embedding[1, 31].item() == pytest.approx(np.sin(1.0), abs=1e-3)


def test_grn_is_the_identity_at_the_start_and_has_a_gradient_at_zero() -> None:
    norm, x = GlobalResponseNorm(4), torch.zeros(1, 2, 2, 4, requires_grad=True)
    norm(x).sum().backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()
    assert torch.equal(norm(torch.ones(1, 2, 2, 4)), torch.ones(1, 2, 2, 4))


def test_an_unknown_key_in_a_config_is_named(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text((CONFIGS / "tiny.toml").read_text().replace("depth = 2", "deepness = 2"))
    with pytest.raises(ValueError, match=r"stage_c\.(deepness is unknown|depth is missing)"):
        load_config(path)
