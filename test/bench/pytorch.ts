// The backend against the same networks in PyTorch on the same processor: a step of Stage C, a step of Stage B, a whole
// picture, and memory. Pairs in turn, so that what else the machine does hits both. `npm run bench:pytorch -- --help`.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readManifest } from "../../gpu-backend/runtime/bundle.ts";
import { compare } from "./compare.ts";
import { type PictureOrder, startPictureBackend } from "./picture-backend.ts";
import { type Reference, runPython, startReference } from "./python-reference.ts";
import { latentSideOf } from "./steps.ts";

const root = join(import.meta.dirname, "../..");

const help = `Options:
  --bundle FOLDER   the bundle (default: gpu-backend/models/emoji-128)
  --config FILE     the configuration it was trained with (default: gpu-backend/training/configs/NAME.toml)
  --python FILE     a Python with gpu-backend/training/requirements.txt (default: python3)
  --batch N         pictures at a time, on both sides (default: 1)
  --threads N       threads on both sides (default: 1)
  --resident WHAT   STAGES_RESIDENT of the backend (default: all)
  --rounds N        pairs of each kind; medians are printed (default: 5)`;

const { values: options } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    bundle: { type: "string", default: join(root, "gpu-backend/models/emoji-128") },
    config: { type: "string" },
    python: { type: "string", default: "python3" },
    batch: { type: "string", default: "1" },
    threads: { type: "string", default: "1" },
    resident: { type: "string", default: "all" },
    rounds: { type: "string", default: "5" },
  },
});
const bundle = resolve(options.bundle);
const batch = Number(options.batch);
const threads = Number(options.threads);

async function main(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "bench-"));
  const manifest = await readManifest(bundle);
  const { stageC, stageB } = manifest.sampler;
  const orderOf = (round: number): PictureOrder => ({
    tokenIds: [101, 2417, 6207, 102],
    negativeTokenIds: [101, 102],
    seeds: Array.from({ length: batch }, (_, index) => round * batch + index),
    steps: stageC.steps.default,
    guidanceScale: 3,
  });
  const backendOptions = { bundle, graphCache: join(scratch, "graphs"), threads, batch, resident: options.resident };
  const reference = startNetworks(join(scratch, "weights.safetensors"));
  const backend = await startPictureBackend(backendOptions, orderOf(0));
  const askingFor = ({ seeds, ...order }: PictureOrder) => ({
    ...order,
    seed: seeds[0],
    latentSide: latentSideOf(manifest),
    stepsB: stageB.steps.default,
  });
  const rounds = Number(options.rounds);
  try {
    await compare({ name: "PyTorch", reference, backend, options: backendOptions, rounds, orderOf, askingFor, print });
  } finally {
    await backend.stop();
    await reference.stop();
    rmSync(scratch, { recursive: true });
  }
}

/** The bundle's weights are read into a file, by a process that ends; another starts with them. */
function startNetworks(weights: string): Reference {
  const config = resolve(options.config ?? join(root, `gpu-backend/training/configs/${basename(bundle)}.toml`));
  const { python } = options;
  const reading = ["--bundle", bundle, "--config", config, "--out", weights];
  runPython({ python, module: "wuerstchen.evaluation.reference_weights", parameters: reading });
  const parameters = ["--config", config, "--weights", weights, "--threads", options.threads];
  return startReference({ python, module: "wuerstchen.evaluation.reference_speed", parameters });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (options.help) print(help);
else await main();
