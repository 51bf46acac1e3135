"""Sentences of a page by language, from NAME.LANGUAGE.toml in the folder of the code that writes it."""

import tomllib
from pathlib import Path
from string import Formatter

LANGUAGES = ("en", "ja")


class Texts:
    """`texts("section.key", name=value)`: the sentence with its values filled in."""

    def __init__(self, file: Path, language: str) -> None:
        self.language = language
        self._texts = read_texts(file, language)

    def __call__(self, key: str, **values: object) -> str:
        return self._texts[key].format(**values)


def read_texts(file: Path, language: str) -> dict[str, str]:
    """Sentences by "section.key", of FILE.LANGUAGE.toml."""
    sections = tomllib.loads(file.with_name(f"{file.name}.{language}.toml").read_text(encoding="utf-8"))
    return {f"{section}.{key}": text for section, texts in sections.items() for key, text in texts.items()}


def places_of(text: str) -> set[str]:
    """The names of the values that a sentence takes."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}
