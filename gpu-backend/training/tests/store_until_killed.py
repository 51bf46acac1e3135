"""`store_until_killed.py PATH KEY COUNT`: stores an array of zeros and dies, as by SIGKILL, before its COUNT-th
change to the folder.
"""

import os
import sys
from pathlib import Path

import numpy as np

from wuerstchen.training.cache import cached

CHANGES = ("os.rename", "os.remove")


def main() -> None:
    path, key, left = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        writes = event == "open" and str(arguments[0]).startswith(str(path.parent)) and "w" in str(arguments[1])
        if event in CHANGES or writes:
            left -= 1
            if left == 0:
                os._exit(9)

    sys.addaudithook(audit)
    cached(path, key, lambda: np.zeros(1000))


main()
