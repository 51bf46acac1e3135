import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openGraph } from "../../../gpu-backend/runtime/graph.ts";
import { openGraphCache } from "../../../gpu-backend/runtime/graph-cache.ts";
import { float32Tensor } from "../../../shared/decoding/host-tensor.ts";
import { AppError } from "../../../shared/errors.ts";
import { loadedBytes } from "../../../shared/models/graph-size.ts";
import type { ManifestGraph } from "../../../shared/models/manifest.ts";

const golden = join(import.meta.dirname, "../../golden");
const [graphFile, dataFile] = ["external-data.onnx", "external-data.onnx.data"];
const graph: ManifestGraph = {
  file: graphFile,
  inputs: [{ name: "input", dtype: "float32", shape: ["b", 8] }],
  outputs: [{ name: "sum", dtype: "float32", shape: ["b", 8] }],
  weights: "float32",
};
const files = {
  [graphFile]: { sha256: "a".repeat(64), bytes: 200 },
  [dataFile]: { sha256: "b".repeat(64), bytes: 32 },
};

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "external-data-"));
  for (const name of [graphFile, dataFile]) cpSync(join(golden, name), join(folder, name));
});

afterEach(() => rmSync(folder, { recursive: true }));

async function sumOfZeros(listed = files): Promise<number[]> {
  const cache = openGraphCache({ directory: join(folder, "cache"), bytesMax: 1e6 }, () => Date.now());
  const execution = { provider: "cpu", intraOpThreads: 1 } as const;
  const opened = await openGraph({ directory: folder, name: "stageC", graph, files: listed, execution, cache });
  const sum = await opened.run({ input: float32Tensor(new Float32Array(8), [1, 8]) });
  return Array.from(sum.data);
}

test("weights in a file of their own are read from beside the graph, and from the cache of optimised graphs", async () => {
  const weights = [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75];
  expect(await sumOfZeros()).toEqual(weights);
  for (const name of [graphFile, dataFile]) rmSync(join(folder, name));
  expect(await sumOfZeros()).toEqual(weights);
});

test("other weights beside the same graph are another graph to the cache", async () => {
  await sumOfZeros();
  await sumOfZeros({ ...files, [dataFile]: { sha256: "c".repeat(64), bytes: 32 } });
  expect(readdirSync(join(folder, "cache"))).toHaveLength(2);
});

test("a graph weighs what both of its files do", () => {
  expect(loadedBytes({ files }, graph)).toBe(232);
});

test("a graph whose weights are missing is refused by name", async () => {
  rmSync(join(folder, dataFile));
  await expect(sumOfZeros()).rejects.toThrow(AppError);
  await expect(sumOfZeros()).rejects.toThrow(/stageC: .*external-data\.onnx cannot be loaded/u);
});
