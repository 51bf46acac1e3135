import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import { stepsMax } from "../../shared/limits.ts";
import tinyManifest from "./models/tiny/model.json" with { type: "json" };
import { tinyDirectory } from "./tiny-bundle.ts";

/**
 * Steps of a task that outlasts what a test does while it runs, on a busy machine too: the tiny bundle takes some
 * 0.2 ms a step and sample.
 */
export const lastingSteps = stepsMax;

/** The environment of a backend whose tiny bundle accepts `lastingSteps`, for the tests of this file. */
export function useLastingTasks(): Readonly<Record<string, string>> {
  return { MODELS_DIR: dirname(useLastingBundle()) };
}

/** The folder of a tiny bundle that accepts `lastingSteps`, for the tests of this file. */
export function useLastingBundle(): string {
  const folder = mkdtempSync(join(tmpdir(), "lasting-tasks-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const bundle = join(folder, "tiny");
  cpSync(tinyDirectory, bundle, { recursive: true });
  const manifest = structuredClone(tinyManifest);
  manifest.sampler.stageC.steps.max = lastingSteps;
  writeFileSync(join(bundle, "model.json"), JSON.stringify(manifest));
  return bundle;
}
