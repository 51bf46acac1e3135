import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readManifest } from "../../../gpu-backend/runtime/bundle.ts";
import { type Graph, openGraph } from "../../../gpu-backend/runtime/graph.ts";
import { portFault } from "../../../gpu-backend/runtime/port-check.ts";
import { float32Tensor, int64Tensor } from "../../../shared/decoding/host-tensor.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Manifest } from "../../../shared/models/manifest.ts";
import { tinyDirectory } from "../../support/tiny-bundle.ts";

let manifest: Manifest;
let encoder: Graph;

beforeAll(async () => {
  manifest = await readManifest(tinyDirectory);
  encoder = await open(tinyDirectory);
});

function open(directory: string, provider: "cpu" | "cuda" = "cpu"): Promise<Graph> {
  const execution = { provider, intraOpThreads: 1 };
  return openGraph({
    directory,
    name: "textEncoder",
    graph: manifest.graphs.textEncoder,
    files: manifest.files,
    execution,
  });
}

function encode(ids: readonly number[], maskLength = ids.length) {
  const mask = int64Tensor(new Array(maskLength).fill(1), [1, maskLength]);
  return encoder.run({ token_ids: int64Tensor(ids, [1, ids.length]), token_mask: mask });
}

test("the output has the manifest's dtype and shape", async () => {
  const states = await encode([2, 5, 3]);
  expect(states).toMatchObject({ dtype: "float32", shape: [1, 4, 32] });
  expect(states.data).toHaveLength(4 * 32);
});

describe("inputs that do not fit are refused with their shapes:", () => {
  test("two that disagree about one axis", async () => {
    await expect(encode([2, 5, 3], 2)).rejects.toThrow("input token_mask is int64 (1, 2), not int64 (b, t)");
  });

  test("a missing one, and one of another dtype", async () => {
    await expect(encoder.run({})).rejects.toThrow("input token_ids is missing");
    const floats = float32Tensor(new Float32Array(3), [1, 3]);
    await expect(encoder.run({ token_ids: floats, token_mask: floats })).rejects.toThrow("float32 (1, 3), not int64");
  });

  test("one with more values than its shape has places", () => {
    const tensor = int64Tensor([1, 2, 3], [1, 2]);
    expect(portFault(manifest.graphs.textEncoder, { token_ids: tensor })).toMatch(/but holds 3 values/u);
  });

  test.each<[string, number, boolean]>([
    ["4*h", 8, true],
    ["4*h", 9, false],
    ["1+t", 2, true],
    ["1+t", 1, false],
  ])("an axis %s of length %d", (axis, length, fits) => {
    const graph = { inputs: [{ name: "x", dtype: "float32" as const, shape: [axis] }] };
    const fault = portFault(graph, { x: float32Tensor(new Float32Array(length), [length]) });
    expect(fault === undefined).toBe(fits);
  });
});

test("a failure inside the runtime tells shapes and never a value", async () => {
  const failure = await encode([2, 987_654_321, 3]).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(AppError);
  const { message, cause } = failure as AppError;
  expect(message).toBe("Graph textEncoder failed on token_ids int64 (1, 3), token_mask int64 (1, 3).");
  expect(cause).toBeUndefined();
});

test("a graph after a failure works as before", async () => {
  const before = await encode([2, 5, 3]);
  await encode([2, 987_654_321, 3]).catch(() => undefined);
  expect((await encode([2, 5, 3])).data).toEqual(before.data);
});

test("a file that is no graph, or another graph than the manifest says, is named", async () => {
  const directory = mkdtempSync(join(tmpdir(), "graph-"));
  try {
    cpSync(join(tinyDirectory, "tokenizer.json"), join(directory, "text-encoder.onnx"));
    await expect(open(directory)).rejects.toThrow(/textEncoder: .*text-encoder\.onnx cannot be loaded/u);
    cpSync(join(tinyDirectory, "stage-a.onnx"), join(directory, "text-encoder.onnx"));
    await expect(open(directory)).rejects.toThrow(/does not take the inputs that the manifest names/u);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

// `npm ci` never brings CUDA's libraries, with a card or without one.
test("a provider whose libraries are not there is refused, saying how to get them", async () => {
  await expect(open(tinyDirectory, "cuda")).rejects.toThrow("npm run cuda:install");
});
