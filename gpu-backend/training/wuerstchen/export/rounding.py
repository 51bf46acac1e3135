"""Weights of matrix products as integers, and back. All arrays are (k, n) as the product has them: k inputs, n
outputs.
"""

import numpy as np

# Without VNNI, a processor adds two products of a byte and a weight in 16 bits: 2 × 255 × 63 is the largest that fits.
COLUMN_WEIGHT_MAX = 63
BLOCK_WEIGHT_MAX = 127
BLOCK_ZERO = 128  # blocks are unsigned; MatMulNBits takes this zero point where none is given
BLOCK_SIZES = (64, 32, 16)


def to_columns(values: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 (k, n) and a scale a column (n,), for inputs whose unit in channel i stands for steps[i]."""
    scaled = values * steps[:, None]
    scale = np.maximum(np.abs(scaled).max(axis=0), 1e-12).astype(np.float32) / COLUMN_WEIGHT_MAX
    return np.rint(scaled / scale).astype(np.int8), scale


def from_columns(stored: np.ndarray, scale: np.ndarray, steps: np.ndarray) -> np.ndarray:
    return (stored.astype(np.float32) * scale / steps[:, None]).astype(np.float32)


def block_size(inputs: int) -> int:
    """The largest block that divides k, or the smallest there is, then with zeros to fill the last."""
    return next((size for size in BLOCK_SIZES if inputs % size == 0), BLOCK_SIZES[-1])


def to_blocks(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """uint8 (n, blocks, size) and a scale a block (n * blocks,), as MatMulNBits takes them."""
    size = block_size(len(values))
    padded = np.pad(values.T, ((0, 0), (0, -len(values) % size)))
    blocks = padded.reshape(len(padded), -1, size)
    scale = np.maximum(np.abs(blocks).max(axis=2, keepdims=True), 1e-12).astype(np.float32) / BLOCK_WEIGHT_MAX
    return (np.rint(blocks / scale) + BLOCK_ZERO).astype(np.uint8), scale.reshape(-1)


def from_blocks(stored: np.ndarray, scale: np.ndarray, inputs: int) -> np.ndarray:
    values = (stored.astype(np.float32) - BLOCK_ZERO) * scale.reshape(*stored.shape[:2], 1)
    return np.ascontiguousarray(values.reshape(len(stored), -1)[:, :inputs].T)
