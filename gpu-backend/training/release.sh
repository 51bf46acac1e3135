#!/usr/bin/env bash
# From finished runs to a new embedded model, with all that the documents show of it:
#
#   bash release.sh CONFIG DATA [python]          for example: configs/emoji-128.toml data/rgba
#
# It writes release/, one step after the other; the same command goes on after the last step that ended. It changes
# nothing in the tree: look at release/sheets, read release/report, and then do what CONTRIBUTING ("A new embedded
# model") says. Takes some ten minutes of two cores, and needs the packages of the README and `npm ci`.
set -euo pipefail
cd "$(dirname "$0")"
config=${1:?name the configuration} data=${2:?name the data set} python=${3:-python}
id=$("$python" -c 'import sys; from wuerstchen.config import load_config; print(load_config(sys.argv[1]).id)' "$config")
before=../models/$id new=release/new/$id prompts=configs/$id

# Runs a step unless it has ended: `step NAME command…`.
step() {
  local name=$1 began=$SECONDS
  shift
  [ ! -e "release/.done/$name" ] || return 0
  printf '== %s\n' "$name"
  "$@"
  touch "release/.done/$name"
  printf '== %s: %d s\n' "$name" $((SECONDS - began))
}

sheet() { "$python" -m wuerstchen.showcase --bundle "$new" "$@"; }

mkdir -p release/.done release/sheets
# A further language that the runs hold, or took from the bundle that they began with, is exported; else Japanese is
# learned.
compgen -G "runs/$id/text-*.safetensors" >/dev/null ||
  step languages "$python" -m wuerstchen.languages --config "$config" --language ja
step export "$python" -m wuerstchen.export.bundle --config "$config" --out "release/float/$id" --created "$(date +%F)"
# Prints the median PSNR to the float bundle's pictures: at least 40 dB.
step integers "$python" -m wuerstchen.export.integer --config "$config" --bundle "release/float/$id" \
  --calibration "$prompts.calibration.txt" --prompts "$prompts.prompts.txt" --out "$new"
step speed npm run --silent --prefix ../.. bench:bundles -- --bundle "$PWD/$new" --against "$PWD/$before"
step favourites sheet --prompts "$prompts.prompts.txt" --out release/sheets/favourites.png
step beside sheet --against "$before" --prompts "$prompts.prompts.txt" --out release/sheets/beside.png
step joined sheet --against "$before" --prompts "$prompts.joined.txt" --out release/sheets/joined.png
# Before and after, for the one who decides; its kpi.json goes into the bundle.
step decision "$python" -m wuerstchen.evaluate --bundle "$new" --against "$before" --data "$data" --out release/decision
cp release/decision/kpi.json "$new"
step report "$python" -m wuerstchen.evaluate --config "$config" --data "$data" --out release/report
printf 'The bundle is %s.\n' "$new"
