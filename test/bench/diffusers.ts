// The backend against diffusers' own pipelines on the same processor, with the same weights: a published model of
// middle size and random weights, saved by diffusers, imported as any checkpoint. `npm run bench:diffusers -- --help`.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readManifest } from "../../gpu-backend/runtime/bundle.ts";
import { createPromptEncoder } from "../../workers/prompt/prompt-encoder.ts";
import { compare } from "./compare.ts";
import { type PictureOrder, startPictureBackend } from "./picture-backend.ts";
import { runPython, startReference } from "./python-reference.ts";

const help = `Options:
  --family NAME     wuerstchen-v2 (default) or stable-cascade
  --size NAME       middle (default): Stage C of about 60 million parameters; tiny: only to see that it works
  --picture SIZE    picture size (default: 512x512)
  --folder FOLDER   where checkpoint and bundle are kept for the next time (default: a temporary folder)
  --python FILE     a Python with gpu-backend/training/requirements.txt and -dev.txt (default: python3)
  --steps N         of Stage C, on both sides (default: 10); Stage B takes the release's
  --batch N         pictures at a time, on both sides (default: 1)
  --threads N       threads on both sides (default: 1)
  --resident WHAT   STAGES_RESIDENT of the backend (default: all)
  --rounds N        pairs of each kind; medians are printed (default: 5)`;

const { values: options } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    family: { type: "string", default: "wuerstchen-v2" },
    size: { type: "string", default: "middle" },
    picture: { type: "string", default: "512x512" },
    folder: { type: "string" },
    python: { type: "string", default: "python3" },
    steps: { type: "string", default: "10" },
    batch: { type: "string", default: "1" },
    threads: { type: "string", default: "1" },
    resident: { type: "string", default: "all" },
    rounds: { type: "string", default: "5" },
  },
});
const { python, family, size } = options;
const [batch, threads, steps] = [Number(options.batch), Number(options.threads), Number(options.steps)];
const [prompt, negativePrompt, guidanceScale] = ["red cat, dog", "", 4];

async function main(): Promise<void> {
  const folder = options.folder === undefined ? mkdtempSync(join(tmpdir(), "bench-")) : resolve(options.folder);
  try {
    await compareIn(join(folder, `${size}-${family}`));
  } finally {
    if (options.folder === undefined) rmSync(folder, { recursive: true });
  }
}

async function compareIn(folder: string): Promise<void> {
  const bundle = makeBundle(folder);
  const { text, sampler } = await readManifest(bundle);
  const encoder = createPromptEncoder(JSON.parse(readFileSync(join(bundle, "tokenizer.json"), "utf8")), text);
  const orderOf = (round: number): PictureOrder => ({
    tokenIds: [...encoder.encode(prompt).tokenIds],
    negativeTokenIds: [...encoder.encode(negativePrompt).tokenIds],
    seeds: Array.from({ length: batch }, (_, index) => round * batch + index),
    steps,
    guidanceScale,
  });
  const [width, height] = options.picture.split("x").map(Number);
  const stepsB = sampler.stageB.steps.default;
  const same = { prompt, negativePrompt, guidanceScale, width, height, steps, stepsB };
  const backendOptions = { bundle, graphCache: join(folder, "graphs"), threads, batch, resident: options.resident };
  const parameters = ["--folder", folder, "--threads", options.threads];
  const reference = startReference({ python, module: "wuerstchen.evaluation.diffusers_speed", parameters });
  const backend = await startPictureBackend(backendOptions, orderOf(0));
  const askingFor = ({ seeds }: PictureOrder) => ({ ...same, seed: seeds[0] });
  const rounds = Number(options.rounds);
  try {
    await compare({
      name: "diffusers",
      reference,
      backend,
      options: backendOptions,
      rounds,
      orderOf,
      askingFor,
      print,
    });
  } finally {
    await backend.stop();
    await reference.stop();
  }
}

/** Saves the checkpoint, unless it is there, and imports what is missing of its bundle; returns the bundle's folder. */
function makeBundle(folder: string): string {
  const [decoder, bundle] = [join(folder, "decoder"), join(folder, `bundle-${options.picture}`)];
  if (!existsSync(join(decoder, "model_index.json"))) {
    const parameters = [family, "--size", size, "--out", folder];
    runPython({ python, module: "wuerstchen.evaluation.diffusers_checkpoint", parameters });
  }
  const importer = join(import.meta.dirname, "../../scripts/wuerstchen.ts");
  const parameters = [decoder, "--out", bundle, "--sizes", options.picture];
  execFileSync(process.execPath, [importer, "import", ...parameters], {
    env: { ...process.env, PYTHON: python },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return bundle;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (options.help) print(help);
else await main();
