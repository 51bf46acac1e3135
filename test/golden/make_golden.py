"""Writes float16.json and latent.json beside this file, from numpy and Python's safetensors.

Run by hand when a format changes:  python test/golden/make_golden.py
Needs numpy and safetensors. The committed files came from numpy 2.4.6 and safetensors 0.8.0.
"""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save

HERE = Path(__file__).parent
SOURCE = "test/golden/make_golden.py"


def float16_cases() -> np.ndarray:
    """float32 values around every rule of the conversion: ties, overflow, subnormals, zeros, infinities, and a spread."""
    edges = [0.0, -0.0, 1.0, -1.0, 65504.0, 65519.996, 65520.0, 1e30, np.inf, -np.inf, 2.0**-14, 2.0**-15]
    edges += [2.0**-24, 2.0**-25, np.nextafter(np.float32(2.0**-25), np.float32(1)), 1.5 * 2.0**-24, 2.5 * 2.0**-24]
    edges += [1 + 2.0**-11, 1 + 3 * 2.0**-11, 1 + 2.0**-11 + 2.0**-20, 2 - 2.0**-12, 6.1e-5, 6.09e-5, 1e-40]
    generator = np.random.default_rng(20261122)
    spread = generator.standard_normal(200) * 10.0 ** generator.integers(-9, 6, 200)
    return np.concatenate([np.array(edges), spread]).astype(np.float32)


def write(name: str, content: dict[str, object]) -> None:
    (HERE / name).write_text(json.dumps({"madeBy": SOURCE, **content}) + "\n")


def int8_scales(latent: np.ndarray) -> np.ndarray:
    """One a channel: its largest magnitude becomes 127."""
    return np.abs(latent).max(axis=(1, 2), keepdims=True) / np.float32(127)


def as_int8(latent: np.ndarray) -> np.ndarray:
    """Ties go towards plus infinity, as JavaScript rounds."""
    return np.floor(latent.astype(np.float64) / int8_scales(latent) + 0.5).astype(np.int8)


def int8_form(latent: np.ndarray) -> dict[str, str]:
    scales = ",".join(f"{scale:.9g}" for scale in int8_scales(latent).ravel())
    return {"format": "wuerstchen-edge/latent@2", "scales": scales}


def main() -> None:
    values = float16_cases()
    with np.errstate(over="ignore"):
        halves = values.astype(np.float16)
    float32_hex = values.astype("<f4").tobytes().hex()
    write("float16.json", {"float32Hex": float32_hex, "float16Hex": halves.astype("<f2").tobytes().hex()})

    latent = (np.arange(2 * 3 * 4, dtype=np.float32) / 7 - 1.5).reshape(2, 3, 4)
    metadata = {"format": "wuerstchen-edge/latent@1", "model": "emoji-128", "revision": "r1", "seed": "42"}
    file = save({"latent": latent.astype(np.float16)}, metadata=metadata)
    int8_file = save({"latent": as_int8(latent)}, metadata={**metadata, **int8_form(latent)})
    files = {"fileHex": file.hex(), "int8FileHex": int8_file.hex()}
    write("latent.json", {"shape": list(latent.shape), "values": latent.ravel().tolist(), **files})


if __name__ == "__main__":
    main()
