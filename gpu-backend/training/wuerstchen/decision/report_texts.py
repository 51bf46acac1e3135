"""The sentences of the report, and of the replay of a log."""

from pathlib import Path

from wuerstchen.texts import Texts

REPORT = Path(__file__).parent / "texts"


def report_texts(language: str) -> Texts:
    return Texts(REPORT, language)
