import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { LaneTask } from "../../../gpu-backend/lane/lane-messages.ts";
import { taskMsMaxOf } from "../../../gpu-backend/lane/task-time.ts";
import { readManifest } from "../../../gpu-backend/runtime/bundle.ts";
import { decodeMsMax, stageCMsMax } from "../../../shared/models/work-time.ts";
import { publishedDirectory } from "../../support/published-models.ts";
import { tinyRequest } from "../../support/tiny-bundle.ts";

const tiny = await readManifest(publishedDirectory("v2"));

/** As if the networks had the released sizes. */
const large = {
  ...tiny,
  files: Object.fromEntries(Object.entries(tiny.files).map(([name, file]) => [name, { ...file, bytes: 2e9 }])),
};

const latentShape: [number, number, number] = [16, 24, 24];
const request = { ...tinyRequest, latentShape, steps: 29, seeds: [1, 2] };
const stageC: LaneTask = { kind: "stage-c", request, previews: { everySteps: 0, format: "webp" } };
const pixels = { width: 64, height: 64, data: new Uint8Array() };
const encode: LaneTask = { kind: "encode", revision: tiny.revision, pixels, latentShape };

test("a task of a model that was not measured may take what the model's size says", () => {
  const msMax = taskMsMaxOf(large);
  expect(msMax(stageC, undefined)).toBe(stageCMsMax(large, { ...request, samples: 2 }));
  expect(msMax(encode, undefined)).toBe(decodeMsMax(large, latentShape));
  expect(msMax(stageC, undefined)).toBeGreaterThan(3_600_000);
});

test("a task of a small model may take ten minutes, also one that says nothing of its size", () => {
  const msMax = taskMsMaxOf(tiny);
  const file = new Uint8Array(readFileSync(`${publishedDirectory("v2")}/tokenizer.json`)).subarray(0, 4);
  const decode: LaneTask = { kind: "decode", revision: tiny.revision, latent: file, options: { format: "png" } };
  for (const task of [stageC, encode, decode]) expect(msMax(task, undefined)).toBe(600_000);
});

test("what was measured shortens the time of a large model on a fast device, and never lengthens it", () => {
  const msMax = taskMsMaxOf(large);
  expect(msMax(stageC, 3_000)).toBe(600_000);
  expect(msMax(stageC, 20_000)).toBe(1_600_000);
  expect(msMax(stageC, 900_000)).toBe(msMax(stageC, undefined));
});
