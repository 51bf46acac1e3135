// How many threads of one operator are worth it on this machine: a step of Stage C and of Stage B with each number of
// them, in turn. `npm run bench:threads -- --help` tells the options.

import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readManifest } from "../../gpu-backend/runtime/bundle.ts";
import { openGraphs } from "../../gpu-backend/runtime/graph-set.ts";
import { median } from "./statistics.ts";
import { stepOf } from "./steps.ts";

const help = `Options:
  --bundle FOLDER   the bundle (default: gpu-backend/models/emoji-128)
  --rounds N        measurements of each, taken in turn; medians are printed (default: 5)`;

const { values: options } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    bundle: { type: "string", default: join(import.meta.dirname, "../../gpu-backend/models/emoji-128") },
    rounds: { type: "string", default: "5" },
  },
});

/** One number of threads, how to measure a step with it, and what was measured, in milliseconds. */
interface Measured {
  readonly intraOpThreads: number;
  readonly steps: Readonly<Record<"stageC" | "stageB", () => Promise<number>>>;
  readonly stageC: number[];
  readonly stageB: number[];
}

async function main(): Promise<void> {
  const directory = resolve(options.bundle);
  const manifest = await readManifest(directory);
  const measured: Measured[] = [];
  for (const intraOpThreads of threadCounts()) {
    const graphs = await openGraphs(manifest, { directory, execution: { provider: "cpu", intraOpThreads } });
    const steps = { stageC: stepOf(manifest, graphs, "stageC", 2), stageB: stepOf(manifest, graphs, "stageB", 1) };
    measured.push({ intraOpThreads, steps, stageC: [], stageB: [] });
  }
  for (let round = 0; round < Number(options.rounds); round += 1) {
    for (const { steps, stageC, stageB } of measured) {
      stageC.push(await steps.stageC());
      stageB.push(await steps.stageB());
    }
  }
  for (const { intraOpThreads, stageC, stageB } of measured) {
    print(
      `${intraOpThreads} thread(s): Stage C step ${median(stageC).toFixed(1)} ms, Stage B step ${median(stageB).toFixed(1)} ms`,
    );
  }
  const pictureMs = ({ stageC, stageB }: Measured) =>
    manifest.sampler.stageC.steps.default * median(stageC) + manifest.sampler.stageB.steps.default * median(stageB);
  const [best] = measured.toSorted((a, b) => pictureMs(a) - pictureMs(b));
  print(`INTRA_OP_THREADS=${best?.intraOpThreads} makes a picture fastest while the machine is as busy as it is now.`);
}

/** 1, 2, 4, … and all cores. */
function threadCounts(): number[] {
  const cores = availableParallelism();
  const powers = [1, 2, 4, 8, 16, 32, 64].filter((count) => count < cores);
  return [...powers, cores];
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (options.help) print(help);
else await main();
