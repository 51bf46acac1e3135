"""Lists of prompts beside a configuration: what the model that it describes is known to draw."""

from pathlib import Path

from wuerstchen.config import Config
from wuerstchen.utf8 import utf8_text

CONFIGS = Path(__file__).parent.parent / "configs"
# The sheet of the documents, and what integer products were made for.
PRIOR_LISTS = (".prompts.txt", ".calibration.txt")


def prompt_lines(path: Path) -> tuple[str, ...]:
    """Those that are not blank, each once. Raises ValueError where the file is not UTF-8."""
    lines = (line.strip() for line in utf8_text(path).splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


def prior_prompts(config_file: Path, config: Config) -> tuple[str, ...]:
    """Those beside the configuration or, where it lies in a bundle, beside the one of the same id in configs/."""
    prompts: list[str] = []
    for suffix in PRIOR_LISTS:
        beside = (config_file.with_suffix(suffix), CONFIGS / f"{config.id}{suffix}")
        prompts += next((prompt_lines(path) for path in beside if path.exists()), ())
    return tuple(dict.fromkeys(prompts))


def concepts_beside(config_file: Path, config: Config) -> tuple[str, ...]:
    """Concepts of the configuration that no prior prompt names: a fine-tuning with prior prompts does not train them,
    so they tell what it did to other words."""
    trained = "\n".join(prior_prompts(config_file, config)).lower()
    return tuple(concept for concept in config.curriculum_c.concepts if concept.lower() not in trained)
