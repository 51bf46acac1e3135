"""Packs a prepared set to travel to another machine: a tenth of its size, in shards of 6 to 18 MB."""

import argparse
from pathlib import Path

from wuerstchen.pictures.packed import pack
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import ends_when_stopped

EXAMPLES = """example:
  python -m wuerstchen.pack --data data/emoji --out packed       the same command goes on after a stop
  python -m wuerstchen.unpack --packed packed --out data/emoji   on the other machine
"""


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--data", type=Path, required=True, metavar="SET", help="a prepared set")
    options.add_argument("--out", type=Path, required=True, metavar="PACKED", help="the folder of the shards")
    return options


def main() -> None:
    asked = parser().parse_args()
    with plain_errors("pack"), ends_when_stopped("Stopped. The same command goes on."):
        paths = pack(asked.data, asked.out)
        print(f"{len(paths)} files, {sum(path.stat().st_size for path in paths) / 1e6:.0f} MB in {asked.out}")


if __name__ == "__main__":
    main()
