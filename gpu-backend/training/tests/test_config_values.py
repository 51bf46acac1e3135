"""A configuration that cannot be trained is refused where it is read, by a sentence that names key, value and range."""

import re
from pathlib import Path

import pytest
from conftest import CONFIGS

from wuerstchen.config import load_config

LISTED = sorted(CONFIGS.glob("*.toml"))


def changed(tmp_path: Path, section: str, line: str, name: str = "tiny.toml") -> Path:
    """The configuration with one key of a section replaced, or added where it is not there. Section "" is the top."""
    text = (CONFIGS / name).read_text()
    start = text.index(f"[{section}]\n") + len(section) + 3 if section else 0
    end = text.find("\n[", start)
    body, key = text[start:end], line.split(" ", 1)[0]
    kept = "\n".join(row for row in body.split("\n") if not re.match(rf"{key} ?=", row))
    path = tmp_path / "changed.toml"
    path.write_text(f"{text[:start]}{line}\n{kept}{text[end:]}")
    return path


@pytest.mark.parametrize("path", LISTED, ids=lambda path: path.name)
def test_every_configuration_that_comes_with_the_code_is_accepted(path: Path) -> None:
    assert load_config(path).id


@pytest.mark.parametrize(
    ("section", "line", "message"),
    [
        ("stage_b", "channels = 16", "stage_b.channels must be a list of int, not 16"),
        ("stage_b", "channels = [16, 2.5]", "stage_b.channels[1] must be int, not 2.5"),
        ("stage_b", "channels = [16, 0]", "stage_b.channels must be at least 1 and at most 65536, not 0"),
        ("stage_b", "channels = [16, 24, 32]", "must have one entry a level, the same number of both, not 3 and 2"),
        ("stage_c", "heads = 3", "stage_c.heads must divide stage_c.channels, 32, not be 3"),
        ("stage_c", "heads = 0", "stage_c.heads must be at least 1 and at most 65536, not 0"),
        (
            "stage_c",
            "timestep_width = 15",
            "stage_c.timestep_width must be a multiple of 2, at least 4 and at most 65536, not 15",
        ),
        ("stage_c", "dropout = 1.0", "stage_c.dropout must be at least 0 and below 1, not 1"),
        ("stage_c", "depth = true", "stage_c.depth must be int, not True"),
        ("train_c", "batch = 0", "train_c.batch must be at least 1 and at most 65536, not 0"),
        ("train_c", "learning_rate = -1", "train_c.learning_rate must be at least 0 and at most 1, not -1"),
        ("train_c", "learning_rate = nan", "train_c.learning_rate must be at least 0 and at most 1, not nan"),
        ("train_c", "accumulate = 3", "train_c.accumulate must divide train_c.batch, "),
        ("train_c", "steps = 0", "train_c.steps must be at least 1 and at most 100000000, not 0"),
        (
            "train_a",
            "crop_pixels = 30",
            "train_a.crop_pixels must be a multiple of 4, at least 4 and at most 4096, not 30",
        ),
        ("train_b", "crop_pixels = 128", "train_b.crop_pixels must be at most image_side, 64, not 128"),
        ("train_a", "ema_decay = 1.0", "train_a.ema_decay must be at least 0 and below 1, not 1"),
        ("latent", "downscale = 8", "latent.downscale must be 16, not 8"),
        ("", "image_side = 65", "image_side must be a multiple of 32"),
        (
            "",
            'id = "My Model"',
            "id must be 1 to 64 of a-z, 0-9, '.', '_' and '-', a letter or digit first, not 'My Model'",
        ),
        ("curriculum_c", "share = 1.5", "curriculum_c.share must be at least 0 and at most 1, not 1.5"),
        (
            "curriculum_c",
            "kinds = { composite = 2.0 }",
            "curriculum_c.kinds needs only_styles = true",
        ),
        (
            "curriculum_c",
            "only_styles = true\nkinds = { composite = -1.0 }",
            "curriculum_c.kinds must be at least 0 and at most 1000000, not -1",
        ),
        ("curriculum_c", "kinds = [2.0]", "curriculum_c.kinds must be a section of numbers, not [2.0]"),
        ("sampler_c", 'kind = "euler"', "sampler_c.kind must be one of ddim, ddpm, dpmpp-2m, not 'euler'"),
        ("sampler_c", "steps = 101", "sampler_c.steps must lie from steps_min to steps_max"),
        ("previewer", "channels_min = 99", "previewer.channels_min must be at most previewer.channels, 16, not 99"),
        ("text", "tokens_max = 0", "text.tokens_max must be at least 3 and at most 4096, not 0"),
    ],
)
def test_a_value_that_cannot_be_trained_is_named_with_what_would_do(
    tmp_path: Path, section: str, line: str, message: str
) -> None:
    with pytest.raises(ValueError, match=r"^config: [^\n]+$") as refused:
        load_config(changed(tmp_path, section, line))
    assert message in str(refused.value)


def test_a_section_that_is_no_section_is_named(tmp_path: Path) -> None:
    path = tmp_path / "flat.toml"
    path.write_text((CONFIGS / "tiny.toml").read_text().replace("[text]\n", "text = 3\n[other]\n"))
    with pytest.raises(ValueError, match=r"^config: (other is unknown|text must be a section of keys, not 3)$"):
        load_config(path)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "words.toml").write_text("a model, please")
    with pytest.raises(ValueError, match=r"^config: .*words\.toml is no TOML file: "):
        load_config(tmp_path / "words.toml")
