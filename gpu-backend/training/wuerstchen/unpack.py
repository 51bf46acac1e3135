"""Unpacks a set that `wuerstchen.pack` packed, byte for byte."""

import argparse
from pathlib import Path

from wuerstchen.pictures.packed import unpack
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import ends_when_stopped


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--packed", type=Path, required=True, metavar="PACKED", help="the folder of the shards")
    options.add_argument("--out", type=Path, required=True, metavar="SET", help="a new folder for the set")
    return options


def main() -> None:
    asked = parser().parse_args()
    with plain_errors("unpack"), ends_when_stopped("Stopped. Nothing was written."):
        unpack(asked.packed, asked.out)
        print(f"unpacked to {asked.out}")


if __name__ == "__main__":
    main()
