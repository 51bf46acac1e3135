"""A model bundle as training uses it: its graphs run by ONNX Runtime, and Stage C as a module that can be trained."""

from functools import cached_property
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from tokenizers import Tokenizer
from torch import Tensor

from wuerstchen.config import Config, load_config
from wuerstchen.diffusion import NoisePrediction, as_noise, guided, sample
from wuerstchen.export.bundle_form import read_manifest
from wuerstchen.export.stored_parameters import read_parameters
from wuerstchen.models.alpha import on_background, premultiply
from wuerstchen.models.blocks import timestep_embedding
from wuerstchen.models.build import new_stage_c
from wuerstchen.models.emoji_words import emoji_to_words
from wuerstchen.models.stage_c import StageC
from wuerstchen.training.cache import digest_of, file_digest
from wuerstchen.training.data import RGB
from wuerstchen.training.text_states import CaptionEncoder

STAGE_C_GRAPHS = ("textConditioner", "stageC")
# The configuration that the bundle was made with, beside its graphs: what fine-tuning and reports need to know of the
# networks.
TRAINING_CONFIG = "training.toml"
# The figures of the report on the bundle, which its service reads.
KPI_FILE = "kpi.json"
# Relative to the output's peak, for the same rounded weights: float32, and with inputs of some products rounded to
# bytes.
ROUNDING = ("QuantizeLinear", "MatMulNBits")
SAME_TOLERANCE, SAME_INTEGER_TOLERANCE = 1e-4, 0.05


class Bundle:
    """Reads model.json and, when they are asked for, the graphs. Raises FileNotFoundError or ValueError where
    `directory` is no whole bundle.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.manifest = read_manifest(directory)
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}

    def config_file(self, configs: Path) -> Path:
        """The configuration in the bundle or, under the model's name, in the folder `configs`. Raises
        FileNotFoundError without either, ValueError where the latter is of another network: a name outlives weights.
        """
        within, listed = self.directory / TRAINING_CONFIG, configs / f"{self.manifest['id']}.toml"
        if not within.exists() and not listed.exists():
            raise FileNotFoundError(
                f"{self.directory} does not say what it was trained with ({TRAINING_CONFIG}), and {listed} does not "
                "exist: "
                "name the configuration with --config"
            )
        if within.exists():
            return within
        self._require_own(listed)
        return listed

    def _require_own(self, config_file: Path) -> None:
        """Raises ValueError where pictures or predictions are not this bundle's."""
        config, sampler = load_config(config_file), self.manifest["sampler"]
        told = {
            "picture_channels": (config.picture_channels, self.manifest["image"].get("channels", RGB)),
            "stage_b.prediction": (config.stage_b.prediction, sampler["stageB"].get("prediction", "epsilon")),
            "stage_c.prediction": (config.stage_c.prediction, sampler["stageC"].get("prediction", "epsilon")),
        }
        for key, (here, own) in told.items():
            if here != own:
                raise ValueError(
                    f"{self.directory}: {config_file} is of another network ({key} is {here}, of the bundle {own}): "
                    f"copy the configuration that it was trained with into the bundle as {TRAINING_CONFIG}"
                )

    def path(self, key: str) -> Path:
        """The file of a graph. Raises ValueError where the bundle has none of that name."""
        if key not in self.manifest["graphs"]:
            raise ValueError(f"{self.directory} has no {key} graph: export it with this version")
        return self.directory / self.manifest["graphs"][key]["file"]

    def run(self, key: str, *inputs: Tensor) -> Tensor:
        """A graph's output; inputs in the manifest's order, on the CPU."""
        if key not in self._sessions:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = torch.get_num_threads()
            self._sessions[key] = onnxruntime.InferenceSession(
                str(self.path(key)), options, providers=["CPUExecutionProvider"]
            )
        names = [port["name"] for port in self.manifest["graphs"][key]["inputs"]]
        feed = {name: tensor.numpy() for name, tensor in zip(names, inputs, strict=True)}
        return torch.from_numpy(self._sessions[key].run(None, feed)[0])

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return Tokenizer.from_file(str(self.directory / self.manifest["text"]["tokenizer"]))

    def encode_texts(self, texts: list[str]) -> list[np.ndarray]:
        """One (1 + t, width) float32 array a text, as the server computes them; longer texts are cut to the model's
        limit.
        """
        self._tokenizer.enable_truncation(self.manifest["text"]["tokensMax"])
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(self._as_words(texts))]
        longest = max(len(row) for row in ids)
        padded = torch.tensor([row + [0] * (longest - len(row)) for row in ids])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
        states = self.run("textEncoder", padded, mask)
        return [states[index, : 1 + len(row)].numpy() for index, row in enumerate(ids)]

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Of each text before it is cut, those of its start and end included."""
        self._tokenizer.no_truncation()
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch(self._as_words(texts))]

    def _as_words(self, texts: list[str]) -> list[str]:
        return [emoji_to_words(text, self._tokenizer) for text in texts]

    def digest(self, key: str) -> str:
        """Of a graph's file and, where its weights lie in a file of their own, of that."""
        path = self.path(key)
        files = [path, path.with_name(f"{path.name}.data")]
        return digest_of(*[file_digest(file) for file in files if file.exists()])

    @cached_property
    def caption_encoder(self) -> CaptionEncoder:
        """The text encoder, for text states that are kept."""
        digest = digest_of(self.digest("textEncoder"), file_digest(self.directory / self.manifest["text"]["tokenizer"]))
        return CaptionEncoder(self.encode_texts, self.count_tokens, self.manifest["text"]["tokensMax"], digest)

    def condition(self, text: str) -> tuple[Tensor, Tensor]:
        """(1, depth, 2, positions, width) and its mask (1, positions), padded as the server pads it."""
        states = torch.from_numpy(self.encode_texts([text])[0])
        padded = torch.zeros(1, 1 + self.manifest["text"]["tokensMax"], states.shape[1])
        padded[0, : len(states)] = states
        return self.run("textConditioner", padded), (torch.arange(padded.shape[1]) < len(states)).float()[None]

    def latents(self, prompts: list[str], noise: Tensor, config: Config, guidance: float | None = None) -> Tensor:
        """Stage C latents of `noise` (n, c, h, w), one prompt each, by the configured steps and guidance."""
        texts, width = [self.condition(prompt) for prompt in prompts], config.stage_c.timestep_width
        conditions, masks = torch.cat([condition for condition, _ in texts]), torch.cat([mask for _, mask in texts])

        def predict(condition: Tensor, mask: Tensor) -> NoisePrediction:
            condition, mask = (
                condition.expand(len(noise), -1, -1, -1, -1).contiguous(),
                mask.expand(len(noise), -1).contiguous(),
            )
            said = lambda x, t: self.run("stageC", x, timestep_embedding(t, width), condition, mask)  # noqa: E731
            return lambda x, t: as_noise(config.stage_c.prediction, said(x, t), x, t)

        scale = config.sampler_c.guidance_scale if guidance is None else guidance
        return sample(
            guided(predict(conditions, masks), predict(*self.condition("")), scale), noise, config.sampler_c.steps
        )

    def paint(self, latent: Tensor, config: Config, seed: int = 0) -> Tensor:
        """Stage C latents (b, c, h, w) to pictures (b, channels, h*downscale, w*downscale) in [0, 1] by Stages B and A,
        from one noise: that of `seed`.

        Alpha is straight."""
        condition, ratio = self.run("stageBConditioner", latent), config.latent.downscale // 4
        shape = (len(latent), config.stage_a.latent_channels, latent.shape[2] * ratio, latent.shape[3] * ratio)
        noise = torch.randn((1, *shape[1:]), generator=torch.Generator().manual_seed(seed)).expand(shape).contiguous()
        width = config.stage_b.timestep_width

        def noise_in(x: Tensor, t: Tensor) -> Tensor:
            return as_noise(
                config.stage_b.prediction, self.run("stageB", x, timestep_embedding(t, width), condition), x, t
            )

        painted = sample(noise_in, noise, config.sampler_b.steps)
        return self.run("stageA", painted).clamp(0, 1)

    def picture(self, latent: Tensor, config: Config, seed: int = 0) -> Tensor:
        """As `paint`, (b, 3, height, width) with transparency on white."""
        image = self.paint(latent, config, seed)
        return image if image.shape[1] == RGB else on_background(premultiply(image))

    def stage_c(self, config: Config) -> StageC:
        """Stage C with the bundle's weights, as exact as they are stored, set to inference.

        Raises ValueError where `config` describes another network than the bundle holds."""
        model, state = new_stage_c(config), self.stage_c_state()
        problems = [f"{name} is missing" for name in model.state_dict().keys() - state.keys()]
        problems += [f"{name} is unknown" for name in state.keys() - model.state_dict().keys()]
        shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
        problems += [
            f"{name} is {tuple(t.shape)}, not {shapes[name]}"
            for name, t in state.items()
            if shapes.get(name, t.shape) != t.shape
        ]
        if problems:
            raise ValueError(self._other_network(sorted(problems)))
        model.load_state_dict(state)
        model.eval()
        self._require_same(model, config)
        return model

    def stage_c_state(self) -> dict[str, Tensor]:
        """Every parameter of Stage C. Keys and values are in both graphs; the text's has them in float16 even where
        the other rounds.
        """
        return {
            name: tensor
            for key in reversed(STAGE_C_GRAPHS)
            for name, tensor in read_parameters(onnx.load(self.path(key))).items()
        }

    @torch.no_grad()
    def _require_same(self, model: StageC, config: Config) -> None:
        """The number of heads shapes no weight: only running both shows that they are one network."""
        generator = torch.Generator().manual_seed(0)
        # As in use: integer products are made for inputs that occur.
        text = torch.from_numpy(self.encode_texts(["red apple"])[0])[None]
        x = torch.randn(
            (1, config.latent.channels, 2 * config.stage_c.patch, 2 * config.stage_c.patch), generator=generator
        )
        embedding, mask = (
            timestep_embedding(torch.tensor([0.6]), config.stage_c.timestep_width),
            torch.ones(text.shape[:2]),
        )
        condition = model.condition(text)
        pairs = (
            (condition, self.run("textConditioner", text)),
            (_said(model, x, embedding, condition, mask), self.run("stageC", x, embedding, condition, mask)),
        )
        for key, (ours, stored) in zip(STAGE_C_GRAPHS, pairs, strict=True):
            rounds = any(node.op_type in ROUNDING for node in onnx.load(self.path(key)).graph.node)
            tolerance = SAME_INTEGER_TOLERANCE if rounds else SAME_TOLERANCE
            difference = ((ours - stored).abs().max() / stored.abs().max()).item()
            if difference > tolerance:
                raise ValueError(self._other_network([f"results differ by {difference:.1e}; is stage_c.heads right?"]))

    def _other_network(self, problems: list[str]) -> str:
        return (
            f"{self.directory} holds another Stage C than the configuration describes: {'; '.join(problems[:3])}. "
            "Use the configuration and the version it was made with"
        )


def _said(model: StageC, x: Tensor, embedding: Tensor, condition: Tensor, mask: Tensor) -> Tensor:
    """The first output of Stage C's graph."""
    says = model.denoise if model.config.prediction == "epsilon" else model.predict
    return says(x, embedding, condition, mask)
