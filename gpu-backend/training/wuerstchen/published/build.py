"""Builds a published network from its name."""

from collections.abc import Callable

import torch
from torch import nn

from wuerstchen.published.cascade import CascadeUNet
from wuerstchen.published.compressor import Compressor
from wuerstchen.published.configs import (
    CascadeConfig,
    CompressorConfig,
    DiffNeXtConfig,
    PaellaVQConfig,
    PreviewerConfig,
    PriorConfig,
    published_config,
)
from wuerstchen.published.previewer import Previewer
from wuerstchen.published.stage_a import PaellaVQ
from wuerstchen.published.stage_b import DiffNeXt
from wuerstchen.published.stage_c import Prior

# A stage's short name, as a command line has it, and the field of PublishedConfig that describes it.
STAGES = {"a": "stage_a", "b": "stage_b", "c": "stage_c", "compressor": "compressor", "previewer": "previewer"}
_NETWORKS: dict[type, Callable[..., nn.Module]] = {
    CascadeConfig: CascadeUNet,
    CompressorConfig: Compressor,
    DiffNeXtConfig: DiffNeXt,
    PaellaVQConfig: PaellaVQ,
    PreviewerConfig: Previewer,
    PriorConfig: Prior,
}


def build_stage(name: str, stage: str, device: str | torch.device = "cpu") -> nn.Module:
    """A new network with the authors' initialisation, in training mode. On `meta` it has shapes and no memory.

    `name` is a published configuration, `stage` one of `STAGES`. Raises ValueError listing the names that exist.
    """
    if stage not in STAGES:
        raise ValueError(f"no stage {stage!r}; there are {', '.join(STAGES)}")
    config = getattr(published_config(name), STAGES[stage])
    with torch.device(device):
        return _NETWORKS[type(config)](config)


def count_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
