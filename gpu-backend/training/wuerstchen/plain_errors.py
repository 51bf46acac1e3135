"""How a command ends that cannot do what was asked: with one sentence and status 1, without a traceback."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def plain_errors(command: str) -> Iterator[None]:
    """For what a person or the machine can mend: values, files, disks, missing packages, numbers that are not finite.
    Other errors are faults of the program and keep their traceback."""
    try:
        yield
    except (ValueError, OSError, ArithmeticError, ModuleNotFoundError) as error:
        sys.exit(f"{command}: {sentence(error)}")


def sentence(error: BaseException) -> str:
    """What went wrong, on one line."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        if error.errno in FULL:
            return f"{where}the disk is full. The same command goes on when there is room"
        if error.errno == errno.ENOENT:
            return f"{error.filename} does not exist"
        return f"{where}{error.strerror}"
    return " ".join(str(error).split())
