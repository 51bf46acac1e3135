"""Lists of prompts beside a configuration."""

from pathlib import Path

import pytest
from conftest import CONFIGS

from wuerstchen.config import load_config
from wuerstchen.evaluation.set_groups import groups_of
from wuerstchen.prompt_lists import concepts_beside, prior_prompts, prompt_lines


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


def test_a_list_is_read_with_a_mark_at_its_beginning_and_refused_by_name_in_another_encoding(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("犬\n\n 猫 \n犬\n", encoding="utf-8-sig")
    assert prompt_lines(words) == ("犬", "猫")
    for encoding in ("shift_jis", "utf-16", "cp932"):
        words.write_text("犬\n猫\n", encoding=encoding)
        with pytest.raises(ValueError, match=r"words\.txt is not UTF-8 \(byte \d+\): save it as UTF-8"):
            prompt_lines(words)


def test_a_groups_file_in_another_encoding_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "groups.json").write_text('{"色": {"赤": ["りんご"]}}', encoding="shift_jis")
    with pytest.raises(ValueError, match=r"groups\.json is not UTF-8 \(byte \d+\): save it as UTF-8"):
        groups_of(tmp_path, None)
    (tmp_path / "groups.json").write_text('{"色": {"赤": ["りんご"]}}', encoding="utf-8-sig")
    assert groups_of(tmp_path, None) == {"色": {"赤": ["りんご"]}}
