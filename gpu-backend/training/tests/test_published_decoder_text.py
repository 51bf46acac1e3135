"""A Stage B that reads the prompt paints what the decoder pipelines of `diffusers` paint with a prompt and a guidance
scale.
"""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import published_checkpoints
import pytest
import server_pictures
import torch

from wuerstchen.export.manifest import kebab, port_json, write_manifest
from wuerstchen.published.bundle.checkpoint import Checkpoint, Choice, DecoderText
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.decoder_text import read_decoder_text, shares_encoder, with_decoder_text
from wuerstchen.published.bundle.describe_bundle import About, build_manifest
from wuerstchen.published.bundle.diffusers_folders import open_checkpoint
from wuerstchen.published.bundle.export_graph import Target, export_graph
from wuerstchen.published.bundle.identity import identity
from wuerstchen.published.bundle.memory import need_of
from wuerstchen.published.bundle.network_graphs import plan_graphs
from wuerstchen.published.bundle.record import FileFacts, describe_file

BUNDLES = Path(__file__).resolve().parents[3] / "test" / "support" / "models"
PROMPT, NEGATIVE = "red cat", "a dog"
STEPS = {"v2": 12, "cascade": 10}  # of Stage B


def saved(family: str, folder: Path, shares: bool) -> tuple[Any, Any, Checkpoint]:
    prior, decoder = published_checkpoints.pipelines(family)
    if family == "cascade":  # whose random Stage B hardly hears a text
        with torch.no_grad():
            for name, parameter in decoder.decoder.named_parameters():
                parameter.mul_(16 if "kv_mapper.1.weight" in name else 1)
    if shares:
        decoder.text_encoder.load_state_dict(prior.text_encoder.state_dict())
    decoder.save_pretrained(folder / "decoder")
    prior.save_pretrained(folder / "prior")
    return prior, decoder, open_checkpoint(folder / "decoder", folder / "prior", Choice())


def bundle_of(checkpoint: Checkpoint, family: str, directory: Path, shares: bool) -> dict:
    """The committed bundle of the same weights, in which Stage B reads prompts."""
    shutil.copytree(BUNDLES / f"tiny-{family}", directory)
    manifest = json.loads((directory / "model.json").read_text())
    about = About(directory.name, "2026-11-27", "random weights", ("128x128",))
    for plan in plan_graphs(checkpoint, shares):
        if plan.key in ("stageBText", "stageB"):
            graph = plan.build()
            written = export_graph(graph, Target(directory, kebab(plan.key), "float16"))
            ports = {"inputs": graph.inputs, "outputs": graph.outputs}
            described = {side: [port_json(port) for port in each] for side, each in ports.items()}
            manifest["graphs"][plan.key] = {"file": written.files[0], "weights": written.weights, **described}
    manifest = build_manifest(checkpoint, about, manifest["graphs"])
    write_manifest(manifest, directory)
    return manifest


def painted(decoder: Any, latent: torch.Tensor, texts: tuple[str, str], guidance: float, steps: int) -> np.ndarray:
    image = decoder(
        latent,
        texts[0],
        negative_prompt=texts[1] if guidance > 1 else None,
        guidance_scale=guidance,
        num_inference_steps=steps,
        generator=torch.Generator().manual_seed(5),
        output_type="pt",
    ).images
    return np.rint(image[0].permute(1, 2, 0).numpy() * 255)


@pytest.mark.parametrize(("family", "shares", "guidance"), [("v2", False, 1.6), ("cascade", True, 0.0)])
def test_the_server_paints_what_diffusers_paints_with_the_prompt(
    family: str, shares: bool, guidance: float, tmp_path: Path
) -> None:
    prior, decoder, checkpoint = saved(family, tmp_path, shares)
    facts = {place: describe_file(path) for place, path in checkpoint.sources().items()}
    assert shares_encoder(checkpoint, facts) == shares
    reads = with_decoder_text(checkpoint, DecoderText(guidance))
    manifest = bundle_of(reads, family, tmp_path / "tiny", shares)
    inputs = [port["name"] for port in manifest["graphs"]["stageBText"]["inputs"]]
    assert inputs == (["text_states"] if shares else ["token_ids", "token_mask"])
    [made] = server_pictures.serve(tmp_path / "tiny", [server_pictures.request(prior, PROMPT, NEGATIVE)])
    latent, steps = made["latent"], STEPS[family]
    wanted = painted(decoder, latent, (PROMPT, NEGATIVE), guidance, steps)
    textless = painted(decoder, latent, ("", ""), guidance, steps)
    assert np.abs(wanted - textless).max() > 1  # so the prompt has a say
    assert np.abs(made["pixels"] - wanted).max() <= 1
    assert np.abs(made["textlessPixels"] - textless).max() <= 1


@torch.no_grad()
def test_an_encoder_of_stable_cascades_decoder_alone_gives_its_pooled_state(tmp_path: Path) -> None:
    _, decoder, checkpoint = saved("cascade", tmp_path, shares=False)
    facts = {place: describe_file(path) for place, path in checkpoint.sources().items()}
    assert not shares_encoder(checkpoint, facts)
    plans = {plan.key: plan for plan in plan_graphs(with_decoder_text(checkpoint, DecoderText()))}
    tokens = decoder.tokenizer([PROMPT], padding="max_length", return_tensors="pt")
    pooled = decoder.text_encoder(tokens.input_ids, attention_mask=tokens.attention_mask).text_embeds
    made = plans["stageBText"].build().expected(tokens.input_ids, tokens.attention_mask)
    assert torch.allclose(made, checkpoint.stage_b.load().float().tokens(pooled[:, None]), atol=1e-5)


def test_the_prompt_and_its_scale_are_part_of_the_revision_and_of_what_an_import_needs(tmp_path: Path) -> None:
    _, _, plain = saved("v2", tmp_path, shares=False)
    reads, guided = (with_decoder_text(plain, DecoderText(scale)) for scale in (0.0, 2.0))
    facts = {place: FileFacts(place, 1) for place in plain.sources()}
    made = [json.dumps(identity(checkpoint, facts, "float32")) for checkpoint in (plain, reads, guided)]
    assert len(set(made)) == 3
    assert need_of(reads, "float32").disk > need_of(plain, "float32").disk


def test_halves_that_read_a_prompt_differently_are_refused(tmp_path: Path) -> None:
    _, _, checkpoint = saved("v2", tmp_path, shares=False)
    other = replace(checkpoint.tokenizer_b, json="{}")
    with pytest.raises(CheckpointError, match="tokenizers of prior and decoder differ"):
        with_decoder_text(replace(checkpoint, tokenizer_b=other), DecoderText())


def test_a_guidance_scale_asks_for_a_prompt_and_has_a_range() -> None:
    assert read_decoder_text(prompt=False, guidance=None) is None
    assert read_decoder_text(prompt=True, guidance=None) == DecoderText(0.0)
    assert read_decoder_text(prompt=False, guidance=1.1) == DecoderText(1.1)
    with pytest.raises(CheckpointError, match=re.escape("--decoder-guidance: 21.0 is not from 0 to 20")):
        read_decoder_text(prompt=True, guidance=21.0)
