"""Tiny Würstchen v2 and Stable Cascade of random weights: their bundles, and what `diffusers` makes with the same weights.

Writes published-v2.json and published-cascade.json beside this file, and the bundles test/support/models/tiny-{v2,cascade}.
    PYTHONPATH=gpu-backend/training:gpu-backend/training/tests python test/golden/make_published_golden.py
The versions that made the committed files stand in them. The Python tests run this again and compare.
"""

import argparse
import base64
import json
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import published_checkpoints
import torch
from diffusers.pipelines.deprecated.wuerstchen import DEFAULT_STAGE_C_TIMESTEPS
from rich.progress import Progress
from torch import Tensor

from wuerstchen.published.bundle.checkpoint import Choice
from wuerstchen.published.bundle.describe_bundle import About
from wuerstchen.published.import_bundle import Order, import_bundle

HERE = Path(__file__).resolve().parent
MODELS = HERE.parent / "support" / "models"
PACKAGES = ("torch", "diffusers", "transformers", "tokenizers", "onnx", "onnxruntime")
CREATED = "2026-11-23"
SIZES = ("128x128", "256x128", "128x256", "256x256")
LONG = "red cat, dog. " * 20
# `steps` None: the release's own steps. Sizes are width × height.
CASES: dict[str, list[dict[str, Any]]] = {
    "v2": [
        {"prompt": "red cat", "negativePrompt": "a dog", "seed": 42, "steps": None, "guidanceScale": 4.0, "size": "128x128"},
        {"prompt": LONG, "negativePrompt": "", "seed": 3141592653, "steps": 12, "guidanceScale": 1.0, "size": "128x128"},
        {"prompt": "Ein blauer Hund, 犬 🐕!", "negativePrompt": "", "seed": 7, "steps": 10, "guidanceScale": 2.5, "size": "256x128"},
    ],
    "cascade": [
        {"prompt": "red cat", "negativePrompt": "a dog", "seed": 42, "steps": None, "guidanceScale": 4.0, "size": "128x128"},
        {"prompt": LONG, "negativePrompt": "", "seed": 3141592653, "steps": 12, "guidanceScale": 1.0, "size": "128x128"},
        {"prompt": "Ein blauer Hund, 犬 🐕!", "negativePrompt": "", "seed": 7, "steps": 10, "guidanceScale": 2.5, "size": "256x128"},
    ],
}
STEPS = {"v2": (len(DEFAULT_STAGE_C_TIMESTEPS) - 1, 12), "cascade": (20, 10)}  # of Stages C and B


def make_bundle(family: str, directory: Path) -> None:
    """Saves the pipelines as diffusers does and imports them."""
    with tempfile.TemporaryDirectory() as folder:
        decoder, prior = published_checkpoints.save(family, Path(folder))
        about = About(directory.name, CREATED, "random weights", SIZES, "MIT")
        with Progress() as progress:
            import_bundle(decoder, prior, Order(Choice(), about, directory, "float16"), progress)


def make_case(family: str, prior: Any, decoder: Any, case: dict[str, Any]) -> dict[str, Any]:
    """What the pipelines make of one request. Stage B starts from the latent rounded to float16, as it is stored."""
    default, steps_b = STEPS[family]
    options = {"num_inference_steps": case["steps"] or default}
    if family == "v2" and case["steps"] is None:
        options = {"timesteps": DEFAULT_STAGE_C_TIMESTEPS}
    width, height = map(int, case["size"].split("x"))
    negative = case["negativePrompt"] if case["guidanceScale"] > 1 else None
    options |= {"height": height, "width": width, "guidance_scale": case["guidanceScale"], "negative_prompt": negative}
    latent = prior(case["prompt"], **options, generator=_seeded(case)).image_embeddings
    painted = {
        kind: decoder(
            latent.half().float(), "", num_inference_steps=steps_b, guidance_scale=0.0, generator=_seeded(case), output_type=kind
        ).images
        for kind in ("latent", "pt")
    }
    pixels = np.rint(painted["pt"][0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)  # (h, w, 3)
    print(f"{family}, seed {case['seed']}: latent std {latent.std():.3f}, Stage B std {painted['latent'].std():.3f}, pixels {pixels.min()}–{pixels.max()}")
    return {
        **case,
        "steps": case["steps"] or default,
        "tokenIds": _ids(prior.tokenizer, case["prompt"]),
        "negativeTokenIds": _ids(prior.tokenizer, case["negativePrompt"]),
        **_padded(prior.tokenizer, case["prompt"]),
        "latentShape": list(latent.shape[1:]),
        "latentBase64": _base64(latent),
        "stageBLatentShape": list(painted["latent"].shape[1:]),
        "stageBLatentBase64": _base64(painted["latent"]),
        "pixelsBase64": base64.b64encode(pixels.tobytes()).decode(),
    }


def make_cases(family: str) -> list[dict[str, Any]]:
    prior, decoder = published_checkpoints.pipelines(family)
    return [make_case(family, prior, decoder, case) for case in CASES[family]]


def write_golden(family: str, models: Path, folder: Path) -> None:
    directory = models / f"tiny-{family}"
    revision = json.loads((directory / "model.json").read_text())["revision"]
    versions = {name: version(name) for name in PACKAGES}
    content = {"madeBy": f"test/golden/{Path(__file__).name}", "versions": versions, "revision": revision, "cases": make_cases(family)}
    (folder / f"published-{family}.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


def _seeded(case: dict[str, Any]) -> torch.Generator:
    return torch.Generator("cpu").manual_seed(case["seed"])


def _ids(tokenizer: Any, text: str) -> list[int]:
    """Without padding, cut to the model's length."""
    return tokenizer(text, truncation=True).input_ids


def _padded(tokenizer: Any, text: str) -> dict[str, list[int]]:
    """As the pipelines hand it to the text encoder."""
    tokens = tokenizer(text, truncation=True, padding="max_length")
    return {"paddedTokenIds": tokens.input_ids, "tokenMask": tokens.attention_mask}


def _base64(latent: Tensor) -> str:
    """Of one float32 tensor, little-endian."""
    return base64.b64encode(latent[0].numpy().astype("<f4").tobytes()).decode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the bundles")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the golden files")
    parser.add_argument("--keep-bundles", action="store_true", help="write the golden files alone")
    arguments = parser.parse_args()
    for name in PACKAGES:
        print(name, version(name))
    for family in published_checkpoints.FAMILIES:
        directory = arguments.models / f"tiny-{family}"
        if not arguments.keep_bundles:
            shutil.rmtree(directory, ignore_errors=True)
            make_bundle(family, directory)
        write_golden(family, arguments.models, arguments.out)


if __name__ == "__main__":
    main()
