import { expect, test } from "vitest";
import { alphaBar, samplerTimes } from "../../../shared/diffusion/schedule.ts";
import { embedTimestep, timestepFrequencies } from "../../../shared/diffusion/timestep-embedding.ts";
import golden from "../../golden/diffusion.json" with { type: "json" };
import { differenceMax, fromFloat32Hex } from "../../support/float32-hex.ts";

const schedule = { s: 0.008, clampMin: 1e-4, clampMax: 0.9999 };

test.each(golden.times)("the times of $steps steps are PyTorch's, bit for bit", ({ steps, float32Hex }) => {
  expect(samplerTimes(steps)).toEqual(fromFloat32Hex(float32Hex));
});

test.each<[number, number]>([
  [1, 0.0001],
  [0.75, 0.144_272_1],
  [2 / 3, 0.246_448_2],
  [0.5, 0.493_843_6],
  [0.25, 0.847_012_2],
  [0.1, 0.972_092_7],
  [0, 0.9999],
])("at time %f the published schedule keeps %f of the signal", (t, share) => {
  expect(alphaBar(schedule, Math.fround(t))).toBeCloseTo(share, 6);
});

test("the schedule is PyTorch's up to two units in the last place", () => {
  const { steps, float32Hex } = golden.alphaBarGrid;
  const shares = samplerTimes(steps).map((t) => alphaBar(schedule, t));
  expect(differenceMax(shares, fromFloat32Hex(float32Hex))).toBeLessThanOrEqual(2 ** -23);
});

test.each(golden.embeddings)("timestep embeddings of width $width are PyTorch's", (embedding) => {
  const { width, frequenciesHex, timesHex, embeddingsHex } = embedding;
  const frequencies = Array.from(fromFloat32Hex(frequenciesHex));
  const expected = fromFloat32Hex(embeddingsHex);
  for (const [row, t] of fromFloat32Hex(timesHex).entries()) {
    const embedded = embedTimestep({ width, frequencies }, t);
    expect(differenceMax(embedded, expected.subarray(row * width, (row + 1) * width))).toBeLessThanOrEqual(1e-6);
  }
});

test("frequencies that a manifest leaves out are PyTorch's up to one unit in the last place", () => {
  for (const { width, frequenciesHex } of golden.embeddings) {
    const expected = fromFloat32Hex(frequenciesHex);
    const ratios = timestepFrequencies(width).map((frequency, k) => frequency / (expected[k] ?? 0));
    expect(
      differenceMax(
        ratios,
        ratios.map(() => 1),
      ),
    ).toBeLessThanOrEqual(2 ** -22);
  }
});
