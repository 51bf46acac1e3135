"""The smallest configuration, with changes to one stage's training."""

import dataclasses

from conftest import CONFIGS

from wuerstchen.config import Config, load_config


def tiny(stage: str, **changes: object) -> Config:
    config = load_config(CONFIGS / "tiny.toml")
    return dataclasses.replace(
        config, **{f"train_{stage}": dataclasses.replace(getattr(config, f"train_{stage}"), **changes)}
    )
