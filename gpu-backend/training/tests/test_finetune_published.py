"""Adapters of published networks: they learn, they are read by diffusers and by the import, and a run that was stopped
ends as one that never was.
"""

import json
import shutil
from argparse import Namespace
from pathlib import Path

import numpy as np
import published_checkpoints
import pytest
import torch
from diffusers.models.unets import StableCascadeUNet
from diffusers.pipelines.deprecated.wuerstchen import WuerstchenPrior
from published_reference import new
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from wuerstchen import finetune_published as command
from wuerstchen.finetuning.published_model import published_model
from wuerstchen.finetuning.published_options import plan_of, tuning_of
from wuerstchen.finetuning.published_run import NAME, Adapted, published_run
from wuerstchen.published.bundle.adapters import parse_adapter
from wuerstchen.published.bundle.checkpoint import Checkpoint, Choice
from wuerstchen.published.bundle.diffusers_folders import open_checkpoint
from wuerstchen.published.bundle.fit import with_adapters
from wuerstchen.published.compressor import Compressor
from wuerstchen.published.configs import CompressorConfig
from wuerstchen.published.sampling import Sampling, sample
from wuerstchen.training import loop
from wuerstchen.training.data import PictureSet
from wuerstchen.training.distributed import Share
from wuerstchen.training.loop import train

FAMILIES = ("v2", "cascade")
SIDE = 128
THEIRS = {"v2": WuerstchenPrior, "cascade": StableCascadeUNet}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty pictures, one colour each."""
    folder, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    images = np.broadcast_to(rng.integers(0, 256, (20, 1, 1, 3)), (20, SIDE, SIDE, 3)).astype(np.uint8)
    (folder / "images.rgb").write_bytes(images.tobytes())
    base = {"licence": "own", "style": "", "kind": "own", "weight": 1}
    records = [{**base, "id": f"own/{n}", "label": f"red {n}", "captions": [f"red cat {n}"]} for n in range(20)]
    (folder / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path, Path]]:
    """Of each family the decoder's and the prior's folder, and a file of its compressor."""
    folder, found = tmp_path_factory.mktemp("published"), {}
    for family in FAMILIES:
        compressor = folder / f"effnet-{family}.safetensors"
        network = new(Compressor, CompressorConfig(16, affine=family == "v2"))
        save_file(network.state_dict(), compressor)
        found[family] = (*published_checkpoints.save(family, folder), compressor)
    _louder(found["cascade"][1] / "prior" / "diffusion_pytorch_model.safetensors")
    return found


def _louder(file: Path) -> None:
    """Random weights of Stable Cascade whose attention can change what the network says."""
    gains = {"clf.1.weight": 4.0, "attention.to_out.0.weight": 3.0}
    state = load_file(file)
    for name in state:
        state[name] = state[name] * next((gain for end, gain in gains.items() if name.endswith(end)), 1.0)
    save_file(state, file, {"format": "pt"})


def options(of: tuple[Path, Path, Path], data: Path, runs: Path, *more: str) -> Namespace:
    decoder, prior, compressor = map(str, of)
    short = ("--steps", "24", "--batch", "8", "--rank", "4", "--learning-rate", "1e-2", "--patience", "0")
    sources = (decoder, "--prior", prior, "--compressor", compressor, "--data", str(data), "--runs", str(runs))
    return command.parser().parse_args([*sources, *short, *more])


@pytest.fixture(scope="module")
def tuned(saved: dict, data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of a finished training of each family."""
    runs = {family: tmp_path_factory.mktemp(family) for family in FAMILIES}
    for family, folder in runs.items():
        assert command.finetune_published(options(saved[family], data, folder))
    return runs


def opened(of: tuple[Path, Path, Path], *adapters: str) -> Checkpoint:
    return with_adapters(open_checkpoint(of[0], of[1], Choice()), tuple(map(parse_adapter, adapters)))


def latents(family: str, network: nn.Module) -> Tensor:
    """Four steps from noise, by a network of ours or of diffusers."""
    generator = torch.Generator().manual_seed(5)
    text, pooled = torch.randn(2, 77, 32, generator=generator), torch.randn(2, 1, 40, generator=generator)

    def predict(x: Tensor, t: Tensor) -> Tensor:
        if family == "v2":
            return network(x, t, text)
        image = torch.zeros(2, 1, 32)
        if isinstance(network, StableCascadeUNet):
            return network(x, t, pooled, text, image, return_dict=False)[0]
        return network(x, t, pooled, text, image)

    sampling = Sampling((1.0, 0.96, 0.8, 0.4, 0.0), generator=torch.Generator().manual_seed(6))
    with torch.no_grad():
        return sample(predict, (2, 16, 3, 3), sampling, like=text)


@pytest.mark.parametrize("family", FAMILIES)
def test_training_lowers_the_held_out_loss_and_leaves_the_base_as_it_was(
    family: str, tuned: dict[str, Path], saved: dict
) -> None:
    losses = json.loads((tuned[family] / f"{NAME}.held-out.json").read_text())
    assert min(losses.values()) < 0.95 * losses["0"]
    trained = torch.load(tuned[family] / f"{NAME}.pt", weights_only=True)
    assert {name.rpartition(".")[2] for name in trained} == {"up", "down"}


@pytest.mark.parametrize("family", FAMILIES)
def test_diffusers_and_the_import_make_equal_latents_of_what_was_written(
    family: str, tuned: dict[str, Path], saved: dict
) -> None:
    file = tuned[family] / "adapter.safetensors"
    theirs = THEIRS[family].from_pretrained(saved[family][1] / "prior").eval()
    base, state = latents(family, theirs), load_file(file)
    for name in (name for name in state if name.endswith(".lora_A.weight")):
        module = name.removeprefix("prior.").removesuffix(".lora_A.weight")
        with torch.no_grad():
            theirs.get_submodule(module).weight += state[name.replace("lora_A", "lora_B")] @ state[name]
    ours = opened(saved[family], str(file)).stage_c.load().float().eval()
    made = latents(family, ours)
    assert (made - latents(family, theirs)).abs().max() <= 1e-3
    assert (made - base).abs().max() > 1e-2
    kohya = opened(saved[family], str(file.with_name("adapter-kohya.safetensors"))).stage_c.load().float().eval()
    assert (latents(family, kohya) - made).abs().max() <= 1e-3


def test_comfyui_finds_each_layer_by_its_own_name(tuned: dict[str, Path], saved: dict) -> None:
    names = load_file(tuned["cascade"] / "adapter-kohya.safetensors").keys()
    stem = "lora_prior_unet_down_blocks_0_2_attention_attn_"
    assert {f"{stem}to_q.lora_up.weight", f"{stem}out_proj.lora_down.weight", f"{stem}to_k.alpha"} <= names
    with safe_open(tuned["cascade"] / "adapter.safetensors", "pt") as file:
        settings = json.loads(file.metadata()["lora_adapter_metadata"])
    assert settings["prior.r"] == settings["prior.lora_alpha"] == 4


def test_at_strength_0_nothing_is_touched(tuned: dict[str, Path], saved: dict) -> None:
    plain = opened(saved["v2"]).stage_c.load().float()
    merged = opened(saved["v2"], f"{tuned['v2'] / 'adapter.safetensors'}:0").stage_c.load().float()
    assert all(torch.equal(merged.state_dict()[name], tensor) for name, tensor in plain.state_dict().items())


def test_the_strength_of_a_file_and_its_names_are_as_asked(
    tuned: dict[str, Path], saved: dict, data: Path, tmp_path: Path
) -> None:
    half = options(saved["v2"], data, tuned["v2"], "--strength", "0.5", "--out", str(tmp_path / "half.safetensors"))
    half.names = "kohya"
    assert command.finetune_published(half)  # finished: it only writes
    assert [path.name for path in tmp_path.iterdir()] == ["half.safetensors"]
    networks = [
        opened(saved["v2"], spec).stage_c.load().float()
        for spec in (str(tmp_path / "half.safetensors"), f"{tuned['v2'] / 'adapter.safetensors'}:0.5")
    ]
    for one, other in zip(*(network.parameters() for network in networks), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_a_stopped_run_ends_as_one_that_never_was(
    saved: dict, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0)
    asked = options(saved["cascade"], data, tmp_path, "--steps", "8")
    model = published_model(opened(saved["cascade"]), command.compressor_in(saved["cascade"][2], "stable-cascade"))
    plan, pictures = plan_of(asked), PictureSet(data, SIDE)
    pictures.hold_out(4)

    def begun(runs: Path) -> tuple[Adapted, loop.StageRun]:
        adapted = Adapted(model, asked.rank, asked.rank, asked.seed)
        return adapted, published_run(adapted, pictures, plan, runs, tuning_of(asked), asked.seed)

    assert train(begun(tmp_path / "whole")[1], plan, tmp_path / "whole")
    stopped = begun(tmp_path / "stopped")[1]
    loss = stopped.loss

    def until_step_3(step: int, share: object) -> tuple:
        if step == 3:
            raise KeyboardInterrupt
        return loss(step, share)

    object.__setattr__(stopped, "loss", until_step_3)
    with pytest.raises(KeyboardInterrupt):
        train(stopped, plan, tmp_path / "stopped")
    assert train(begun(tmp_path / "stopped")[1], plan, tmp_path / "stopped")
    whole, again = (torch.load(tmp_path / name / f"{NAME}.pt", weights_only=True) for name in ("whole", "stopped"))
    assert all(torch.equal(again[name], tensor) for name, tensor in whole.items())
    names = [f"{name}/{NAME}.held-out.json" for name in ("whole", "stopped")]
    assert (tmp_path / names[0]).read_text() == (tmp_path / names[1]).read_text()


def test_a_dry_run_says_what_it_will_take_and_trains_nothing(
    saved: dict, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.finetune_published(options(saved["v2"], data, tmp_path / "runs", "--dry-run"))
    said = capsys.readouterr().out
    assert "12 pictures to train on, 8 held out" in said
    assert "minutes here and" in said and "GiB, $" in said
    assert not (tmp_path / "runs").exists()


def test_masks_weigh_the_loss_cell_by_cell(saved: dict, data: Path, tmp_path: Path) -> None:
    masks = np.full((20, SIDE, SIDE), 255, np.uint8)
    half = masks.copy()
    half[:, :, SIDE // 2 :] = 0
    losses = {}
    for name, drawn in (("none", None), ("white", masks), ("half", half)):
        folder = Path(shutil.copytree(data, tmp_path / name))
        if drawn is not None:
            (folder / "masks.u8").write_bytes(drawn.tobytes())
        asked = options(saved["v2"], folder, tmp_path / f"runs-{name}", "--mask-floor", "0")
        model = published_model(opened(saved["v2"]), command.compressor_in(saved["v2"][2], "wuerstchen-v2"))
        adapted = Adapted(model, 4, 4, 0)
        run = published_run(adapted, PictureSet(folder, SIDE), plan_of(asked), asked.runs, tuning_of(asked), 0)
        with torch.no_grad():
            losses[name] = run.loss(0, Share())[0].item()
    assert losses["white"] == pytest.approx(losses["none"], rel=1e-5)
    assert abs(losses["half"] - losses["none"]) > 1e-3 * losses["none"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--rank", "64"), r"--rank is 64: at most the width of Stage C's attention, 32"),
        (("--batch", "3", "--accumulate", "2"), r"--accumulate is 2: it must divide --batch, 3"),
        (("--compressor", "nowhere.pt"), r"--compressor: there is no file nowhere.pt"),
        (("--prior", "nowhere"), r"nowhere"),
        (("--data", "nowhere"), r"nowhere holds no data set"),
    ],
)
def test_what_cannot_be_trained_is_said_in_a_sentence(
    more: tuple[str, ...], message: str, saved: dict, data: Path, tmp_path: Path
) -> None:
    with pytest.raises((ValueError, OSError), match=message):
        command.finetune_published(options(saved["v2"], data, tmp_path, *more))


def test_a_model_without_a_compressor_and_another_familys_are_refused(saved: dict, data: Path, tmp_path: Path) -> None:
    alone = options(saved["v2"], data, tmp_path)
    alone.compressor = None
    with pytest.raises(ValueError, match="name its file with --compressor"):
        command.finetune_published(alone)
    other = options(saved["v2"], data, tmp_path)
    other.compressor = saved["cascade"][2]
    with pytest.raises(ValueError, match=r"effnet-cascade.safetensors.* holds no compressor of wuerstchen-v2"):
        command.finetune_published(other)
