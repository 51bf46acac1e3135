import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readMarkTarget } from "../../../shared/wire/read-mark.ts";
import golden from "../../golden/mark.json" with { type: "json" };
import { type Backend, send, startBackend } from "../../support/backend.ts";
import { tinyDirectory, tinyRevision } from "../../support/tiny-bundle.ts";

const marked = Buffer.from(golden.marked, "base64");
const unmarked = Buffer.from(golden.unmarked, "base64");
const model = { model: "tiny", revision: tinyRevision };
let folder: string;
let backend: Backend;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "marked-"));
  await cp(tinyDirectory, join(folder, "tiny"), { recursive: true });
  const path = join(folder, "tiny", "model.json");
  const { graphs, files, ...manifest } = JSON.parse(await readFile(path, "utf8"));
  const bytes = await readFile(join(import.meta.dirname, "../../golden/mark.onnx"));
  await writeFile(join(folder, "tiny", "mark.onnx"), bytes);
  const { inputs, outputs, mark } = golden;
  const file = { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
  const withMark = {
    ...manifest,
    mark,
    graphs: { ...graphs, mark: { file: "mark.onnx", inputs, outputs, weights: "float32" } },
    files: { ...files, "mark.onnx": file },
  };
  await writeFile(path, JSON.stringify(withMark));
  backend = await startBackend({ MODELS_DIR: folder });
}, 60_000);

afterAll(async () => {
  await backend.stop();
  await rm(folder, { recursive: true });
});

function ask(file: Uint8Array, query: Parameters<typeof readMarkTarget>[0] = model, from = backend): Promise<Response> {
  return send(from, {
    target: readMarkTarget(query),
    contentType: "application/octet-stream",
    body: Uint8Array.from(file),
  });
}

async function matchesIn(file: Uint8Array): Promise<number> {
  const response = await ask(file);
  expect(response.status).toBe(200);
  return ((await response.json()) as { matches: number }).matches;
}

const { matchesMin } = golden.mark;

test("the mark is found in a picture that bears it, and not in the same picture without", async () => {
  expect(await matchesIn(marked)).toBe(32);
  expect(await matchesIn(unmarked)).toBeLessThan(matchesMin);
});

test.each([
  ["saved as JPEG of quality 70", () => sharp(marked).jpeg({ quality: 70 })],
  ["saved as WebP of quality 70", () => sharp(marked).webp({ quality: 70 })],
  ["cut to 80 %", () => sharp(marked).extract({ left: 9, top: 21, width: 102, height: 102 }).png()],
  [
    "with its sides turned by its EXIF data",
    () => sharp(marked).rotate(90).withMetadata({ orientation: 8 }).jpeg({ quality: 90 }),
  ],
])("the mark is found in a picture that was %s", async (_, change) => {
  expect(await matchesIn(await change().toBuffer())).toBeGreaterThanOrEqual(matchesMin);
});

test("a photograph of 4,000 pixels a side is read too, made smaller first", async () => {
  const noise = { type: "gaussian", mean: 128, sigma: 30 } as const;
  const large = sharp({ create: { width: 4_000, height: 1_000, channels: 3, background: "grey", noise } });
  expect(await matchesIn(await large.jpeg().toBuffer())).toBeLessThan(matchesMin);
});

test("what is no picture, or asks for a model that is not there or marks nothing, is refused", async () => {
  expect((await ask(new TextEncoder().encode("a prompt, and no picture"))).status).toBe(400);
  expect((await ask(marked, { ...model, revision: "another" })).status).toBe(404);
  const plain = await startBackend();
  const response = await ask(marked, model, plain);
  await plain.stop();
  expect([response.status, JSON.stringify(await response.json())]).toEqual([
    400,
    expect.stringContaining("tiny marks no pictures: its bundle has no mark."),
  ]);
});
