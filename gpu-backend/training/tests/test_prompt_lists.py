"""Lists of prompts beside a configuration."""

from pathlib import Path

from conftest import CONFIGS

from wuerstchen.config import load_config
from wuerstchen.prompt_lists import concepts_beside, prior_prompts


def test_prior_prompts_of_a_bundle_with_its_own_configuration_are_those_of_its_id(tmp_path: Path) -> None:
    config = load_config(CONFIGS / "emoji-128.toml")
    within = tmp_path / "training.toml"
    within.write_bytes((CONFIGS / "emoji-128.toml").read_bytes())
    prompts = prior_prompts(within, config)
    assert prompts == prior_prompts(CONFIGS / "emoji-128.toml", config)
    assert len(prompts) > 24
    beside = concepts_beside(within, config)
    assert len(beside) > 40
    assert not any(concept in prompt for concept in beside for prompt in prompts)
