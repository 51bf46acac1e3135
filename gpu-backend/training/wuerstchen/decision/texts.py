"""The report's sentences by language, from `texts.LANGUAGE.toml` beside this file."""

import tomllib
from pathlib import Path
from string import Formatter

LANGUAGES = ("en", "ja")


class Texts:
    """`texts("section.key", name=value)`: the sentence with its values filled in."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = read_texts(language)

    def __call__(self, key: str, **values: object) -> str:
        return self._texts[key].format(**values)


def read_texts(language: str) -> dict[str, str]:
    """Sentences by "section.key"."""
    sections = tomllib.loads((Path(__file__).parent / f"texts.{language}.toml").read_text(encoding="utf-8"))
    return {f"{section}.{key}": text for section, texts in sections.items() for key, text in texts.items()}


def places_of(text: str) -> set[str]:
    """The names of the values that a sentence takes."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}
