import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readBundle } from "../../../gpu-backend/runtime/bundle.ts";
import { tinyDirectory } from "../../support/tiny-bundle.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bundle-"));
  cpSync(tinyDirectory, directory, { recursive: true });
});

afterEach(() => rmSync(directory, { recursive: true }));

test("a whole bundle is accepted, and its vocabulary counted", async () => {
  const bundle = await readBundle(directory);
  expect(bundle.manifest.id).toBe("tiny");
  const { vocab } = JSON.parse(readFileSync(join(directory, "tokenizer.json"), "utf8")).model;
  expect(bundle.vocabularySize).toBe(Math.max(...Object.values<number>(vocab)) + 1);
});

describe("a bundle is refused, naming the file,", () => {
  test.each<[string, () => void, RegExp]>([
    ["when one is missing", () => rmSync(join(directory, "stage-b.onnx")), /stage-b\.onnx is missing/u],
    ["when one has grown", () => appendFileSync(join(directory, "stage-a.onnx"), "x"), /stage-a\.onnx has \d+ bytes/u],
    ["when one byte is another", () => flipFirstByte("stage-c.onnx"), /stage-c\.onnx has SHA-256 [0-9a-f]{64}, but/u],
    ["when there is no manifest", () => rmSync(join(directory, "model.json")), /model\.json cannot be read as JSON/u],
    ["when its manifest is no manifest", () => writeFileSync(join(directory, "model.json"), "{}"), /format: /u],
  ])("%s", async (_, breakIt, message) => {
    breakIt();
    await expect(readBundle(directory)).rejects.toThrow(message);
  });
});

function flipFirstByte(name: string): void {
  const path = join(directory, name);
  const bytes = readFileSync(path);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
