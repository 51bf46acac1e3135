import json
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def pictures_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty 64×64 pictures of coloured squares with captions, in the layout that datasets/emoji writes."""
    directory, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    colours = {"red": (220, 30, 30), "green": (20, 180, 60), "blue": (30, 60, 220), "black": (0, 0, 0)}
    images, records = [], []
    for number in range(40):
        name, colour = list(colours.items())[number % 4]
        image = np.full((64, 64, 3), 255, np.uint8)
        y, x = rng.integers(0, 32, 2)
        image[y : y + 32, x : x + 32] = colour
        images.append(image)
        label = f"{name} square {number}"
        record = {"id": f"squares/{number}", "licence": "MIT", "style": "flat", "label": label, "kind": "emoji", "weight": 1}
        records.append(json.dumps({**record, "captions": [f"{label}, flat", f"flat {label}", label, f"{name} box, flat"]}))
    (directory / "images.rgb").write_bytes(np.stack(images).tobytes())
    (directory / "records.jsonl").write_text("\n".join(records) + "\n")
    return directory
