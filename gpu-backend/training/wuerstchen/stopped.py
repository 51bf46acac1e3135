"""How a command ends that a signal stopped: with one sentence, and with a status after which `&&` runs nothing."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

# 128 + SIGINT: what shells report of a program that Ctrl-C ended.
STOPPED_STATUS = 130


def end_stopped(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(STOPPED_STATUS)


@contextmanager
def ends_when_stopped(message: str) -> Iterator[None]:
    """Ctrl-C ends the process with `message` and status 130, without a traceback."""
    try:
        yield
    except KeyboardInterrupt:
        end_stopped(message)
