"""An imported bundle run by onnxruntime in the order in which the server runs it, so that graphs and manifest are
tested together.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from wuerstchen.models.blocks import timestep_embedding
from wuerstchen.published.sampling import Sampling, sample


class BundleRunner:
    """Requests are a golden file's cases."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.manifest = directory, json.loads((directory / "model.json").read_text())
        self.sessions = {
            key: onnxruntime.InferenceSession(directory / graph["file"], providers=["CPUExecutionProvider"])
            for key, graph in self.manifest["graphs"].items()
        }

    def run(self, key: str, *inputs: Tensor) -> Tensor:
        names = [port["name"] for port in self.manifest["graphs"][key]["inputs"]]
        feed = {name: tensor.contiguous().numpy() for name, tensor in zip(names, inputs, strict=True)}
        return torch.from_numpy(self.sessions[key].run(None, feed)[0])

    def condition(self, ids: list[int]) -> Tensor:
        text = self.manifest["text"]
        padding = text["tokensMax"] - len(ids)
        mask = torch.tensor([[1] * len(ids) + [0] * padding])
        return self.run(
            "textConditioner", self.run("textEncoder", torch.tensor([ids + [text["padTokenId"]] * padding]), mask)
        )

    def latent(self, request: dict[str, Any]) -> np.ndarray:
        """(c, h, w) as it is stored, but in float32."""
        texts = torch.cat([self.condition(request["tokenIds"]), self.condition(request["negativeTokenIds"])])
        guidance, stored = request["guidanceScale"], self.manifest["latent"]
        times = self.manifest["sampler"]["stageC"].get("timesteps")
        if times is None or request["steps"] != len(times) - 1:
            times = torch.linspace(1, 0, request["steps"] + 1).tolist()
        width = self.manifest["timestepEmbedding"]["width"]
        sampling = Sampling(tuple(times), guidance, torch.Generator().manual_seed(request["seed"]))
        made = sample(
            lambda x, t: self.run("stageC", x, timestep_embedding(t, width), texts[: len(x)]),
            (1, *request["latentShape"]),
            sampling,
            torch.zeros(1),
        )
        return (made[0] * stored["scale"] + stored["offset"]).numpy()

    def paint(self, latent: Tensor, seed: int) -> tuple[np.ndarray, Tensor]:
        """The Stage B latent (c, h, w) and the picture (1, 3, 4h, 4w), from a stored latent (c, h, w) rounded to
        float16.
        """
        condition = self.run("stageBConditioner", latent[None].half().float())
        stage_b, steps = self.manifest["stageB"], self.manifest["sampler"]["stageB"]["steps"]["default"]
        width = self.manifest["timestepEmbedding"]["width"]
        shape = (1, stage_b["channels"], latent.shape[1] * 32 // 3, latent.shape[2] * 32 // 3)
        sampling = Sampling(tuple(torch.linspace(1, 0, steps + 1).tolist()), 1.0, torch.Generator().manual_seed(seed))
        made = sample(
            lambda x, t: self.run("stageB", x, timestep_embedding(t, width), condition), shape, sampling, torch.zeros(1)
        )
        return made[0].numpy(), self.run("stageA", made * stage_b["latentScale"])
