"""What an import takes of memory and of disk, and whether this machine has it: said before hours of work begin."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wuerstchen.published.bundle.checkpoint import Checkpoint
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.weight_files import read_shapes

# One network at a time: its float32 weights and the graph's copy, and during the check ONNX Runtime's.
COPIES_MIN, COPIES_MAX = 2, 3
# Python with PyTorch, before it has loaded a network.
PROCESS_BYTES = 600_000_000
BYTES = {"float32": 4, "float16": 2}
GROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
GROUP_USES = ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes")

ReadText = Callable[[Path], str]


@dataclass(frozen=True)
class Need:
    """Bytes. `largest`: the component with the most weights, and their number."""

    largest: tuple[str, int]
    memory_min: int
    memory_max: int
    disk: int

    def sentence(self, memory: int | None, disk: int) -> str:
        name, weights = self.largest
        free = f"{_gigabytes(disk)} of disk" if memory is None else f"{_gigabytes(memory)} and {_gigabytes(disk)}"
        return (
            f"{name} has {weights / 1e9:.2f} billion weights: the import takes {self.memory_min / 1e9:.1f} to "
            f"{_gigabytes(self.memory_max)} of memory and {_gigabytes(self.disk)} of disk; {free} are free"
        )


def need_of(checkpoint: Checkpoint, weights: str, precision: str = "float32") -> Need:
    """`weights`: how they are stored, "float32" or "float16"; `precision` "half" stores float16, and emulates one graph
    at a time in float32 on disk. From the files' headers alone.
    """
    counts = {
        part.name: sum(each.numel() for each in read_shapes(part.weights).values())
        for part in checkpoint.all_components
    }
    name = max(counts, key=lambda part: counts[part])
    left_out = () if checkpoint.decoder_text else ("text_encoder_b",)
    stored = sum(count for part, count in counts.items() if part not in left_out)
    least, most = (PROCESS_BYTES + copies * BYTES["float32"] * counts[name] for copies in (COPIES_MIN, COPIES_MAX))
    disk = stored * BYTES["float16" if precision == "half" else weights]
    emulated = counts[name] * BYTES["float32"] if precision == "half" else 0
    return Need((name, counts[name]), least, most, disk + emulated)


def require_room(need: Need, directory: Path, memory: int | None) -> str:
    """What the import takes, as a sentence. Raises CheckpointError where it cannot fit. `memory`: free bytes, if
    known; `directory` need not exist yet.
    """
    home = next(folder for folder in (directory, *directory.parents) if folder.exists())
    disk = shutil.disk_usage(home).free
    sentence = need.sentence(memory, disk)
    if memory is not None and memory < need.memory_min:
        raise CheckpointError(f"{sentence}. Take a machine with more memory, or begin anyway with --ignore-memory")
    if disk < need.disk:
        raise CheckpointError(f"{sentence}. Name a folder on a larger disk with --out")
    return sentence


def free_memory(read: ReadText = Path.read_text) -> int | None:
    """Bytes that this process may still take, swap among them, within its container's limit; None where the system
    does not say.
    """
    try:
        lines = (line.split() for line in read(Path("/proc/meminfo")).splitlines())
        fields = {line[0].rstrip(":"): int(line[1]) * 1024 for line in lines if len(line) > 1}
        free = fields["MemAvailable"] + fields.get("SwapFree", 0)
    except (OSError, KeyError, ValueError):
        return None
    limit, used = (_first_number(paths, read) for paths in (GROUP_LIMITS, GROUP_USES))
    return free if limit is None else max(0, min(free, limit - (used or 0)))


def _first_number(paths: tuple[str, ...], read: ReadText) -> int | None:
    for path in paths:
        try:
            return int(read(Path(path)))
        except (OSError, ValueError):  # "max" is no limit
            continue
    return None


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
