import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openBundleFolder } from "../../../gpu-backend/runtime/bundle-folder.ts";
import { publishedGolden } from "../../support/published-models.ts";
import { modelsDirectory, tinyRevision } from "../../support/tiny-bundle.ts";

const { revision } = publishedGolden("v2");
let directory = "";
let nowMs = 0;
const faults: string[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bundles-"));
  nowMs = 0;
  faults.length = 0;
  put("tiny", "tiny");
});

afterEach(() => rmSync(directory, { recursive: true }));

function put(bundle: string, name: string): void {
  cpSync(join(modelsDirectory, bundle), join(directory, name), { recursive: true });
}

function opened() {
  const onFault = (reason: string) => void faults.push(reason);
  return openBundleFolder({ directory, defaultName: "tiny", onFault, now: () => nowMs });
}

test("a bundle that is still being written under a hidden name is none, and is one once it has its own", async () => {
  put("tiny-v2", ".tiny-v2.part");
  const folder = await opened();
  expect(await folder.find(revision)).toBeUndefined();
  renameSync(join(directory, ".tiny-v2.part"), join(directory, "tiny-v2"));
  nowMs += 1_000;
  expect((await folder.find(revision))?.directory).toBe(join(directory, "tiny-v2"));
});

test("a bundle that was renamed, or mended, after its folder was read is found again", async () => {
  put("tiny-v2", "before");
  const folder = await opened();
  renameSync(join(directory, "before"), join(directory, "after"));
  const file = join(directory, "after", "stage-c.onnx");
  const whole = readFileSync(file);
  writeFileSync(file, whole.subarray(1));
  expect(await folder.find(revision)).toBeUndefined();
  nowMs += 1_000;
  expect(await folder.find(revision)).toBeUndefined();
  expect(faults.at(-1)).toContain(file);
  writeFileSync(file, whole);
  nowMs += 1_000;
  expect((await folder.find(revision))?.directory).toBe(join(directory, "after"));
});

test("a bundle that an operator announces is found at once, however lately the folder was read", async () => {
  const folder = await opened();
  put("tiny-v2", "tiny-v2");
  expect(await folder.find(revision)).toBeUndefined();
  expect((await folder.find(revision, true))?.manifest.id).toBe("tiny-v2");
});

test("a bundle that is not sound is read no more often than once a second", async () => {
  put("tiny-v2", "tiny-v2");
  rmSync(join(directory, "tiny-v2", "stage-c.onnx"));
  const folder = await opened();
  for (let request = 0; request < 3; request += 1) expect(await folder.find(revision)).toBeUndefined();
  expect(faults).toHaveLength(1);
});

test("the same files under another id take no bundle's place, and the log names both", async () => {
  mkdirSync(join(directory, "zzz"));
  put("tiny", "zzz");
  const path = join(directory, "zzz", "model.json");
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), id: "tiny+nothing" }));
  const folder = await opened();
  expect(folder.manifests().map(({ id }) => id)).toEqual(["tiny"]);
  expect((await folder.find(tinyRevision))?.manifest.id).toBe("tiny");
  expect(faults).toEqual([expect.stringMatching(/zzz has the revision of .*tiny under another id/u)]);
});
