"""Values of options that cannot be meant are refused by the command that was given them, with the option's name."""

import sys
from collections.abc import Callable

import pytest

from wuerstchen import finetune, finetune_decoder, finetune_published, showcase
from wuerstchen.arguments import price, seed, share

TUNE = ["--bundle", "b", "--data", "d", "--runs", "r"]
PUBLISHED = ["source", "--data", "d", "--runs", "r"]
SHOW = ["--config", "c", "--prompts", "p", "--out", "o"]
NO_PRICE, NO_SEED = "is no number from 0 on", "is no whole number from 0 to 4294967295"
BOTH = [
    *[("--price-hour", value, NO_PRICE) for value in ("-1", "nan", "inf", "cheap")],
    *[("--learning-rate", value, NO_PRICE) for value in ("-1e-4", "nan")],
    *[("--alpha", value, "is no number above 0") for value in ("0", "nan", "-8", "inf")],
    *[("--patience", value, "is no whole number from 0 on") for value in ("-3", "1.5")],
    *[("--seed", value, NO_SEED) for value in ("-1", "4294967296")],
    *[(name, "0", "is no whole number from 1 on") for name in ("--rank", "--steps", "--batch")],
    *[("--mask-floor", value, "is no number from 0 to 1") for value in ("-0.1", "1.1", "nan")],
]
CASES = [
    *[(finetune.main, TUNE, *case) for case in BOTH],
    *[(finetune_published.main, PUBLISHED, *case) for case in BOTH],
    (finetune.main, TUNE, "--sample", " ", "the prompt is empty: write what to draw"),
    (finetune.main, TUNE, "--prior-share", "nan", "is no number from 0 to 1"),
    (finetune_published.main, PUBLISHED, "--accumulate", "0", "is no whole number from 1 on"),
    (finetune_published.main, PUBLISHED, "--strength", "inf", "is no finite number"),
    (finetune_decoder.main, TUNE, "--mask-floor", "2", "is no number from 0 to 1"),
    (showcase.main, SHOW, "--seed", "-1", NO_SEED),
]


@pytest.mark.parametrize(("main", "given", "option", "value", "message"), CASES)
def test_a_value_that_cannot_be_meant_is_refused(
    main: Callable[[], None],
    given: list[str],
    option: str,
    value: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["command", *given, f"{option}={value}"])
    with pytest.raises(SystemExit) as end:
        main()
    said = capsys.readouterr().err.splitlines()[-1]
    assert end.value.code == 2
    assert f"argument {option}: " in said
    assert said.endswith(message)


def test_values_at_their_limits_are_taken() -> None:
    assert (price("0"), price("1e3"), share("0"), share("1")) == (0, 1000, 0, 1)
    assert (seed("0"), seed("4294967295")) == (0, 2**32 - 1)
