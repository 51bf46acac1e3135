"""model.json: what a bundle says of itself."""

import hashlib
import json
from pathlib import Path

from wuerstchen.config import Config, Prediction, SamplerConfig
from wuerstchen.export.graphs import Port
from wuerstchen.marking.carriers import TILE
from wuerstchen.marking.message import matches_min, message_hex
from wuerstchen.models.blocks import timestep_frequencies
from wuerstchen.whole_file import write_whole


def write_manifest(
    manifest: dict, directory: Path, files: dict[str, dict] | None = None, made_from: object = None
) -> None:
    """Writes model.json with its revision. `files`: sha256 and bytes by name; without them, those in `directory`.

    The revision is the digest of the files and of the sampler. With `made_from` (JSON), it stands for the files: where
    another machine makes other bytes of the same sources.
    """
    names = [*(entry["file"] for entry in manifest["graphs"].values()), "tokenizer.json"]
    files = dict(sorted((files or {name: _describe(directory / name) for name in names}).items()))
    # Latent keys contain the revision, so it must change with all that changes a picture, and with nothing else: a
    # previewer can be added or trained anew while stored latents stay valid.
    preview = manifest["graphs"].get("previewer", {}).get("file")
    decisive = made_from or {name: file for name, file in files.items() if name != preview}
    revision = hashlib.sha256(json.dumps([decisive, manifest["sampler"]]).encode()).hexdigest()[:16]
    write_whole(
        directory / "model.json", json.dumps({**manifest, "revision": revision, "files": files}, indent=2) + "\n"
    )


def bundle_manifest(config: Config, graphs: dict, created: str) -> dict:
    side, sides = config.image_side, config.image_sides
    offered = {} if sides is None else {"sides": {"min": sides.min, "max": sides.max, "multipleOf": sides.multiple_of}}
    return {
        "format": "wuerstchen-edge/bundle@1",
        "id": config.id,
        "name": config.name,
        "description": config.description,
        "revision": "",
        "created": created,
        "licence": "MIT; training data MIT, Apache-2.0, CC-BY-4.0: see MODEL_CARD.md",
        "image": {
            "sizes": [f"{side}x{side}"],
            "sizeDefault": f"{side}x{side}",
            "channels": config.picture_channels,
            **offered,
        },
        "latent": {"channels": config.latent.channels, "downscale": config.latent.downscale},
        "stageB": {"channels": config.stage_a.latent_channels, "downscale": 4, "latentScale": 1},
        "text": {
            "tokensMax": config.text.tokens_max,
            "width": config.text.width,
            "specialTokensCount": 2,
            "tokenizer": "tokenizer.json",
        },
        "schedule": {"kind": "cosine", "s": 0.008, "clampMin": 1e-4, "clampMax": 0.9999},
        "timestepEmbedding": {
            "width": config.stage_c.timestep_width,
            "frequencies": timestep_frequencies(config.stage_c.timestep_width).tolist(),
        },
        "sampler": {
            "stageC": _sampler(config.sampler_c, config.stage_c.prediction),
            "stageB": _sampler(config.sampler_b, config.stage_b.prediction),
        },
        "graphs": graphs,
        **({"mark": mark_json(config.id)} if "mark" in graphs else {}),
    }


def mark_json(bundle_id: str) -> dict:
    """What a bundle says of the mark in its pictures."""
    return {
        "bundle": bundle_id,
        "message": message_hex(bundle_id),
        "code": {"kind": "repetition", "tilePixels": TILE},
        "matchesMin": matches_min(),
    }


def _sampler(config: SamplerConfig, prediction: Prediction) -> dict:
    """`prediction` is written where it is not the noise, so that earlier bundles keep their revision."""
    return {
        "kind": config.kind,
        **({} if prediction == "epsilon" else {"prediction": prediction}),
        "steps": {"default": config.steps, "min": config.steps_min, "max": config.steps_max},
        "guidanceScale": {
            "default": config.guidance_scale,
            "min": config.guidance_scale_min,
            "max": config.guidance_scale_max,
        },
    }


def port_json(port: Port) -> dict:
    """As the manifest has it."""
    return {"name": port.name, "dtype": port.dtype, "shape": list(port.shape)}


def _describe(path: Path) -> dict:
    data = path.read_bytes()
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def kebab(name: str) -> str:
    """A graph's key as its file's name."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
