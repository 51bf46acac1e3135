"""What the server's own code makes with a bundle: latents and pictures of requests, without the server around it."""

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[3]


def serve(bundle: Path, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each request the latent (1, c, h, w) as it is stored, the picture's bytes (h, w, 3), and those without text.

    Skips the test where no Node is at hand that runs TypeScript."""
    local = ROOT / "node_modules" / ".bin" / "node"
    node = str(local) if local.exists() else shutil.which("node")
    if node is None:
        pytest.skip("needs Node")
    command = [node, str(ROOT / "test" / "support" / "paint-prompts.ts"), str(bundle)]
    done = subprocess.run(command, input=json.dumps(requests), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [
        _read(answer, request["latentShape"]) for answer, request in zip(json.loads(done.stdout), requests, strict=True)
    ]


def request(pipeline: Any, prompt: str, negative: str = "", **fields: Any) -> dict[str, Any]:
    """Of three steps and one cell of 128 pixels, read by the tokenizer of a `diffusers` pipeline."""
    ids = {name: pipeline.tokenizer(text, truncation=True).input_ids for name, text in _texts(prompt, negative)}
    return {"seeds": [5], "steps": 3, "guidanceScale": 1.0, "latentShape": [16, 3, 3], **ids, **fields}


def _texts(prompt: str, negative: str) -> list[tuple[str, str]]:
    return [("tokenIds", prompt), ("negativeTokenIds", negative)]


def _read(answer: dict[str, str], shape: list[int]) -> dict[str, Any]:
    height, width = (side * 128 // 3 for side in shape[1:])
    return {
        "latent": _latent(answer["latentBase64"], shape),
        **{
            key: np.frombuffer(base64.b64decode(answer[f"{key}Base64"]), "u1").reshape(height, width, 3).astype(int)
            for key in ("pixels", "textlessPixels")
        },
    }


def _latent(text: str, shape: list[int]) -> Tensor:
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), "<f4").reshape(1, *shape).copy())
