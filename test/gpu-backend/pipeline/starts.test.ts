import { describe, expect, test } from "vitest";
import { encodePixels } from "../../../gpu-backend/pipeline/encode-pixels.ts";
import { readStart } from "../../../gpu-backend/pipeline/latent-start.ts";
import { makeLatent } from "../../../gpu-backend/pipeline/make-latent.ts";
import { createTextConditions, joinConditions } from "../../../gpu-backend/pipeline/text-conditions.ts";
import { sample } from "../../../shared/diffusion/sampler.ts";
import { samplerTimes } from "../../../shared/diffusion/schedule.ts";
import { decodeLatent, encodeLatent } from "../../../shared/latents/latent-format.ts";
import { stepsRun } from "../../../shared/models/sampling.ts";
import golden from "../../golden/tiny-starts.json" with { type: "json" };
import { differenceMax, fromFloat32Hex } from "../../support/float32-hex.ts";
import { tinyRequest, tinyRevision } from "../../support/tiny-bundle.ts";
import { openTinyPipeline } from "../../support/tiny-pipeline.ts";

const shape = tinyRequest.latentShape;
const start = fromFloat32Hex(golden.startHex);
const { manifest, graphs, pipeline, taskGraphs } = await openTinyPipeline();

function startFile(values: Float32Array): string {
  const file = encodeLatent({ values, shape, metadata: { model: "tiny", revision: tinyRevision, seed: "0" } });
  if (!file.ok) throw new Error(file.error.message);
  return Buffer.from(file.value).toString("base64");
}

async function made(change: object): Promise<Float32Array> {
  const [file = new Uint8Array()] = await pipeline.makeLatents({ ...tinyRequest, ...change }, taskGraphs());
  const decoded = decodeLatent(file);
  if (!decoded.ok) throw new Error(decoded.error.message);
  return decoded.value.values;
}

test("the golden latents were made with the bundle that is here", () => {
  expect(golden.revision).toBe(tinyRevision);
});

test("a picture's latent is the reference's", async () => {
  const data = new Uint8Array(Buffer.from(golden.pixelsBase64, "base64"));
  const values = await encodePixels(graphs.compressor, { width: 64, height: 64, data }, shape);
  // The golden one is rounded to float16, whose step between 4 and 8 is 2⁻⁸.
  expect(differenceMax(values, start)).toBeLessThanOrEqual(2 ** -8);
});

describe.each(golden.cases)("seed $seed, $steps steps of $kind at strength $strength, mask $mask:", (wanted) => {
  const { seed, steps, strength, kind, mask } = wanted;

  test("the times are PyTorch's, bit for bit", () => {
    expect(samplerTimes(stepsRun(steps, strength), strength)).toEqual(fromFloat32Hex(wanted.timesHex));
  });

  test("the latent is the reference's", async () => {
    const texts = createTextConditions({ manifest, cacheBytesMax: 0 });
    const { tokenIds, negativeTokenIds, guidanceScale } = golden.text;
    const text = joinConditions([await texts.of(graphs, negativeTokenIds), await texts.of(graphs, tokenIds)]);
    const task = { ...tinyRequest, start: { latent: startFile(start), strength, ...(mask === null ? {} : { mask }) } };
    const sampler = { ...manifest.sampler, stageC: { ...manifest.sampler.stageC, kind: kind as "ddim" | "ddpm" } };
    const order = { text, seed, steps, guidanceScale, latentShape: shape, start: readStart(task) };
    const values = await makeLatent({ ...manifest, sampler }, graphs.stageC, order);
    expect(differenceMax(values, fromFloat32Hex(wanted.latentHex))).toBeLessThanOrEqual(1e-4);
  });
});

describe("a start", () => {
  const latent = startFile(start);

  test("of strength 1 without a mask is text to image", async () => {
    expect(await made({ start: { latent, strength: 1 } })).toEqual(await made({}));
  });

  test("of strength 0 stays as it is, whatever the mask", async () => {
    expect(await made({ start: { latent, strength: 0 } })).toEqual(start);
    expect(await made({ start: { latent, strength: 0, mask: "1".repeat(16) } })).toEqual(start);
  });

  test("whose mask keeps every cell stays as it is, at any strength", async () => {
    for (const strength of [0.3, 1]) {
      expect(await made({ start: { latent, strength, mask: "0".repeat(16) } })).toEqual(start);
    }
  });

  test("keeps exactly the cells that its mask keeps, and no other", async () => {
    const mask = "0110011001100110";
    const values = await made({ start: { latent, strength: 0.8, mask } });
    for (const [i, value] of values.entries()) {
      if (mask[i % 16] === "0") expect(value).toBe(start[i]);
      else expect(value).not.toBe(start[i]);
    }
  });

  test("gives other latents for other strengths, masks, starts and seeds", async () => {
    const base = { start: { latent, strength: 0.5 } };
    const others = [
      base,
      { start: { latent, strength: 0.6 } },
      { start: { latent, strength: 0.5, mask: "1100110011001100" } },
      { start: { latent: startFile(start.map((value) => -value)), strength: 0.5 } },
      { ...base, seeds: [43] },
    ];
    const latents = await Promise.all(others.map(made));
    expect(new Set(latents.map((values) => values.join())).size).toBe(others.length);
  });
});

test("latents from starts have the same bytes alone and in any company", async () => {
  const orders = [0.4, 0.7, 1, 0.9].flatMap((strength, index) => [
    { seeds: [index], start: { latent: startFile(start), strength } },
    { seeds: [index + 9], start: { latent: startFile(start), strength, mask: "1111000011110000" } },
    { seeds: [index + 20] },
  ]);
  const alone: Float32Array[] = [];
  for (const order of orders) alone.push(await made(order));
  expect(await Promise.all(orders.map(made))).toEqual(alone);
});

test("without a start nothing of the sampler's draws has changed: one at first, none after it", async () => {
  const counts: number[] = [];
  const draw = (count: number) => {
    counts.push(count);
    return new Float32Array(count);
  };
  const noise = { draw };
  const predict = (latent: Float32Array) => Promise.resolve(latent);
  await sample({ kind: "ddim", schedule: manifest.schedule, steps: 3, length: 32, noise, predict });
  expect(counts).toEqual([32]);
});
