"""Commands that run one after the other, each once: what a stopped run has done is not done again."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from wuerstchen.whole_file import write_whole


class Steps:
    """Commands that are done once; RECORD keeps which, and how long they took in all. A command with other options
    (language, price, thresholds) is done again: nothing that others read changes by these.
    """

    def __init__(self, record: Path, asked: str, run: Callable[[list[str]], None]) -> None:
        """`asked`: a digest of what all commands depend on. Raises ValueError where RECORD is of something else."""
        self.record, self.run = record, run
        stored = json.loads(record.read_text()) if record.exists() else {}
        if stored.get("asked", asked) != asked:
            raise ValueError(
                f"{record.parent} holds a proof of concept of other pictures or options, of another model or by "
                "another version: name another --out"
            )
        self.seconds: dict[str, float] = stored.get("seconds", {})
        self.done: dict[str, list[str]] = stored.get("done", {})
        self.asked = asked

    def step(self, name: str, command: list[str]) -> None:
        """Raises CalledProcessError where the command fails, KeyboardInterrupt where a signal stopped it."""
        if self.done.get(name) == command:
            print(f"{name}: done")
            return
        print(f"\n{name}: python -m {' '.join(command)}", flush=True)
        started = time.monotonic()
        try:
            self.run([sys.executable, "-m", *command])
            self.done[name] = command
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - started
            kept = {"asked": self.asked, "done": self.done, "seconds": self.seconds}
            write_whole(self.record, json.dumps(kept, indent=1) + "\n")


def run_command(command: list[str]) -> None:
    """Hands SIGINT and SIGTERM on to the command and waits for its end: a training then writes its checkpoint.

    The command has a process group of its own, so that Ctrl-C in a terminal reaches it once. Raises as `Steps.step`."""
    child, asked = subprocess.Popen(command, process_group=0), []

    def hand_on(number: int, _: object) -> None:
        asked.append(number)
        child.send_signal(number)

    before = {number: signal.signal(number, hand_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        status = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        raise KeyboardInterrupt
    if status != 0:
        raise subprocess.CalledProcessError(status, command)
