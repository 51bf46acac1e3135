import { expect, test } from "vitest";
import { resolveSampling, stepsRun } from "../../../shared/models/sampling.ts";
import { manifestFixture } from "../../support/manifest-fixture.ts";

const manifest = manifestFixture();

test("what a request leaves open is the model's default", () => {
  expect(resolveSampling(manifest, {})).toEqual({ ok: true, value: { steps: 20, guidanceScale: 4 } });
  expect(resolveSampling(manifest, { steps: 7 })).toEqual({ ok: true, value: { steps: 7, guidanceScale: 4 } });
});

test("both ends of a range belong to it", () => {
  expect(resolveSampling(manifest, { steps: 1, guidanceScale: 0 }).ok).toBe(true);
  expect(resolveSampling(manifest, { steps: 60, guidanceScale: 12 }).ok).toBe(true);
});

test.each([
  [{ steps: 61 }, "steps", "from 1 to 60"],
  [{ guidanceScale: 12.5 }, "guidance_scale", "from 0 to 12"],
  [{ guidanceScale: Number.NaN }, "guidance_scale", "from 0 to 12"],
])("%o is refused, naming the public field and its range", (wanted, param, range) => {
  const result = resolveSampling(manifest, wanted);
  expect(result).toMatchObject({ ok: false, error: { param, message: expect.stringContaining(range) } });
});

test("a start takes the steps of its part of the schedule, rounded up", () => {
  expect([stepsRun(10, 0.7), stepsRun(20, 0.55), stepsRun(6, 0.45), stepsRun(20, 1), stepsRun(20, 0)]).toEqual([
    7, 11, 3, 20, 0,
  ]);
});
