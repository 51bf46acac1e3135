import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { type Fault, planOf } from "../chaos/plan.ts";
import { tinyDirectory } from "../support/tiny-bundle.ts";

const root = resolve(import.meta.dirname, "../..");

/** The seeds that .ci/run runs. */
const seedsOfCi = Array.from({ length: 10 }, (_, index) => index + 1);

const plansOf = (seeds: readonly number[]) => seeds.map((seed) => planOf(seed));

describe("a scenario of chaos", () => {
  test("is decided by its seed alone", () => {
    const seeds = Array.from({ length: 200 }, (_, seed) => seed);
    expect(plansOf(seeds)).toEqual(plansOf(seeds));
    expect(new Set(plansOf(seeds).map((plan) => JSON.stringify({ ...plan, seed: 0 }))).size).toBe(seeds.length);
  });

  test("has at least one fault and five orders", () => {
    for (const { faults, orders } of plansOf(Array.from({ length: 500 }, (_, seed) => seed))) {
      expect(faults.length).toBeGreaterThanOrEqual(1);
      expect(orders.length).toBeGreaterThanOrEqual(5);
    }
  });

  test("brings every kind of fault among the seeds of CI", () => {
    const kinds = new Set(plansOf(seedsOfCi).flatMap(({ faults }) => faults.map(({ kind }) => kind)));
    const all: Readonly<Record<Fault["kind"], true>> = {
      kill: true,
      clock: true,
      disk: true,
      network: true,
      binding: true,
      deliveries: true,
      webhooks: true,
    };
    expect([...kinds].toSorted()).toEqual(Object.keys(all).toSorted());
  });
});

test("the Worker that is deployed has nothing of chaos in it", async () => {
  const configuration = readFileSync(join(root, "wrangler.toml"), "utf8");
  const [, main = ""] = /^main = "(.+)"$/mu.exec(configuration) ?? [];
  const inputsOf = async (entry: string) => {
    const { metafile } = await build({
      entryPoints: [join(root, entry)],
      absWorkingDir: root,
      alias: { "#bundle": tinyDirectory },
      external: ["cloudflare:*", "node:*"],
      conditions: ["workerd", "worker", "browser"],
      bundle: true,
      format: "esm",
      metafile: true,
      write: false,
      logLevel: "silent",
    });
    return Object.keys(metafile.inputs);
  };
  const ofTests = (paths: readonly string[]) => paths.filter((path) => path.startsWith("test/chaos/"));
  expect(ofTests(await inputsOf(main))).toEqual([]);
  expect(ofTests(await inputsOf("test/chaos/worker/faulty-worker.ts"))).not.toEqual([]);
});
