"""A contact sheet: every line of a prompts file in every style, one seed.

  python -m wuerstchen.showcase --config configs/emoji-128.toml --prompts configs/emoji-128.prompts.txt --out sheet.png
  python -m wuerstchen.showcase --bundle ../models/emoji-128 --against ../models/before --prompts FILE --out sheet.png

The first is of finished runs, the second of a bundle; with `--against`, each of its pictures stands to the right of
the one that the bundle before makes of the same prompt and seed. The noise is drawn as the server draws it, so the same
prompt, seed and settings give the same picture there. What is transparent lies on white.
"""

import argparse
from pathlib import Path

import torch
from rich.progress import track
from torch import Tensor

from wuerstchen.arguments import seed
from wuerstchen.config import Config, load_config
from wuerstchen.diffusion import guided, sample
from wuerstchen.export.bundle import trained_stages
from wuerstchen.export.graphs import Stages
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import ends_when_stopped
from wuerstchen.training.contact_sheet import write_grid
from wuerstchen.training.reconstruction import opaque
from wuerstchen.utf8 import utf8_text

CONFIGS = Path(__file__).parent.parent / "configs"
STYLES = ("3D", "flat", "noto", "twemoji")
# Rows of a graph's run.
BATCH = 8


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
    return opaque(stages.stage_a.decode(painted))[0].clamp(0, 1)


def bundle_pictures(bundle: Bundle, config: Config, prompts: list[str], seed: int) -> Tensor:
    """(n, 3, side, side) in [0, 1], with the configured sampler defaults; each depends on its prompt and the seed."""
    side = config.image_side // config.latent.downscale
    noise = _noise(seed, (1, config.latent.channels, side, side))

    def pictures(own: list[str]) -> Tensor:
        latents = bundle.latents(own, noise.expand(len(own), -1, -1, -1).contiguous(), config)
        return bundle.picture(latents.half().float(), config, seed)

    starts = range(0, len(prompts), BATCH)
    return torch.cat([pictures(prompts[start : start + BATCH]) for start in track(starts, description="pictures")])


def _noise(seed: int, shape: tuple[int, ...]) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _states(config: Config, stages: Stages, text: str) -> tuple[Tensor, Tensor]:
    states = torch.from_numpy(stages.text_encoder.encode_texts([text], config.text.tokens_max)[0])[None]
    return states, torch.ones(states.shape[:2])


def run(arguments: argparse.Namespace) -> None:
    prompts = [f"{line}, {style}" for line in utf8_text(arguments.prompts).splitlines() if line for style in STYLES]
    if arguments.bundle is not None:
        return _sheet_of_bundles(arguments, prompts)
    config = load_config(arguments.config)
    stages = trained_stages(config, arguments.runs / config.id)
    pictures = [
        generate_picture(config, stages, prompt, arguments.seed) for prompt in track(prompts, description="pictures")
    ]
    write_grid(arguments.out, torch.stack(pictures), 2 * len(STYLES), prompts)


def _sheet_of_bundles(arguments: argparse.Namespace, prompts: list[str]) -> None:
    bundles = [Bundle(folder) for folder in (arguments.against, arguments.bundle) if folder is not None]
    sides = [
        bundle_pictures(bundle, load_config(bundle.config_file(CONFIGS)), prompts, arguments.seed) for bundle in bundles
    ]
    captions = [caption for prompt in prompts for caption in (prompt, "now")[: len(sides)]]
    write_grid(arguments.out, torch.stack(sides, dim=1).flatten(0, 1), 2 * len(STYLES) * len(sides), captions)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    model = parser.add_mutually_exclusive_group(required=True)
    model.add_argument("--config", type=Path, help="of finished runs")
    model.add_argument("--bundle", type=Path, help="a finished bundle")
    parser.add_argument("--against", type=Path, help="with --bundle: the bundle before, of the same size of pictures")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="with --config; default: runs")
    parser.add_argument("--prompts", type=Path, required=True, help="text file, one prompt a line")
    parser.add_argument("--out", type=Path, required=True, help="PNG")
    parser.add_argument("--seed", type=seed, default=1)
    arguments = parser.parse_args()
    if arguments.against is not None and arguments.bundle is None:
        parser.error("--against needs --bundle")
    with plain_errors("showcase"), ends_when_stopped("showcase: stopped"):
        run(arguments)


if __name__ == "__main__":
    main()
