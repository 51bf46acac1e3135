// Throughput of the backend under many callers against the best batch of one, and whether it stays reachable meanwhile.
// `npm run bench:backend -- --help` tells the options.

import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { readManifest } from "../../gpu-backend/runtime/bundle.ts";
import { latentShapeFor } from "../../shared/models/latent-shape.ts";
import type { StageCRequest } from "../../shared/wire/stage-c.ts";
import { type Backend, send, stageCDraft, startBackend } from "../support/backend.ts";
import { median, quantile } from "./statistics.ts";

const help = `Options:
  --bundle FOLDER   the bundle to serve (default: gpu-backend/models/emoji-128)
  --callers N       callers at a time, each with one latent a request (default: 16)
  --latents N       latents in each measurement (default: 32)
  --steps N         steps of Stage C (default: 20)
  --threads N       INTRA_OP_THREADS (default: 1)
  --nice N          LANE_NICE (default: 5, as the server's)
  --rounds N        measurements of each kind, taken in turn; medians are printed (default: 5)`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    bundle: { type: "string", default: `${import.meta.dirname}/../../gpu-backend/models/emoji-128` },
    callers: { type: "string", default: "16" },
    latents: { type: "string", default: "32" },
    steps: { type: "string", default: "20" },
    threads: { type: "string", default: "1" },
    nice: { type: "string", default: "5" },
    rounds: { type: "string", default: "5" },
  },
});
const latents = Number(values.latents);
let seed = 0;

async function main(): Promise<void> {
  const manifest = await readManifest(values.bundle);
  const backend = await startBackend({
    MODELS_DIR: dirname(values.bundle),
    MODEL_ID: manifest.id,
    INTRA_OP_THREADS: values.threads,
    QUEUE_JOBS_MAX: String(2 * Number(values.callers)),
    LANE_NICE: values.nice,
    LOG_LEVEL: "info",
  });
  const shape = latentShapeFor(manifest);
  if (!shape.ok) throw new TypeError("The bundle has no default size.");
  const request: StageCRequest = {
    model: manifest.id,
    revision: manifest.revision,
    tokenIds: [1, 2],
    negativeTokenIds: [1],
    seeds: [],
    steps: Number(values.steps),
    guidanceScale: 3,
    latentShape: [...shape.value],
  };
  await measure(backend, request);
  await backend.stop();
}

/** Kinds in turn and all of them beside health checks, so that what else the machine does hits them alike. */
async function measure(backend: Backend, request: StageCRequest): Promise<void> {
  const callers = Number(values.callers);
  const loads = [
    ...[1, 2, 4, 8].map((size) => ({ callers: 1, seedsEach: size, count: latents / size })),
    { callers, seedsEach: 1, count: latents },
  ];
  const measured = loads.map((load) => ({ load, rates: [] as number[], cpuMs: [] as number[] }));
  const healthMs: number[] = [];
  await run(backend, request, { callers: 1, seedsEach: 1, count: 2 });
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const { load, rates, cpuMs } of measured) {
      const cpuStart = laneCpuMs(backend);
      const rate = run(backend, request, load);
      healthMs.push(...(await healthUntil(backend, rate)));
      rates.push(await rate);
      cpuMs.push((laneCpuMs(backend) - cpuStart) / latents);
    }
  }
  for (const { load, rates, cpuMs } of measured) {
    const who = `${load.callers} caller(s), ${load.seedsEach} latent(s) a request`;
    print(`${who}: ${median(rates).toFixed(2)} latents/s, ${median(cpuMs).toFixed(0)} ms of the lane's CPU a latent`);
  }
  const online = measured.at(-1);
  const bestRate = Math.max(...measured.slice(0, -1).map(({ rates }) => median(rates)));
  const bestCpuMs = Math.min(...measured.slice(0, -1).map(({ cpuMs }) => median(cpuMs)));
  print(`${callers} callers to the best of one: throughput ${(median(online?.rates ?? []) / bestRate).toFixed(3)}`);
  print(`the same by the lane's CPU: ${(bestCpuMs / median(online?.cpuMs ?? [])).toFixed(3)}`);
  print(
    `/health/live meanwhile: p50 ${quantile(healthMs, 0.5).toFixed(1)} ms, p99 ${quantile(healthMs, 0.99).toFixed(1)} ms`,
  );
  print(`(${healthMs.length} checks, ${values.threads} thread(s), ${values.steps} steps, ${values.rounds} rounds)`);
}

const clockTickMs = 10;

/** CPU time of the lane so far, which other processes of the machine hardly disturb. 0 where there is no /proc. */
function laneCpuMs(backend: Backend): number {
  const path = `/proc/${String(backend.logged("lane ready").at(-1)?.["lanePid"])}/stat`;
  if (!existsSync(path)) return 0;
  const fields = readFileSync(path, "utf8")
    .replace(/^.*\) /su, "")
    .split(" ");
  return clockTickMs * (Number(fields[11]) + Number(fields[12]));
}

interface Load {
  readonly callers: number;
  readonly seedsEach: number;
  /** Requests in all. */
  readonly count: number;
}

/** Latents a second. */
async function run(backend: Backend, request: StageCRequest, { callers, seedsEach, count }: Load): Promise<number> {
  let left = count;
  async function call(): Promise<void> {
    while (left > 0) {
      left -= 1;
      seed += seedsEach;
      const seeds = Array.from({ length: seedsEach }, (_, index) => seed + index);
      const answer = await send(backend, stageCDraft({ ...request, seeds }));
      if (answer.status !== 200) throw new TypeError(`The backend answered ${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
    }
  }
  const start = performance.now();
  await Promise.all(Array.from({ length: callers }, call));
  return (count * seedsEach * 1_000) / (performance.now() - start);
}

/** Milliseconds of health checks, one after another, until the load is done. */
async function healthUntil(backend: Backend, load: Promise<unknown>): Promise<number[]> {
  let isDone = false;
  const ended = load.then(() => {
    isDone = true;
  });
  const milliseconds: number[] = [];
  while (!isDone) {
    const start = performance.now();
    await (await fetch(`${backend.url}/health/live`)).arrayBuffer();
    milliseconds.push(performance.now() - start);
    // A hundred checks a second at most: a closed loop of them would itself be load.
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 10))]);
  }
  return milliseconds;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (values.help) print(help);
else await main();
