"""The networks in PyTorch, timed on demand: the other side of `npm run bench:pytorch`.

`python -m wuerstchen.evaluation.reference_speed --config … --weights …` answers as `answer_orders` says; a picture is
made from token ids and ends as bytes. Nothing but torch is imported, so that its memory is a plain PyTorch program's.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from wuerstchen.config import Config, load_config
from wuerstchen.diffusion import as_noise, sample
from wuerstchen.evaluation.answer_orders import Order, Run, answer_orders
from wuerstchen.models.alpha import straight
from wuerstchen.models.blocks import timestep_embedding
from wuerstchen.models.build import new_stage_a, new_stage_b, new_stage_c
from wuerstchen.models.stage_b import StageB
from wuerstchen.models.stage_c import StageC
from wuerstchen.models.text_encoder import TextEncoder

HEAD_WIDTH = 32  # of all-MiniLM-L6-v2: the one number of it that no weight tells
GUIDANCE = 3.0
RGB = 3


class Reference:
    """All networks of a bundle, set to inference."""

    def __init__(self, config: Config, weights: Path) -> None:
        parts: dict[str, dict[str, Tensor]] = {}
        for name, tensor in load_file(weights).items():
            part, _, rest = name.partition(".")
            parts.setdefault(part, {})[rest] = tensor
        self.config = config
        self.stage_c, self.stage_b, self.stage_a = new_stage_c(config), new_stage_b(config), new_stage_a(config)
        text = parts["text"]
        (words, width), (positions, _) = text["words.weight"].shape, text["positions.weight"].shape
        layers = 1 + max(int(name.split(".")[1]) for name in text if name.startswith("layers."))
        hidden = len(text["layers.0.intermediate.bias"])
        self.text = TextEncoder(words, positions, width, width // HEAD_WIDTH, hidden, layers)
        self.stage_c.load_state_dict(parts["stage_c"])
        self.stage_b.load_state_dict(parts["stage_b"])
        self.stage_a.load_state_dict(parts["stage_a"], strict=False)
        self.text.load_state_dict(text)
        for module in (self.stage_c, self.stage_b, self.stage_a, self.text):
            module.eval().requires_grad_(False)

    def condition(self, token_ids: list[int]) -> tuple[Tensor, Tensor]:
        """(1, depth, 2, positions, width) and its mask, padded as the server pads it."""
        ids = torch.tensor([token_ids])
        positions = 1 + self.config.text.tokens_max
        states = self.text(ids, torch.ones_like(ids))
        padded = torch.zeros(1, positions, states.shape[2])
        padded[:, : states.shape[1]] = states
        mask = (torch.arange(positions) < states.shape[1]).float()[None]
        return self.stage_c.condition(padded), mask

    def picture(self, order: Order) -> Tensor:
        """(batch, picture_channels, height, width) bytes; alpha is straight."""
        batch, config, generator = order["batch"], self.config, torch.Generator().manual_seed(order["seed"])
        side = order["latentSide"]
        (unconditional, no_mask), (conditional, mask) = (
            self.condition(order["negativeTokenIds"]),
            self.condition(order["tokenIds"]),
        )
        condition = torch.cat([unconditional.expand(batch, -1, -1, -1, -1), conditional.expand(batch, -1, -1, -1, -1)])
        masks = torch.cat([no_mask.expand(batch, -1), mask.expand(batch, -1)])

        def predict_c(x: Tensor, t: Tensor) -> Tensor:
            embedding = timestep_embedding(torch.cat([t, t]), config.stage_c.timestep_width)
            said = says(self.stage_c)(torch.cat([x, x]), embedding, condition, masks).chunk(2)
            without, with_text = (as_noise(config.stage_c.prediction, part, x, t) for part in said)
            return without + GUIDANCE * (with_text - without)

        latent = sample(
            predict_c, torch.randn((batch, config.latent.channels, side, side), generator=generator), order["steps"]
        )
        picture_condition = self.stage_b.condition(latent)
        noise = torch.randn((batch, config.stage_a.latent_channels, *picture_condition.shape[2:]), generator=generator)
        width = config.stage_b.timestep_width

        def predict_b(x: Tensor, t: Tensor) -> Tensor:
            said = says(self.stage_b)(x, timestep_embedding(t, width), picture_condition)
            return as_noise(config.stage_b.prediction, said, x, t)

        image = self.stage_a.decode(sample(predict_b, noise, order["stepsB"]))
        image = image if config.picture_channels == RGB else straight(image)
        return (image.clamp(0, 1) * 255).round().to(torch.uint8)

    def step(self, order: Order) -> Run:
        return self._stage_c_step(order) if order["measure"] == "stageC" else self._stage_b_step(order)

    def _stage_c_step(self, order: Order) -> Run:
        """One run of both passes of guidance."""
        rows, side, config = 2 * order["batch"], order["latentSide"], self.config
        condition, mask = self.condition(order["tokenIds"])
        x = torch.randn(rows, config.latent.channels, side, side)
        embedding = timestep_embedding(torch.full((rows,), 0.5), config.stage_c.timestep_width)
        conditions, masks = condition.expand(rows, -1, -1, -1, -1).contiguous(), mask.expand(rows, -1).contiguous()
        return lambda: says(self.stage_c)(x, embedding, conditions, masks)

    def _stage_b_step(self, order: Order) -> Run:
        rows, side, config = order["batch"], order["latentSide"], self.config
        condition = self.stage_b.condition(torch.randn(rows, config.latent.channels, side, side))
        x = torch.randn(rows, config.stage_a.latent_channels, *condition.shape[2:])
        embedding = timestep_embedding(torch.full((rows,), 0.5), config.stage_b.timestep_width)
        return lambda: says(self.stage_b)(x, embedding, condition)


def says(stage: StageB | StageC) -> Callable[..., Tensor]:
    """What a sampler asks the network: for the noise, or for what else it predicts."""
    return stage.denoise if stage.config.prediction == "epsilon" else stage.predict


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True, help="what reference_weights wrote")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    answer_orders(Reference(load_config(arguments.config), arguments.weights))


if __name__ == "__main__":
    main()
