"""Fresh networks whose geometry follows from a configuration, and the averaged weights of finished runs."""

import pickle
from pathlib import Path

import torch
from torch import nn

from wuerstchen.config import Config
from wuerstchen.models.autoencoder import ConvolutionalCompressor, DirectDecoder
from wuerstchen.models.compressor import Compressor
from wuerstchen.models.previewer import Previewer
from wuerstchen.models.stage_a import StageA
from wuerstchen.models.stage_b import StageB
from wuerstchen.models.stage_c import StageC

# Stage A reduces a side four-fold.
STAGE_A_DOWNSCALE = 4


def new_stage_a(config: Config) -> StageA:
    return StageA(config.stage_a, config.picture_channels)


def new_stage_b(config: Config) -> StageB:
    """With a compressor of its own stage, the latent enters through a direct decoder's features; else through a
    pixel shuffle.
    """
    features = None if config.compressor is None else new_direct_decoder(config).features
    ratio = config.latent.downscale // STAGE_A_DOWNSCALE
    return StageB(config.stage_b, config.stage_a.latent_channels, config.latent.channels, ratio, features)


def new_stage_c(config: Config) -> StageC:
    return StageC(config.stage_c, config.latent.channels, config.text.width)


def new_direct_decoder(config: Config) -> DirectDecoder:
    """Raises ValueError where the configuration has no `compressor`."""
    if config.compressor is None:
        raise ValueError("config: compressor is missing")
    return DirectDecoder(config.compressor, config.picture_channels, config.latent.channels)


def new_compressor(config: Config) -> ConvolutionalCompressor | Compressor:
    """Of the configuration's `compressor`; without it, the EfficientNet-Lite0 that Stage B trains with itself."""
    if config.compressor is None:
        return Compressor(config.latent.channels)
    return ConvolutionalCompressor(config.compressor, config.picture_channels, config.latent.channels)


def new_previewer(config: Config) -> Previewer:
    """Raises ValueError where the configuration has no `previewer`."""
    if config.previewer is None:
        raise ValueError("config: previewer is missing")
    return Previewer(config.previewer, config.latent.channels, config.latent.downscale)


def load_part(runs: Path, run: str, part: str, module: nn.Module) -> nn.Module:
    """Loads PART of the averaged weights RUNS/RUN.pt into `module`, set to inference."""
    path = runs / f"{run}.pt"
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: train {run} first")
    state = load_state(path)
    fill(module, {name.removeprefix(f"{part}."): t for name, t in state.items() if name.startswith(f"{part}.")}, path)
    return module.eval().requires_grad_(False)


def load_state(path: Path) -> dict:
    """What a run wrote, on the CPU. Raises ValueError where the file is damaged or something else."""
    try:
        return torch.load(path, weights_only=True, map_location="cpu")
    except (RuntimeError, EOFError, pickle.UnpicklingError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is damaged, or no file of a run: delete it and train again") from error


def fill(module: nn.Module, state: dict, path: Path) -> None:
    """Loads `state`, read from `path`. Raises ValueError where it is of another network."""
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(
            f"{path} holds another network than the configuration describes: name another --runs, or delete it"
        ) from error


def load_stage_a(config: Config, runs: Path) -> nn.Module:
    return load_part(runs, "stage-a", "stage_a", new_stage_a(config))


def load_compressor(config: Config, runs: Path) -> nn.Module:
    """From the run that trained it: its own, or Stage B's."""
    return load_part(
        runs, "stage-b" if config.compressor is None else "compressor", "compressor", new_compressor(config)
    )
