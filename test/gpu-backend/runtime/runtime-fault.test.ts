import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openGraph } from "../../../gpu-backend/runtime/graph.ts";
import { runtimeFault } from "../../../gpu-backend/runtime/runtime-fault.ts";
import { int64Tensor } from "../../../shared/decoding/host-tensor.ts";
import type { ManifestGraph } from "../../../shared/models/manifest.ts";

/** One ConstantOfShape node (opset 17), made with the `onnx` package: zeros of whatever shape it is told. */
const zerosOfShape = Buffer.from(
  "CAgSADpFCh0KBXNoYXBlEgNvdXQiD0NvbnN0YW50T2ZTaGFwZRIBZ1oUCgVzaGFwZRILCgkIBxIFCgMSAW5iCwoDb3V0EgQKAggBQgQKABAR",
  "base64",
);

const graph: ManifestGraph = {
  file: "zeros.onnx",
  inputs: [{ name: "shape", dtype: "int64", shape: ["n"] }],
  outputs: [{ name: "out", dtype: "float32", shape: ["n"] }],
  weights: "float32",
};

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "runtime-fault-"));
  writeFileSync(join(directory, graph.file), zerosOfShape);
});

afterEach(() => rmSync(directory, { recursive: true }));

function open() {
  const files = { [graph.file]: { sha256: "a".repeat(64), bytes: zerosOfShape.length } };
  return openGraph({ directory, name: "stageC", graph, files, execution: { provider: "cpu", intraOpThreads: 1 } });
}

test("a run that needs more memory than there is says so, and the graph can be run again", async () => {
  const zeros = await open();
  // 2⁴² float32 values: 16 TiB.
  await expect(zeros.run({ shape: int64Tensor([2 ** 21, 2 ** 21], [2]) })).rejects.toMatchObject({
    fault: "out_of_memory",
  });
  expect((await zeros.run({ shape: int64Tensor([2, 3], [2]) })).data).toEqual(new Float32Array(6));
});

test("a graph whose file is cut short, or is away, is a damaged bundle", async () => {
  truncateSync(join(directory, graph.file), 40);
  await expect(open()).rejects.toMatchObject({ fault: "bundle_damaged" });
  rmSync(join(directory, graph.file));
  await expect(open()).rejects.toMatchObject({ fault: "bundle_damaged" });
});

test.each([
  ["Failed to allocate memory for requested buffer of size 123", "out_of_memory"],
  ["CUDA failure 2: out of memory ; GPU=0 ; hostname=x", "out_of_memory"],
  ["indices element out of data bounds, idx=987654321 must be within the inclusive range [-48,47]", undefined],
])("what the runtime says is known by its phrases: %s", (text, kind) => {
  expect(runtimeFault(new Error(text))).toBe(kind);
});
