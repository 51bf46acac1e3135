import { readManifest } from "../../gpu-backend/runtime/bundle.ts";
import { openGraphs } from "../../gpu-backend/runtime/graph-set.ts";
import type { Backend } from "../support/backend.ts";
import { makePictures, type PictureBackendOptions, type PictureOrder, peakMemory } from "./picture-backend.ts";
import type { Reference } from "./python-reference.ts";
import { median } from "./statistics.ts";
import { stepOf } from "./steps.ts";

/** The two sides and what both do. */
export interface Comparison {
  /** What the other side is called. */
  readonly name: string;
  readonly reference: Reference;
  readonly backend: Backend;
  readonly options: PictureBackendOptions;
  /** Pairs of each kind. */
  readonly rounds: number;
  /** What both sides make in a round, of seeds of its own. */
  orderOf(round: number): PictureOrder;
  /** How the other side is asked for the same; `batch` and what is measured are added. */
  askingFor(order: PictureOrder): Readonly<Record<string, unknown>>;
  print(line: string): void;
}

/** One kind of measurement on one side, in milliseconds. */
type Measure = (round: number) => Promise<number>;

/**
 * A step of Stage C, a step of Stage B, a whole picture, and memory. Pairs in turn, so that what else the machine does
 * hits both. Prints medians, and the median of the pairs' ratios.
 */
export async function compare(comparison: Comparison): Promise<void> {
  const { name, reference, backend, options, orderOf, print } = comparison;
  const { batch, threads } = options;
  const manifest = await readManifest(options.bundle);
  const execution = { provider: "cpu", intraOpThreads: threads } as const;
  const graphs = await openGraphs(manifest, { directory: options.bundle, execution });
  let referencePeak = 0;
  const theirs =
    (measure: string): Measure =>
    async (round) => {
      const figures = await reference.measure({ measure, batch, ...comparison.askingFor(orderOf(round)) });
      referencePeak = figures.peakBytes;
      return figures.milliseconds;
    };
  const kinds: readonly (readonly [string, Measure, Measure])[] = [
    ["Stage C step (both passes of guidance)", theirs("stageC"), stepOf(manifest, graphs, "stageC", 2 * batch)],
    ["Stage B step", theirs("stageB"), stepOf(manifest, graphs, "stageB", batch)],
    ["picture, to PNG over HTTP", theirs("picture"), (round) => makePictures(backend, manifest, orderOf(round))],
  ];
  for (const [kind, their, our] of kinds) {
    const { their: theirMs, our: ourMs, ratio } = await inTurn(comparison.rounds, their, our);
    print(`${kind}: ${name} ${theirMs.toFixed(1)} ms, here ${ourMs.toFixed(1)} ms: ${ratio.toFixed(2)}× as fast`);
  }
  const { lane, server } = peakMemory(backend);
  const share = (bytes: number) => `${(bytes / referencePeak).toFixed(2)}×`;
  print(`peak memory: ${name} ${mb(referencePeak)}, lane ${mb(lane)} + server ${mb(server)}: ${share(lane + server)}`);
  print(`(lane alone ${share(lane)}; batch ${batch}, ${threads} thread(s), ${comparison.rounds} rounds)`);
}

/** The first pair only warms up. Who is first changes from round to round. */
async function inTurn(rounds: number, theirs: Measure, ours: Measure) {
  const pairs: { readonly their: number; readonly our: number }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const first = round % 2 === 0 ? await theirs(round) : await ours(round);
    const second = round % 2 === 0 ? await ours(round) : await theirs(round);
    pairs.push(round % 2 === 0 ? { their: first, our: second } : { their: second, our: first });
  }
  const measured = pairs.slice(1);
  return {
    their: median(measured.map((pair) => pair.their)),
    our: median(measured.map((pair) => pair.our)),
    ratio: median(measured.map((pair) => pair.their / pair.our)),
  };
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
