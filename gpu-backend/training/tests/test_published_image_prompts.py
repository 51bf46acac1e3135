"""Pictures in a prompt: what Stable Cascade's prior of `diffusers` makes with `images`, from the folders that hold an
image encoder.
"""

import base64
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import published_checkpoints
import pytest
import server_pictures
import torch
from PIL import Image
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

from wuerstchen.export.manifest import kebab, port_json, write_manifest
from wuerstchen.published.bundle.checkpoint import Checkpoint, Choice
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.describe_bundle import About, build_manifest
from wuerstchen.published.bundle.diffusers_folders import open_checkpoint
from wuerstchen.published.bundle.export_graph import Target, export_graph
from wuerstchen.published.bundle.identity import encoder_digest, identity
from wuerstchen.published.bundle.network_graphs import plan_graphs
from wuerstchen.published.bundle.record import describe_file

BUNDLES = Path(__file__).resolve().parents[3] / "test" / "support" / "models"
SIDE = 28
PROMPT, NEGATIVE = "red cat", "a dog"


def image_encoder() -> CLIPVisionModelWithProjection:
    torch.manual_seed(9)
    config = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        image_size=SIDE,
        patch_size=14,
        projection_dim=published_checkpoints.FAMILIES["cascade"].stage_c.image_channels,
    )
    return CLIPVisionModelWithProjection(config).half().float().eval()


def processor(side: int = SIDE) -> CLIPImageProcessor:
    return CLIPImageProcessor(size={"shortest_edge": side}, crop_size={"height": side, "width": side})


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """The prior's pipeline with an image encoder, and the folder that holds both halves."""
    folder = tmp_path_factory.mktemp("cascade")
    prior, decoder = published_checkpoints.pipelines("cascade")
    prior.register_modules(image_encoder=image_encoder(), feature_extractor=processor())
    decoder.save_pretrained(folder / "decoder")
    prior.save_pretrained(folder / "prior")
    return prior, folder


def opened(folder: Path) -> Checkpoint:
    return open_checkpoint(folder / "decoder", folder / "prior", Choice())


def bundle_of(checkpoint: Checkpoint, directory: Path) -> dict:
    """The committed bundle of the same weights, whose prompts may hold pictures."""
    shutil.copytree(BUNDLES / "tiny-cascade", directory)
    graphs = json.loads((directory / "model.json").read_text())["graphs"]
    for plan in plan_graphs(checkpoint):
        if plan.key in ("imageEncoder", "imageTextConditioner", "stageC"):
            graph = plan.build()
            written = export_graph(graph, Target(directory, kebab(plan.key), "float16"))
            ports = {"inputs": graph.inputs, "outputs": graph.outputs}
            described = {side: [port_json(port) for port in each] for side, each in ports.items()}
            graphs[plan.key] = {"file": written.files[0], "weights": written.weights, **described}
    about = About(directory.name, "2026-11-27", "random weights", ("128x128",))
    manifest = build_manifest(checkpoint, about, graphs, encoder_digest(checkpoint, facts(checkpoint)))
    write_manifest(manifest, directory)
    return manifest


def facts(checkpoint: Checkpoint) -> dict:
    return {place: describe_file(path) for place, path in checkpoint.sources().items()}


def picture(seed: int, width: int, height: int) -> Image.Image:
    """Smooth, so that two ways of scaling it differ little."""
    rows = np.random.default_rng(seed).integers(0, 256, (3, 3, 3), dtype=np.uint8)
    return Image.fromarray(rows).resize((width, height), Image.Resampling.BICUBIC)


def png(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return base64.b64encode(buffer.getvalue()).decode()


def wanted(prior: Any, images: list[Image.Image] | None, guidance: float) -> torch.Tensor:
    return prior(
        PROMPT,
        images=images,
        negative_prompt=NEGATIVE if guidance > 1 else None,
        guidance_scale=guidance,
        num_inference_steps=3,
        height=128,
        width=128,
        generator=torch.Generator().manual_seed(5),
    ).image_embeddings


def test_the_server_makes_what_the_prior_of_diffusers_makes_with_images(
    saved: tuple[Any, Path], tmp_path: Path
) -> None:
    prior, folder = saved
    bundle_of(opened(folder), tmp_path / "tiny")
    exact, scaled = [picture(1, SIDE, SIDE), picture(2, SIDE, SIDE)], [picture(3, 90, 61)]
    cases = [(exact[:1], 3.0), (exact, 3.0), (exact, 1.0), (None, 3.0), (scaled, 1.0)]
    requests = [
        server_pictures.request(
            prior,
            PROMPT,
            NEGATIVE,
            guidanceScale=guidance,
            **({} if images is None else {"pictures": [png(image) for image in images]}),
        )
        for images, guidance in cases
    ]
    made = [answer["latent"] for answer in server_pictures.serve(tmp_path / "tiny", requests)]
    expected = [wanted(prior, images, guidance) for images, guidance in cases]
    # As stored: float16 of values up to some tens, beside which the states of a picture are float16 too.
    for ours, theirs in zip(made, expected, strict=True):
        assert (ours - theirs).abs().max() <= 1e-3 * theirs.abs().max().clamp(min=1)
    assert (expected[0] - expected[3]).abs().max() > 0.01  # so a picture has a say


def test_an_encoder_changes_no_latent_without_a_picture_and_so_no_revision(saved: tuple[Any, Path]) -> None:
    with_encoder = opened(saved[1])
    without = opened_without(saved[1])
    assert without.images is None
    one, other = (identity(each, facts(each), "float32") for each in (with_encoder, without))
    assert one == other
    assert encoder_digest(without, facts(without)) == ""
    assert len(encoder_digest(with_encoder, facts(with_encoder))) == 16


def opened_without(folder: Path) -> Checkpoint:
    hidden = folder / "prior" / "image_encoder"
    hidden.rename(folder / "hidden")
    try:
        return opened(folder)
    finally:
        (folder / "hidden").rename(hidden)


def test_a_processor_that_reads_pictures_otherwise_is_refused(saved: tuple[Any, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved[1], tmp_path / "copy"))
    file = folder / "prior" / "feature_extractor" / "preprocessor_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"do_center_crop": False}))
    with pytest.raises(CheckpointError, match="do_center_crop is False; only True is supported"):
        opened(folder)
