"""What a run tells while it goes: a CSV log, TensorBoard events, a progress bar. Only the first process tells
anything.
"""

import csv
import io
import time
from pathlib import Path
from types import TracebackType

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column
from torch.utils.tensorboard import SummaryWriter

from wuerstchen.training.distributed import rank
from wuerstchen.whole_file import write_whole

TENSORBOARD_FLUSH_SECONDS = 20


def cut_log(path: Path, step: int) -> None:
    """Drops the rows of `step` and later: a run that goes on from a checkpoint writes them again."""
    if not path.exists():
        return
    kept = io.StringIO(newline="")
    with open(path, newline="", encoding="utf-8") as file:
        # A kill can leave half a row at the end, which never has a row's whole step, time and loss.
        csv.writer(kept).writerows(row for row in csv.reader(file) if len(row) > 2 and int(row[0]) < step)
    write_whole(path, kept.getvalue())


class Telemetry:
    """Context of one run: DIR/NAME.csv (rows of step, Unix seconds, NAME=FIGURE …) and DIR/tensorboard/NAME."""

    def __init__(self, directory: Path, name: str, start: int, steps: int) -> None:
        self.name, self.sheet, self.speaks = name, directory / f"{name}.png", rank() == 0
        self.progress = progress_bar(disable=not self.speaks)
        self.bar = self.progress.add_task(name, total=steps, completed=min(start, steps), figures="")
        if self.speaks:
            cut_log(directory / f"{name}.csv", start)
            self.file = open(directory / f"{name}.csv", "a", newline="", encoding="utf-8")  # noqa: SIM115
            self.events = SummaryWriter(
                str(directory / "tensorboard" / name), purge_step=start, flush_secs=TENSORBOARD_FLUSH_SECONDS
            )

    def __enter__(self) -> "Telemetry":
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()
        if self.speaks:
            self.file.close()
            self.events.close()

    def show(self, step: int, figures: dict[str, float]) -> None:
        """Moves the progress bar."""
        self.progress.update(self.bar, completed=step + 1, figures=" ".join(f"{k} {v:.4g}" for k, v in figures.items()))

    def log(self, step: int, figures: dict[str, float], rate: float) -> None:
        """Writes a row, and the same figures with the learning rate as events."""
        if not self.speaks:
            return
        csv.writer(self.file).writerow([step, f"{time.time():.0f}", *[f"{k}={v:.7g}" for k, v in figures.items()]])
        self.file.flush()
        for name, value in (figures | {"learning_rate": rate}).items():
            self.events.add_scalar(name, value, step)

    def show_sheet(self, step: int) -> None:
        """Copies the contact sheet that an evaluation wrote to TensorBoard."""
        if self.speaks and self.sheet.exists():
            self.events.add_image(
                "contact sheet", np.asarray(Image.open(self.sheet).convert("RGB")), step, dataformats="HWC"
            )

    def say(self, message: str) -> None:
        self.progress.console.print(message)


def progress_bar(disable: bool, console: Console | None = None) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        # What does not fit is cut off; the log has it all.
        TextColumn("{task.fields[figures]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
        console=console,
        disable=disable,
        expand=True,
    )
