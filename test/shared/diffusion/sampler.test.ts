import { describe, expect, test } from "vitest";
import { ddpmStep } from "../../../shared/diffusion/ddpm.ts";
import { guide, isGuided } from "../../../shared/diffusion/guidance.ts";
import { createNoiseSource, type NoiseSource } from "../../../shared/diffusion/noise-source.ts";
import { sample } from "../../../shared/diffusion/sampler.ts";
import { samplers } from "../../../shared/diffusion/samplers.ts";
import { samplerTimes } from "../../../shared/diffusion/schedule.ts";
import { AppError } from "../../../shared/errors.ts";
import golden from "../../golden/diffusion.json" with { type: "json" };
import { differenceMax, fromFloat32Hex } from "../../support/float32-hex.ts";

const schedule = { s: 0.008, clampMin: 1e-4, clampMax: 0.9999 };

describe("one step equals PyTorch's", () => {
  test.each(golden.steps)("$kind from $tHex to $tNextHex", (step) => {
    const [latent, predicted, drawn, expected] = [
      step.xHex,
      step.noisePredictedHex,
      step.noiseDrawnHex,
      step.steppedHex,
    ].map(fromFloat32Hex) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const span = { t: fromFloat32Hex(step.tHex)[0] ?? 0, tNext: fromFloat32Hex(step.tNextHex)[0] ?? 0 };
    const kind = step.kind as "ddim" | "ddpm";
    const stepped = samplers[kind](schedule)({ span, latent, predicted, draw: () => drawn });
    const peak = Math.max(...expected.map(Math.abs));
    expect(differenceMax(stepped, expected) / peak).toBeLessThanOrEqual(1e-6);
  });

  test.each<[number, number, number]>([
    [1, 0.5, 36.238_638_6],
    [0.5, 0, 0.916_81],
  ])("ddpm from %f to %f on the published scheduler's fixture", (t, tNext, expected) => {
    const noise = { predicted: Float32Array.of(0.5), drawn: createNoiseSource(0).draw(1) };
    expect(ddpmStep(schedule, { t, tNext }, Float32Array.of(1), noise)[0]).toBeCloseTo(expected, 4);
  });
});

describe("a run of DPM-Solver++ 2M equals diffusers'", () => {
  test.each(golden.dpmSolver)("in $steps steps", ({ steps, predictedHex, latentsHex }) => {
    const times = samplerTimes(steps);
    const advance = samplers["dpmpp-2m"](schedule);
    let latent = fromFloat32Hex(latentsHex[0] ?? "");
    for (const [index, hex] of predictedHex.entries()) {
      const span = { t: times[index] ?? 0, tNext: times[index + 1] ?? 0 };
      latent = advance({ span, latent, predicted: fromFloat32Hex(hex), draw: neverDrawn });
      const expected = fromFloat32Hex(latentsHex[index + 1] ?? "");
      const peak = Math.max(...expected.map(Math.abs));
      expect(differenceMax(latent, expected) / peak).toBeLessThanOrEqual(1e-5);
    }
  });

  test("and begins each run anew", () => {
    const step = { latent: Float32Array.of(1), predicted: Float32Array.of(0.5), draw: neverDrawn };
    const first = samplers["dpmpp-2m"](schedule);
    first({ ...step, span: { t: 1, tNext: 0.5 } });
    const fresh = samplers["dpmpp-2m"](schedule)({ ...step, span: { t: 0.5, tNext: 0.25 } });
    expect(fresh).not.toEqual(first({ ...step, predicted: Float32Array.of(-1), span: { t: 0.5, tNext: 0.25 } }));
    expect(fresh[0]).toBeCloseTo(samplers.ddim(schedule)({ ...step, span: { t: 0.5, tNext: 0.25 } })[0] ?? 0, 5);
  });

  test("and stays finite where the schedule's clamp makes two times alike", () => {
    const advance = samplers["dpmpp-2m"](schedule);
    const step = { latent: Float32Array.of(1), predicted: Float32Array.of(0.5), draw: neverDrawn };
    advance({ ...step, span: { t: 1, tNext: 0.999 } });
    expect(advance({ ...step, span: { t: 0.999, tNext: 0.998 } })[0]).toBeCloseTo(1, 5);
  });
});

function neverDrawn(): Float32Array {
  throw new AppError("A deterministic sampler drew noise.");
}

describe("a sampler", () => {
  function countingNoise(counts: number[]): NoiseSource {
    const source = createNoiseSource(1);
    return {
      draw(count) {
        counts.push(count);
        return source.draw(count);
      },
    };
  }

  test.each([
    { kind: "ddim", draws: 1 },
    { kind: "ddpm", draws: 4 },
    { kind: "dpmpp-2m", draws: 1 },
  ] as const)("$kind draws $draws times in three steps", async ({ kind, draws }) => {
    const counts: number[] = [];
    const predict = async (latent: Float32Array) => latent;
    await sample({ kind, schedule, steps: 3, length: 20, noise: countingNoise(counts), predict });
    expect(counts).toEqual(Array.from({ length: draws }, () => 20));
  });

  test("asks for every time once, from 1 down, and never for 0", async () => {
    const times: number[] = [];
    const predict = async (latent: Float32Array, t: number) => {
      times.push(t);
      return latent;
    };
    const run = { kind: "ddim", schedule, length: 16, noise: createNoiseSource(1), predict } as const;
    await sample({ ...run, steps: 4 });
    expect(times).toEqual([1, 0.75, 0.5, 0.25]);
    await sample({ ...run, steps: 3, times: Float32Array.of(1, 0.875, 0.5, 0) });
    expect(times.slice(4)).toEqual([1, 0.875, 0.5]);
  });

  test("tells every step with the clean latent that its prediction implies, and makes the same latent unheard", async () => {
    const clean = Float32Array.of(0.5, -1, 2);
    const drawn = createNoiseSource(3).draw(3);
    const noise = { draw: () => drawn.map((value, i) => 0.01 * (clean[i] ?? 0) + Math.sqrt(0.9999) * value) };
    const run = { kind: "ddim", schedule, steps: 4, length: 3, noise, predict: async () => drawn } as const;
    const heard: number[][] = [];
    const made = await sample({
      ...run,
      onStep: ({ step, steps, cleanEstimate }) => heard.push([step, steps, differenceMax(cleanEstimate(), clean)]),
    });
    expect(heard).toEqual([1, 2, 3, 4].map((step) => [step, 4, expect.closeTo(0, 3)]));
    expect(made).toEqual(await sample(run));
  });

  test("with a perfect prediction arrives at the clean latent", async () => {
    const clean = Float32Array.of(0.5, -1, 2);
    const start = createNoiseSource(3).draw(3);
    const predict = async () => start;
    const noise = { draw: () => start.map((value, i) => 0.01 * (clean[i] ?? 0) + Math.sqrt(0.9999) * value) };
    const made = await sample({ kind: "ddim", schedule, steps: 10, length: 3, noise, predict });
    expect(
      differenceMax(
        made,
        clean.map((value, i) => Math.sqrt(0.9999) * value + 0.01 * (start[i] ?? 0)),
      ),
    ).toBeLessThan(1e-3);
  });
});

describe("guidance", () => {
  test("moves from the unconditional prediction through the conditional one", () => {
    expect(Array.from(guide(2.5, Float32Array.of(1, 6), Float32Array.of(3, 5)))).toEqual([6, 3.5]);
  });

  test.each([
    [0, false],
    [0.5, false],
    [1, false],
    [1.01, true],
  ])("of %f asks for a second prediction: %s", (scale, isSecond) => {
    expect(isGuided(scale)).toBe(isSecond);
  });
});
