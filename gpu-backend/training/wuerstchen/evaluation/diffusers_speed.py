"""`diffusers`' pipelines, timed on demand: the other side of `npm run bench:diffusers`.

`python -m wuerstchen.evaluation.diffusers_speed --folder …` answers as `answer_orders` says. FOLDER is what
`diffusers_checkpoint` wrote. Float32 on the processor, a prompt as text, a PIL picture out: what a program with
diffusers would do.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from diffusers.pipelines.deprecated import wuerstchen
from torch import nn

from wuerstchen.evaluation.answer_orders import Order, Run, answer_orders


def open_pipeline(folder: Path) -> Any:
    """As `from_pretrained`, part by part: of those that diffusers saved, it does not find Würstchen's classes again
    by itself.
    """
    described = json.loads((folder / "model_index.json").read_text())
    parts = {name: _load(folder / name, entry[1]) for name, entry in described.items() if isinstance(entry, list)}
    pipeline = getattr(diffusers, described["_class_name"])(**parts)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _load(folder: Path, name: str | None) -> Any:
    if name is None:
        return None
    library = next(library for library in (wuerstchen, diffusers, transformers) if hasattr(library, name))
    return getattr(library, name).from_pretrained(folder)


class Pipelines:
    """The prior's and the decoder's, either family's."""

    def __init__(self, folder: Path) -> None:
        self.prior, self.decoder = (open_pipeline(folder / name) for name in ("decoder-prior", "decoder"))

    def picture(self, order: Order) -> Any:
        """A list of PIL pictures."""
        latents = self.prior(
            prompt=order["prompt"],
            negative_prompt=order["negativePrompt"],
            height=order["height"],
            width=order["width"],
            num_inference_steps=order["steps"],
            guidance_scale=order["guidanceScale"],
            num_images_per_prompt=order["batch"],
            generator=torch.Generator().manual_seed(order["seed"]),
        ).image_embeddings
        # The decoder's empty prompt is repeated for every latent.
        generator = torch.Generator().manual_seed(order["seed"])
        steps = {"num_inference_steps": order["stepsB"], "guidance_scale": 0.0}
        return self.decoder(image_embeddings=latents, prompt="", generator=generator, **steps).images

    def step(self, order: Order) -> Run:
        """One run of a stage's network, on what the pipeline itself hands to it."""
        network: nn.Module = self.prior.prior if order["measure"] == "stageC" else self.decoder.decoder
        calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        hook = network.register_forward_pre_hook(
            lambda _, positional, named: calls.append((positional, named)), with_kwargs=True
        )
        self.picture(order | {"steps": 1, "stepsB": 1})
        hook.remove()
        positional, named = calls[0]
        return lambda: network(*positional, **named)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="what diffusers_checkpoint wrote")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with torch.inference_mode():
        pipelines = Pipelines(arguments.folder)
    answer_orders(pipelines)


if __name__ == "__main__":
    main()
