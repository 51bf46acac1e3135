import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { type TaskWatchOptions, watchTask } from "../../../gpu-backend/pipeline/task-watch.ts";

/** A watch of two samples whose previews are made when `finish` is called. */
function setUp(change: Partial<TaskWatchOptions> = {}) {
  const told: string[] = [];
  const finish: (() => void)[] = [];
  const paint = (latent: Float32Array) =>
    new Promise<Uint8Array>((resolve) => {
      finish.push(() => resolve(Uint8Array.from(latent)));
    });
  const news = {
    progress: (step: number, steps: number) => told.push(`step ${step} of ${steps}`),
    preview: ({ sample, step, bytes }: { sample: number; step: number; bytes: Uint8Array }) =>
      told.push(`preview of ${sample} at ${step}: ${bytes}`),
  };
  const watch = watchTask({ samples: 2, previewEverySteps: 1, paint, news, ...change });
  const step = (sample: number, step: number) =>
    watch(sample, { step, steps: 4, cleanEstimate: () => Float32Array.of(sample, step) });
  return { told, finish, step };
}

test("a step is told when every sample has done it", () => {
  const { told, step } = setUp({ previewEverySteps: 0 });
  step(0, 1);
  step(0, 2);
  expect(told).toEqual([]);
  step(1, 1);
  step(1, 2);
  expect(told).toEqual(["step 1 of 4", "step 2 of 4"]);
});

test("a sample whose preview takes long misses the next ones, and its steps go on", async () => {
  const { told, finish, step } = setUp({ samples: 1 });
  for (const number of [1, 2, 3]) step(0, number);
  expect(finish).toHaveLength(1);
  finish[0]?.();
  await nextTurn();
  expect(told).toEqual(["step 1 of 4", "step 2 of 4", "step 3 of 4", "preview of 0 at 1: 0,1"]);
});

test("previews come every so many steps, and none of the last, which the picture follows", async () => {
  const { finish, step } = setUp({ samples: 1, previewEverySteps: 2 });
  for (const number of [1, 2, 3, 4]) {
    step(0, number);
    finish.at(-1)?.();
    await nextTurn();
  }
  expect(finish).toHaveLength(1);
});

test("a preview that cannot be made is left out, and the next one is tried", async () => {
  let tries = 0;
  const paint = async () => {
    tries += 1;
    throw new RangeError("broken");
  };
  const { told, step } = setUp({ samples: 1, paint });
  for (const number of [1, 2, 3]) {
    step(0, number);
    await nextTurn();
  }
  expect([tries, told]).toEqual([3, ["step 1 of 4", "step 2 of 4", "step 3 of 4"]]);
});
