import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Pixels } from "../../../shared/decoding/pixels.ts";
import { openTinyPipeline } from "../../support/tiny-pipeline.ts";

const directory = join(import.meta.dirname, "../../../gpu-backend/models/emoji-128");
const { manifest, pipeline, taskGraphs, runs } = await openTinyPipeline(directory);

/** Tasks of one shape that differ in text, noise, guidance and number of steps. */
const orders = [1, 2, 3, 4].map((seed) => ({
  model: manifest.id,
  revision: manifest.revision,
  seeds: [seed],
  steps: 2 + (seed % 2),
  guidanceScale: seed + 0.5,
  tokenIds: [101, ...Array.from({ length: seed }, (_, i) => 2_417 + 900 * i), 102],
  negativeTokenIds: [101, 102],
  latentShape: [16, 8, 8] as [number, number, number],
}));

async function makeFile(order: (typeof orders)[number]): Promise<Uint8Array> {
  const [file = new Uint8Array()] = await pipeline.makeLatents(order, taskGraphs());
  return file;
}

// Its products round what they read to bytes, some by scales that are found in the run.
describe("the embedded model's bytes are the same alone and in any company:", () => {
  const alone: Uint8Array[] = [];
  const pictures: Pixels[] = [];

  beforeAll(async () => {
    for (const order of orders) {
      const file = await makeFile(order);
      alone.push(file);
      pictures.push(await pipeline.paint(file, taskGraphs()));
    }
  });

  test.each([2, 3, 4])("a latent's among %d, in runs that they share", async (count) => {
    const before = runs.length;
    expect(await Promise.all(orders.slice(-count).map(makeFile))).toEqual(alone.slice(-count));
    const rows = runs.slice(before).map((run) => (run.graph === "stageC" ? run.rows : 0));
    expect(Math.max(...rows)).toBe(2 * count);
  });

  test.each([2, 3, 4])("a picture's among %d, in runs that they share", async (count) => {
    const before = runs.length;
    const painted = await Promise.all(alone.slice(-count).map((file) => pipeline.paint(file, taskGraphs())));
    expect(painted).toEqual(pictures.slice(-count));
    const rows = runs.slice(before).map((run) => (run.graph === "stageB" ? run.rows : 0));
    expect(Math.max(...rows)).toBe(count);
  });
});
