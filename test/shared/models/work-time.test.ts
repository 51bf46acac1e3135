import { describe, expect, test } from "vitest";
import type { Manifest } from "../../../shared/models/manifest.ts";
import {
  decodeMsMax,
  loadMsMax,
  requestMsMax,
  runMsMax,
  stageCMsMax,
  taskMsBound,
} from "../../../shared/models/work-time.ts";
import { manifestFixture } from "../../support/manifest-fixture.ts";

/** Weights in billions of Würstchen v2 as it is released, stored as float16, beside a small file for each graph. */
const released = { "text-encoder": 0.69, "stage-c": 0.99, "stage-b": 0.8, "stage-a": 0.016 };

const small = manifestFixture();
const v2 = sized(1);

/** The released sizes, times so much. */
function sized(times: number): Manifest {
  const data = Object.entries(released).map(([name, billions]) => [
    `${name}.onnx.data`,
    { sha256: "0".repeat(64), bytes: 2e9 * billions * times },
  ]);
  return {
    ...small,
    image: { ...small.image, sizes: ["1024x1024"], sizeDefault: "1024x1024" },
    latent: { ...small.latent, downscale: 42.67 },
    files: { ...small.files, ...Object.fromEntries(data) },
  };
}

const shape = [16, 24, 24] as const;
const usual = { latentShape: shape, steps: 29, guidanceScale: 4 };

/** What one thread of a small server was seen to do with these graphs, in operations a millisecond. */
const seenPerMs = 5e7;

describe("the time that work may take", () => {
  test("is minutes for a small model, whatever is asked of it", () => {
    const most = { latentShape: [16, 8, 8] as const, steps: 60, guidanceScale: 4 };
    expect(stageCMsMax(small, most)).toBe(300_000);
    expect(decodeMsMax(small, most.latentShape)).toBe(120_000);
    expect(runMsMax(small)).toBe(60_000);
    expect(requestMsMax(small, most)).toBeLessThan(15 * 60_000);
  });

  test("lets one thread make a picture of the released size while others use it too", () => {
    const stepMs = (2 * 2 * 0.99e9 * 24 * 24) / seenPerMs;
    expect(stageCMsMax(v2, usual)).toBeGreaterThan(5 * 29 * stepMs);
    expect(runMsMax(v2)).toBeGreaterThan(3 * stepMs);
    const stageBStepMs = (2 * 0.8e9 * 2 * 24 * 24) / seenPerMs;
    expect(decodeMsMax(v2, shape)).toBeGreaterThan(5 * 10 * stageBStepMs);
    expect(loadMsMax(v2)).toBeGreaterThan(100_000);
  });

  test("grows with steps, guidance, samples and size, and with the model alone", () => {
    const least = stageCMsMax(v2, usual);
    for (const more of [
      { ...usual, steps: 40 },
      { ...usual, samples: 2 },
      { ...usual, latentShape: [16, 36, 24] as const },
    ]) {
      expect(stageCMsMax(v2, more)).toBeGreaterThan(least);
    }
    expect(stageCMsMax(v2, { ...usual, guidanceScale: 1 })).toBeLessThan(least);
    expect(decodeMsMax(v2, [16, 36, 24])).toBeGreaterThan(decodeMsMax(v2, shape));
    const text = { emptyTokenIds: [1], padTokenId: 0, guidanceScale: 1.1 };
    const guided: Manifest = { ...v2, stageB: { ...v2.stageB, text } };
    expect(decodeMsMax(guided, shape)).toBeGreaterThan(decodeMsMax(v2, shape));
  });

  test("has a bound, and a request's is below the day for which its outcome is kept", () => {
    const huge = sized(20);
    expect(stageCMsMax(huge, usual)).toBe(taskMsBound);
    expect(requestMsMax(huge, usual)).toBeLessThan(24 * 3_600_000);
  });

  test("does not depend on how the same weights are stored", () => {
    const { stageC } = small.graphs;
    const float32: Manifest = {
      ...v2,
      graphs: { ...v2.graphs, stageC: { ...stageC, weights: "float32" } },
      files: { ...v2.files, "stage-c.onnx.data": { sha256: "0".repeat(64), bytes: 4e9 * released["stage-c"] } },
    };
    const difference = stageCMsMax(float32, usual) / stageCMsMax(v2, usual);
    expect(difference).toBeCloseTo(1, 2);
  });
});
