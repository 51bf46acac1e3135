#!/usr/bin/env bash
# The whole road in minutes: prepare → train A, B, C → export → a proof of concept with icons → served → a PNG.
# bash gpu-backend/training/smoke.sh [python], after `npm ci` and with the requirements installed for that Python.
set -euo pipefail
cd "$(dirname "$0")"
python=${1:-python}
work=$(mktemp -d)
service=
trap '[ -z "$service" ] || kill "$service" && wait "$service" || true; rm -rf "$work"' EXIT

"$python" tests/make_pictures.py "$work/pictures"
"$python" -m wuerstchen.prepare --from "$work/pictures" --out "$work/data" --config configs/smoke.toml --ratios 1:1
"$python" -m wuerstchen.train --config configs/smoke.toml --stage all --data "$work/data" --runs "$work/runs"
"$python" -m wuerstchen.export.bundle --config configs/smoke.toml --runs "$work/runs" --out "$work/bundle" --created "$(date +%F)"

npm run --silent sample:pictures -- --out "$work/icons" --count 200
"$python" -m wuerstchen.poc --from "$work/icons" --bundle "$work/bundle" --config configs/smoke.toml --out "$work/poc" \
  --steps 40 --decoder-steps 40 --captions 40
[ -s "$work/poc/report/report.html" ]

mkfifo "$work/ready"
PORT=0 BACKEND_PORT=0 npm start --silent -- --json --bundle "$work/poc/mine" --state "$work/state" >"$work/ready" &
service=$!
read -r -t 60 ready <"$work/ready"
field() { "$python" -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$ready" "$1"; }
npm run --silent generate -- "axe, line icon" --url "$(field url)" --key "$(field api_key)" --seed 1 -o "$work/picture.png"
"$python" - "$work/picture.png" <<'CHECK'
import sys

from PIL import Image

picture = Image.open(sys.argv[1])
assert picture.format == "PNG" and picture.size == (64, 64), f"{picture.format} {picture.size}"
assert len(picture.convert("RGB").getcolors(64 * 64)) > 16, "the picture is one flat colour"
print("smoke: pictures in, a trained bundle, a proof of concept with icons, a PNG from the service")
CHECK
