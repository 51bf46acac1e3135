import { beforeAll, describe, expect, test } from "vitest";
import { makeLatent } from "../../../gpu-backend/pipeline/make-latent.ts";
import { createPipeline } from "../../../gpu-backend/pipeline/pipeline.ts";
import { createTextConditions, joinConditions } from "../../../gpu-backend/pipeline/text-conditions.ts";
import type { Pixels } from "../../../shared/decoding/pixels.ts";
import { decodeLatent, type Latent } from "../../../shared/latents/latent-format.ts";
import golden from "../../golden/tiny-pictures.json" with { type: "json" };
import { differenceMax, fromFloat32Hex } from "../../support/float32-hex.ts";
import { tinyRequest, tinyRevision } from "../../support/tiny-bundle.ts";
import { openTinyPipeline } from "../../support/tiny-pipeline.ts";

const { manifest, graphs, pipeline, taskGraphs } = await openTinyPipeline();

function makeFiles(change: Partial<typeof tinyRequest> = {}): Promise<readonly Uint8Array[]> {
  return pipeline.makeLatents({ ...tinyRequest, ...change }, taskGraphs());
}

function read(file: Uint8Array | undefined): Latent {
  const decoded = decodeLatent(file ?? new Uint8Array());
  if (!decoded.ok) throw new Error(decoded.error.message);
  return decoded.value;
}

test("the golden pictures were made with the bundle that is here", () => {
  expect(golden.revision).toBe(tinyRevision);
});

describe.each(golden.cases)("seed $seed, $steps steps, guidance $guidanceScale", (wanted) => {
  const { seed, tokenIds, negativeTokenIds, steps, guidanceScale } = wanted;
  const change = { seeds: [seed], tokenIds, negativeTokenIds, steps, guidanceScale };

  test("the latent is the reference's, before it is rounded", async () => {
    const texts = createTextConditions({ manifest, cacheBytesMax: 0 });
    const conditional = await texts.of(graphs, tokenIds);
    const text =
      guidanceScale > 1 ? joinConditions([await texts.of(graphs, negativeTokenIds), conditional]) : conditional;
    const order = { text, seed, steps, guidanceScale, latentShape: tinyRequest.latentShape };
    const values = await makeLatent(manifest, graphs.stageC, order);
    expect(differenceMax(values, fromFloat32Hex(wanted.latentHex))).toBeLessThanOrEqual(1e-4);
  });

  test("the picture is the reference's, up to one unit of a colour", async () => {
    const [file = new Uint8Array()] = await makeFiles(change);
    const pixels = await pipeline.paint(file, taskGraphs());
    expect(differenceMax(pixels.data, Buffer.from(wanted.pixelsBase64, "base64"))).toBeLessThanOrEqual(1);
  });
});

test("a latent says which model, revision, seed and settings made it, and nothing of the prompt", async () => {
  const { metadata, shape } = read((await makeFiles({ seeds: [4_294_967_295] }))[0]);
  expect(shape).toEqual(tinyRequest.latentShape);
  expect(metadata).toEqual({
    model: "tiny",
    revision: tinyRevision,
    seed: "4294967295",
    steps: "6",
    guidance_scale: "3",
    sampler: "ddim",
  });
});

describe("bytes are the same alone and in any company:", () => {
  /** Eight tasks that differ in everything that may differ within a batch. */
  const orders = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => ({
    seeds: [seed],
    steps: 3 + (seed % 3),
    guidanceScale: seed === 5 ? 1 : seed / 2 + 1,
    tokenIds: [2, ...Array.from({ length: seed }, (_, i) => 5 + i), 3],
  }));
  let alone: Uint8Array[];
  let pictures: Pixels[];

  beforeAll(async () => {
    alone = [];
    pictures = [];
    for (const order of orders) {
      const [file = new Uint8Array()] = await makeFiles(order);
      alone.push(file);
      pictures.push(await pipeline.paint(file, taskGraphs()));
    }
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])("a latent's among %d", async (count) => {
    const made = await Promise.all(orders.slice(-count).map((order) => makeFiles(order)));
    expect(made.flat()).toEqual(alone.slice(-count));
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])("a picture's among %d", async (count) => {
    const painted = await Promise.all(alone.slice(-count).map((file) => pipeline.paint(file, taskGraphs())));
    expect(painted).toEqual(pictures.slice(-count));
  });

  test("a latent's among those of its own request", async () => {
    const together = await makeFiles({ seeds: [1, 2, 3] });
    for (const [index, seed] of [1, 2, 3].entries()) {
      expect((await makeFiles({ seeds: [seed] }))[0]).toEqual(together[index]);
    }
  });
});

test("a remembered text gives the same latent as one that is read for the first time", async () => {
  const tokenIds = [2, 11, 12, 13, 14, 3];
  const first = await makeFiles({ tokenIds });
  expect(await makeFiles({ tokenIds })).toEqual(first);
});

test("every part of a request that decides the picture changes it", async () => {
  const [base] = await makeFiles();
  for (const change of [
    { seeds: [43] },
    { tokenIds: [2, 5, 8, 25, 3] },
    { negativeTokenIds: [2, 9, 3] },
    { steps: 7 },
    { guidanceScale: 3.5 },
  ]) {
    const [other] = await makeFiles(change);
    expect(read(other).values).not.toEqual(read(base).values);
  }
});

test("without guidance the negative prompt has no say", async () => {
  const one = await makeFiles({ guidanceScale: 1 });
  expect(await makeFiles({ guidanceScale: 1, negativeTokenIds: [2, 9, 3] })).toEqual(one);
});

test("a file that is no latent is refused with a reason", async () => {
  await expect(pipeline.paint(new Uint8Array(4), taskGraphs())).rejects.toThrow(/ends before its header/u);
});

test("a latent that is written as int8 is near the one written as float16, and is painted", async () => {
  const settings = { manifest, conditionCacheBytesMax: 1e6, latentEncoding: "int8", latentTextKeys: [] } as const;
  const [file = new Uint8Array()] = await createPipeline(settings).makeLatents(tinyRequest, taskGraphs());
  const [float16] = await makeFiles();
  expect(file.length).toBeLessThan(float16?.length ?? 0);
  const values = [...read(file).values];
  const largest = Math.max(...values.map(Math.abs));
  for (const [index, value] of read(float16).values.entries()) {
    expect(Math.abs(value - (values[index] ?? Number.NaN))).toBeLessThan(largest / 200);
  }
  expect((await pipeline.paint(file, taskGraphs())).data).toHaveLength(3 * 64 * 64);
});
