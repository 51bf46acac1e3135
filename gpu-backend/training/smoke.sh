#!/usr/bin/env bash
# The whole road in minutes: prepare → train A, B, C → export → served by the backend → a PNG.
# bash gpu-backend/training/smoke.sh [python], after `npm ci` and with the requirements installed for that Python.
set -euo pipefail
cd "$(dirname "$0")"
python=${1:-python}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" tests/make_pictures.py "$work/pictures"
"$python" -m wuerstchen.prepare --from "$work/pictures" --out "$work/data" --config configs/smoke.toml --ratios 1:1
"$python" -m wuerstchen.train --config configs/smoke.toml --stage all --data "$work/data" --runs "$work/runs"
"$python" -m wuerstchen.export.bundle --config configs/smoke.toml --runs "$work/runs" --out "$work/bundle" --created "$(date +%F)"
npm run --silent generate -- "red square" --bundle "$work/bundle" --seed 1 -o "$work/picture.png"
"$python" - "$work/picture.png" <<'CHECK'
import sys

from PIL import Image

picture = Image.open(sys.argv[1])
assert picture.format == "PNG" and picture.size == (64, 64), f"{picture.format} {picture.size}"
assert len(picture.convert("RGB").getcolors(64 * 64)) > 16, "the picture is one flat colour"
print("smoke: pictures in, a trained bundle out, a PNG from the service")
CHECK
