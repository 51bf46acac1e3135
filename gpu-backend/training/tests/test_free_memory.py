"""What is free is the machine's, or what its container leaves."""

from pathlib import Path

import pytest

from wuerstchen.published.bundle.memory import free_memory


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ({}, 3_072_000),
        ({"memory.max": "max"}, 3_072_000),
        ({"memory.max": "2000000", "memory.current": "500000"}, 1_500_000),
    ],
)
def test_free_memory_is_the_machines_or_what_a_container_leaves(limit: dict[str, str], expected: int) -> None:
    texts = {"/proc/meminfo": "MemTotal: 9000 kB\nMemAvailable: 2000 kB\nSwapFree: 1000 kB\n"}
    texts |= {f"/sys/fs/cgroup/{name}": text for name, text in limit.items()}

    def read(path: Path) -> str:
        if str(path) not in texts:
            raise FileNotFoundError(path)
        return texts[str(path)]

    assert free_memory(read) == expected
