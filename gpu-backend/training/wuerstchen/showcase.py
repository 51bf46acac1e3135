"""A contact sheet of a finished training: every line of a prompts file in every style, one seed.

`python -m wuerstchen.showcase --config configs/emoji-128.toml --prompts configs/emoji-128.prompts.txt --out sheet.png`
The noise is drawn as the server draws it, so the same prompt, seed and settings give the same picture there.
"""

import argparse
from pathlib import Path

import torch
from rich.progress import track
from torch import Tensor

from wuerstchen.config import Config, load_config
from wuerstchen.diffusion import guided, sample
from wuerstchen.export.bundle import trained_stages
from wuerstchen.export.graphs import Stages
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import ends_when_stopped
from wuerstchen.training.contact_sheet import write_grid

STYLES = ("3D", "flat", "noto", "twemoji")


@torch.no_grad()
def generate_picture(config: Config, stages: Stages, prompt: str, seed: int) -> Tensor:
    """(3, side, side) in [0, 1]: the path of the server in PyTorch, with the configured sampler defaults."""
    side = config.image_side // config.latent.downscale
    text, empty = (_states(config, stages, words) for words in (prompt, ""))
    predict = guided(
        lambda x, t: stages.stage_c(x, t, *text),
        lambda x, t: stages.stage_c(x, t, *empty),
        config.sampler_c.guidance_scale,
    )
    latent = sample(predict, _noise(seed, (1, config.latent.channels, side, side)), config.sampler_c.steps)
    latent = latent.half().float()  # as the server stores it
    shape = (1, config.stage_a.latent_channels, config.image_side // 4, config.image_side // 4)
    painted = sample(lambda x, t: stages.stage_b(x, t, latent), _noise(seed, shape), config.sampler_b.steps)
    return stages.stage_a.decode(painted)[0].clamp(0, 1)


def _noise(seed: int, shape: tuple[int, ...]) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _states(config: Config, stages: Stages, text: str) -> tuple[Tensor, Tensor]:
    states = torch.from_numpy(stages.text_encoder.encode_texts([text], config.text.tokens_max)[0])[None]
    return states, torch.ones(states.shape[:2])


def run(arguments: argparse.Namespace) -> None:
    config = load_config(arguments.config)
    stages = trained_stages(config, arguments.runs / config.id)
    prompts = [f"{line}, {style}" for line in arguments.prompts.read_text().splitlines() if line for style in STYLES]
    pictures = [
        generate_picture(config, stages, prompt, arguments.seed) for prompt in track(prompts, description="pictures")
    ]
    write_grid(arguments.out, torch.stack(pictures), 2 * len(STYLES), prompts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--prompts", type=Path, required=True, help="text file, one prompt a line")
    parser.add_argument("--out", type=Path, required=True, help="PNG")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with plain_errors("showcase"), ends_when_stopped("showcase: stopped"):
        run(arguments)


if __name__ == "__main__":
    main()
