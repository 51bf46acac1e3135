"""A published model of random weights, saved by `diffusers`: what `npm run bench:diffusers` runs on both sides.

`python -m wuerstchen.evaluation.diffusers_checkpoint stable-cascade --out FOLDER` writes FOLDER/decoder and
FOLDER/decoder-prior. Layout, blocks and the width of a head are the release's; other widths and depths are cut so that
one core makes a picture in seconds.

`--size full` has the release's sizes, as float16: it shows what a machine takes for a model before its weights are
fetched. Würstchen v2 takes 6 GB of disk and 10 GB of memory, Stable Cascade 12 and 20.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from wuerstchen.evaluation.diffusers_networks import TextSize, pipelines
from wuerstchen.published.configs import (
    CASCADE_B_LITE,
    CASCADE_C_LITE,
    CASCADE_LARGE,
    CASCADE_LITE,
    DIFFNEXT,
    PAELLA_VQ,
    PRIOR,
    V2,
    PublishedConfig,
)
from wuerstchen.published.tiny import TINY_CASCADE, TINY_V2

TEXT_WIDTH = 512
STAGE_A = replace(PAELLA_VQ, channels=128, bottleneck_blocks=4, codebook_size=64)
LEVELS = {"channels": (96, 192, 384, 384), "condition_channels": 384}
MIDDLE_V2 = replace(
    V2,
    stage_a=STAGE_A,
    stage_b=replace(DIFFNEXT, heads=(0, 3, 6, 6), blocks=(2, 2, 6, 2), text_channels=TEXT_WIDTH, **LEVELS),
    stage_c=replace(PRIOR, channels=512, depth=16, heads=8, text_channels=TEXT_WIDTH),
)
MIDDLE_CASCADE = replace(
    CASCADE_LITE,
    stage_a=STAGE_A,
    stage_b=replace(
        CASCADE_B_LITE,
        heads=(0, 0, 6, 6),
        down_layers=(1, 2, 6, 2),
        up_layers=(2, 6, 2, 1),
        pooled_channels=TEXT_WIDTH,
        **LEVELS,
    ),
    stage_c=replace(
        CASCADE_C_LITE,
        channels=(512, 512),
        heads=(8, 8),
        down_layers=(2, 6),
        up_layers=(6, 2),
        condition_channels=512,
        text_channels=TEXT_WIDTH,
        pooled_channels=TEXT_WIDTH,
    ),
)
# CLIP's text encoders ViT-bigG (both families) and ViT-H (v2's decoder).
BIG_G = TextSize(inner_width=5120, layers=32, heads=20, projection=1280, vocabulary=49408)
HUGE = TextSize(inner_width=4096, layers=24, heads=16, projection=1024, vocabulary=49408)
# Family and size → configuration, Stage C's text encoder, and Stage B's if another.
CONFIGURATIONS: dict[tuple[str, str], tuple[PublishedConfig, TextSize] | tuple[PublishedConfig, TextSize, TextSize]] = {
    ("wuerstchen-v2", "full"): (V2, BIG_G, HUGE),
    ("stable-cascade", "full"): (CASCADE_LARGE, BIG_G),
    ("wuerstchen-v2", "middle"): (MIDDLE_V2, TextSize(inner_width=2048, layers=12, heads=8, projection=TEXT_WIDTH)),
    ("stable-cascade", "middle"): (
        MIDDLE_CASCADE,
        TextSize(inner_width=2048, layers=12, heads=8, projection=TEXT_WIDTH),
    ),
    ("wuerstchen-v2", "tiny"): (TINY_V2, TextSize(inner_width=37, layers=2, heads=4, projection=32)),
    ("stable-cascade", "tiny"): (TINY_CASCADE, TextSize(inner_width=37, layers=2, heads=4, projection=32)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("family", choices=sorted({family for family, _ in CONFIGURATIONS}))
    parser.add_argument("--size", choices=("full", "middle", "tiny"), default="middle")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    config, text, *other = CONFIGURATIONS[arguments.family, arguments.size]
    stored = torch.float16 if arguments.size == "full" else torch.float32
    prior, decoder = pipelines(config, text, 1.0, *other, stored=stored)
    prior.save_pretrained(arguments.out / "decoder-prior")
    decoder.save_pretrained(arguments.out / "decoder")  # last: where it is whole, both are
    for pipeline in (prior, decoder):
        for name, part in pipeline.components.items():
            if hasattr(part, "num_parameters"):
                print(f"{name}: {part.num_parameters() / 1e6:.1f} M parameters")


if __name__ == "__main__":
    main()
