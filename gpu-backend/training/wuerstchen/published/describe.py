"""What a published model costs, without its weights: parameters, and the work of one forward pass of each network.

`python -m wuerstchen.published.describe v2 --height 1024 --width 1536`
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from wuerstchen.published.build import build_stage, count_parameters
from wuerstchen.published.configs import CONFIGS, CascadeConfig, DiffNeXtConfig, PriorConfig, published_config
from wuerstchen.published.pipelines import stage_b_size, stage_c_size

# The compressor reads a picture at three quarters of its side, floored to a multiple of its stride.
COMPRESSOR_STRIDE = 32


@dataclass(frozen=True)
class StageCost:
    """`flops` of one forward pass for one picture, a multiplication and an addition counted as two."""

    stage: str
    network: str
    parameters: int
    flops: int


def example_inputs(
    config: PriorConfig | DiffNeXtConfig | CascadeConfig, cells: tuple[int, int], tokens: int = 77
) -> dict[str, Tensor]:
    """Inputs of one forward pass of a Stage B or C, by the names in `forward`, on `meta`, for a Stage C latent of
    `cells`.

    Raises ValueError where Stage B cannot work at the size that follows from `cells`.
    """

    def meta(*shape: int) -> Tensor:
        return torch.empty(shape, device="meta")

    if isinstance(config, PriorConfig):
        return {
            "x": meta(1, config.latent_channels, *cells),
            "t": meta(1),
            "text": meta(1, tokens, config.text_channels),
        }
    if isinstance(config, DiffNeXtConfig):
        x = meta(1, config.latent_channels, *stage_b_size(cells, multiple=16))
        latent, text = meta(1, config.stage_c_channels, *cells), meta(1, tokens, config.text_channels)
        return {"x": x, "t": meta(1), "stage_c_latent": latent, "text": text}
    inputs = {"t": meta(1), "pooled": meta(1, 1, config.pooled_channels)}
    if config.stage_c_channels:
        x = meta(1, config.latent_channels, *stage_b_size(cells, config.patch))
        return inputs | {"x": x, "stage_c_latent": meta(1, config.stage_c_channels, *cells)}
    texts = {"text": meta(1, tokens, config.text_channels), "image": meta(1, 1, config.image_channels)}
    return inputs | texts | {"x": meta(1, config.latent_channels, *cells)}


def count_flops(run: Callable[[], object]) -> int:
    """Matrix products, convolutions and attention of one call; on `meta` tensors it costs no memory."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def describe(name: str, height: int = 1024, width: int = 1024) -> list[StageCost]:
    """Every network of a published configuration, in order of inference, for pictures of height × width pixels.

    Raises ValueError for an unknown name and for a size at which Stage B cannot work.
    """
    config, cells = published_config(name), stage_c_size(height, width)

    def cost(stage: str, label: str, run: Callable[[nn.Module], object]) -> StageCost:
        network = build_stage(name, stage, "meta").eval()
        return StageCost(label, type(network).__name__, count_parameters(network), count_flops(lambda: run(network)))

    image = torch.empty(
        1, 3, *(int(side * 0.75) // COMPRESSOR_STRIDE * COMPRESSOR_STRIDE for side in (height, width)), device="meta"
    )
    stage_c, stage_b = (example_inputs(stage, cells, config.text_tokens) for stage in (config.stage_c, config.stage_b))
    stage_a_latent = stage_b["x"]
    return [
        cost("c", "Stage C, one step", lambda network: network(**stage_c)),
        cost("b", "Stage B, one step", lambda network: network(**stage_b)),
        cost("a", "Stage A, decoder", lambda network: network.decode(stage_a_latent)),
        cost("compressor", "semantic compressor", lambda network: network(image)),
        cost(
            "previewer",
            "previewer",
            lambda network: network(image.new_empty(1, config.previewer.latent_channels, *cells)),
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=CONFIGS)
    parser.add_argument("--height", type=int, default=1024)
    parser.add_argument("--width", type=int, default=1024)
    arguments = parser.parse_args()
    for cost in describe(arguments.name, arguments.height, arguments.width):
        print(f"{cost.stage:20} {cost.network:12} {cost.parameters:>13,} parameters {cost.flops / 1e12:7.3f} TFLOP")


if __name__ == "__main__":
    main()
