// The backend against the same networks in PyTorch on the same processor: a step of Stage C, a step of Stage B, a whole
// picture, and memory. Pairs in turn, so that what else the machine does hits both. `npm run bench:pytorch -- --help`.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readManifest } from "../../gpu-backend/runtime/bundle.ts";
import { openGraphs } from "../../gpu-backend/runtime/graph-set.ts";
import { latentShapeFor } from "../../shared/models/latent-shape.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { parseStageCResponse, type StageCRequest } from "../../shared/wire/stage-c.ts";
import { type Backend, decodeDraft, send, stageCDraft, startBackend } from "../support/backend.ts";
import { startReference } from "./python-reference.ts";
import { median } from "./statistics.ts";
import { latentSideOf, stepOf } from "./steps.ts";

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
const tokenIds = [101, 2417, 6207, 102];
const negativeTokenIds = [101, 102];

/** One kind of measurement on one side, in milliseconds. */
type Measure = (round: number) => Promise<number>;

async function main(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "bench-"));
  const config = resolve(options.config ?? join(root, `gpu-backend/training/configs/${basename(bundle)}.toml`));
  const weights = join(scratch, "weights.safetensors");
  const reference = startReference({ python: options.python, bundle, config, weights, threads });
  const backend = await startPictureBackend(scratch);
  try {
    await compare(reference, backend);
  } finally {
    await backend.stop();
    await reference.stop();
    rmSync(scratch, { recursive: true });
  }
}

/** Both sides compute text, latent and picture anew in every round. */
async function startPictureBackend(scratch: string): Promise<Backend> {
  const environment = {
    MODELS_DIR: dirname(bundle),
    MODEL_ID: basename(bundle),
    INTRA_OP_THREADS: options.threads,
    PICTURES_TOGETHER_MAX: options.batch,
    STAGES_RESIDENT: options.resident,
    // PyTorch does not stand back either.
    LANE_NICE: "0",
    TEXT_CACHE_MEGABYTES: "0",
    LOG_LEVEL: "info",
    GRAPH_CACHE_MEGABYTES: "4096",
    GRAPH_CACHE_DIR: join(scratch, "graphs"),
  };
  // What is written when a graph is first loaded, later starts use: the state that a server is in.
  const first = await startBackend(environment);
  await makePictures(first, await readManifest(bundle), 0);
  await first.stop();
  return startBackend(environment);
}

async function compare(reference: ReturnType<typeof startReference>, backend: Backend): Promise<void> {
  const manifest = await readManifest(bundle);
  const execution = { provider: "cpu", intraOpThreads: threads } as const;
  const graphs = await openGraphs(manifest, { directory: bundle, execution });
  const latentSide = latentSideOf(manifest);
  let referencePeak = 0;
  const theirs =
    (measure: string): Measure =>
    async (round) => {
      const steps = { steps: manifest.sampler.stageC.steps.default, stepsB: manifest.sampler.stageB.steps.default };
      const order = { measure, batch, seed: round, latentSide, tokenIds, negativeTokenIds, ...steps };
      const { milliseconds, peakBytes } = await reference.measure(order);
      referencePeak = peakBytes;
      return milliseconds;
    };
  const kinds: readonly (readonly [string, Measure, Measure])[] = [
    ["Stage C step (both passes of guidance)", theirs("stageC"), stepOf(manifest, graphs, "stageC", 2 * batch)],
    ["Stage B step", theirs("stageB"), stepOf(manifest, graphs, "stageB", batch)],
    ["picture, token ids to PNG over HTTP", theirs("picture"), (round) => makePictures(backend, manifest, round)],
  ];
  for (const [name, their, our] of kinds) print(`${name}: ${await inTurn(their, our)}`);
  const [lane, server] = [lanePid(backend), backend.process.pid].map(peakBytes);
  const ours = (lane ?? 0) + (server ?? 0);
  print(
    `peak memory: PyTorch ${mb(referencePeak)}, lane ${mb(lane)} + server ${mb(server)}: ${(ours / referencePeak).toFixed(2)}×`,
  );
  print(
    `(lane alone ${((lane ?? 0) / referencePeak).toFixed(2)}×; batch ${batch}, ${threads} thread(s), ${options.rounds} rounds)`,
  );
}

/** The first pair only warms up. */
async function inTurn(theirs: Measure, ours: Measure): Promise<string> {
  const pairs: { readonly their: number; readonly our: number }[] = [];
  for (let round = 0; round <= Number(options.rounds); round += 1) {
    // Who is first changes from round to round.
    const first = round % 2 === 0 ? await theirs(round) : await ours(round);
    const second = round % 2 === 0 ? await ours(round) : await theirs(round);
    pairs.push(round % 2 === 0 ? { their: first, our: second } : { their: second, our: first });
  }
  const measured = pairs.slice(1);
  const [their, our] = [median(measured.map((pair) => pair.their)), median(measured.map((pair) => pair.our))];
  const ratio = median(measured.map((pair) => pair.their / pair.our));
  return `PyTorch ${their.toFixed(1)} ms, here ${our.toFixed(1)} ms: ${ratio.toFixed(2)}× as fast`;
}

/** Milliseconds from the request for latents to the last PNG. */
async function makePictures(backend: Backend, manifest: Manifest, round: number): Promise<number> {
  const shape = latentShapeFor(manifest);
  if (!shape.ok) throw new TypeError("The bundle has no default size.");
  const request: StageCRequest = {
    model: manifest.id,
    revision: manifest.revision,
    tokenIds,
    negativeTokenIds,
    seeds: Array.from({ length: batch }, (_, index) => round * batch + index),
    steps: manifest.sampler.stageC.steps.default,
    guidanceScale: 3,
    latentShape: [...shape.value],
  };
  const start = performance.now();
  const answer = parseStageCResponse(await (await send(backend, stageCDraft(request))).json(), request);
  if (!answer.ok) throw new TypeError("The backend made no latents.");
  const files = answer.value.latents.map(({ safetensors }) => new Uint8Array(Buffer.from(safetensors, "base64")));
  const pictures = await Promise.all(files.map(async (file) => (await send(backend, decodeDraft(file))).arrayBuffer()));
  if (pictures.some(({ byteLength }) => byteLength < 1_000)) throw new TypeError("The backend made no pictures.");
  return performance.now() - start;
}

function lanePid(backend: Backend): number {
  return Number(backend.logged("lane ready").at(-1)?.["lanePid"]);
}

/** Largest resident memory of a process so far; Linux only. */
function peakBytes(pid: number | undefined): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return 1_024 * Number(kibibytes);
}

function mb(bytes: number | undefined): string {
  return `${((bytes ?? 0) / 1e6).toFixed(0)} MB`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (options.help) print(help);
else await main();
