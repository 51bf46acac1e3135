// Two bundles beside each other in one run: a picture, a stored latent to its picture, and where the time goes.
// `npm run bench:bundles -- --help` tells the options.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeLatent } from "../../gpu-backend/pipeline/make-latent.ts";
import { createTextConditions, joinConditions } from "../../gpu-backend/pipeline/text-conditions.ts";
import { readManifest } from "../../gpu-backend/runtime/bundle.ts";
import { openGraphs } from "../../gpu-backend/runtime/graph-set.ts";
import { runStageA, runStageB } from "../../shared/decoding/paint-latent.ts";
import type { Latent } from "../../shared/latents/latent-format.ts";
import { latentShapeFor } from "../../shared/models/latent-shape.ts";
import { createPromptEncoder } from "../../workers/prompt/prompt-encoder.ts";
import { median } from "./statistics.ts";

const help = `Options:
  --bundle FOLDER   the bundle that is judged (default: gpu-backend/models/emoji-128)
  --against FOLDER  the bundle that it is compared with
  --rounds N        pairs, taken in turn; medians are printed (default: 20)
  --threads N       threads of one operator (default: 1)`;

const { values: options } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    bundle: { type: "string", default: join(import.meta.dirname, "../../gpu-backend/models/emoji-128") },
    against: { type: "string" },
    rounds: { type: "string", default: "20" },
    threads: { type: "string", default: "1" },
  },
});

const prompt = "red apple, 3D";
/** What this process has computed so far, in milliseconds of a core: unlike the clock, it does not count other work. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The parts of a picture. */
const parts = ["text", "Stage C", "Stage B", "Stage A"] as const;
type Times = Readonly<Record<(typeof parts)[number], number>>;

/** Makes a picture of the prompt with the model's defaults; returns the CPU milliseconds of each part. */
async function openBundle(folder: string): Promise<(seed: number) => Promise<Times>> {
  const directory = resolve(folder);
  const manifest = await readManifest(directory);
  const execution = { provider: "cpu", intraOpThreads: Number(options.threads) } as const;
  const graphs = await openGraphs(manifest, { directory, execution });
  const encoder = createPromptEncoder(readJson(join(directory, manifest.text.tokenizer)), manifest.text);
  const shape = latentShapeFor(manifest);
  if (!shape.ok) throw new TypeError("The bundle has no default size.");
  const { steps, guidanceScale } = manifest.sampler.stageC;
  const sampling = { steps: steps.default, guidanceScale: guidanceScale.default, latentShape: shape.value };
  // The empty prompt comes with almost every request, so a service has it ready.
  const remembered = createTextConditions({ manifest, cacheBytesMax: 1e8 });
  const { id: model, revision } = manifest;

  return async (seed) => {
    const empty = await remembered.of(graphs, encoder.encode("").tokenIds);
    const began = cpuMs();
    const fresh = createTextConditions({ manifest, cacheBytesMax: 1e8 });
    const text = joinConditions([empty, await fresh.of(graphs, encoder.encode(prompt).tokenIds)]);
    const read = cpuMs();
    const values = await makeLatent(manifest, graphs.stageC, { ...sampling, text, seed });
    const made = cpuMs();
    const latent: Latent = { values, shape: shape.value, metadata: { model, revision, seed: String(seed) } };
    const stageBLatent = await runStageB(manifest, graphs, latent);
    const painted = cpuMs();
    await runStageA(manifest, graphs, stageBLatent, latent.shape);
    const ended = cpuMs();
    return { text: read - began, "Stage C": made - read, "Stage B": painted - made, "Stage A": ended - painted };
  };
}

async function main(against: string): Promise<void> {
  const judged = await openBundle(options.bundle);
  const other = await openBundle(against);
  const pairs: { readonly new: Times; readonly old: Times }[] = [];
  for (let round = 0; round <= Number(options.rounds); round += 1) {
    // Who is first changes from round to round, so that what else the machine does hits both. The first pair warms up.
    const first = round % 2 === 0 ? await judged(round) : await other(round);
    const second = round % 2 === 0 ? await other(round) : await judged(round);
    if (round > 0) pairs.push(round % 2 === 0 ? { new: first, old: second } : { new: second, old: first });
  }
  const decode = (times: Times) => times["Stage B"] + times["Stage A"];
  const row = (name: string, of: (times: Times) => number) => {
    const [ours, theirs] = [median(pairs.map((pair) => of(pair.new))), median(pairs.map((pair) => of(pair.old)))];
    const ratio = median(pairs.map((pair) => of(pair.new) / of(pair.old)));
    print(`${name}: ${ours.toFixed(1)} ms, against ${theirs.toFixed(1)} ms: ${ratio.toFixed(2)} of its time`);
  };
  row("a picture", (times) => times.text + times["Stage C"] + decode(times));
  row("a stored latent to its picture", decode);
  for (const part of parts) row(part, (times) => times[part]);
  print(`(CPU time; medians of ${pairs.length} pairs, ${options.threads} thread(s))`);
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (options.help || options.against === undefined) print(help);
else await main(options.against);
