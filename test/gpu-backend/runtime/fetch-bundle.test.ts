import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type BundleFolder, openBundleFolder } from "../../../gpu-backend/runtime/bundle-folder.ts";
import { createBundleSource } from "../../../gpu-backend/runtime/fetch-bundle.ts";
import { createFetchedBundles } from "../../../gpu-backend/runtime/fetched-bundles.ts";
import { type BundleServer, startBundleServer } from "../../support/bundle-server.ts";
import { publishedDirectory, publishedGolden } from "../../support/published-models.ts";
import { tinyDirectory } from "../../support/tiny-bundle.ts";

const { revision } = publishedGolden("v2");
const bundle = publishedDirectory("v2");
const faults: string[] = [];
let directory = "";
let server: BundleServer;
let folder: BundleFolder;
let nowMs = 0;

async function opened(bytesMax = 1e9, fetchedBytesMax = 1e9): Promise<BundleFolder> {
  const now = () => nowMs;
  const fetched = createFetchedBundles({
    directory,
    bytesMax: fetchedBytesMax,
    isInUse: () => false,
    onRemoved: (gone) => folder.forget(gone),
    nowMs: () => Date.now() + nowMs,
  });
  const onFault = (reason: string) => void faults.push(reason);
  const url = `${server.url}/`;
  const source = createBundleSource({ url, token: "of-bucket", directory, bytesMax, fetched, onFault, now });
  if (fetchedBytesMax < 1e9) await fetched.list([]);
  return openBundleFolder({ directory, defaultName: "tiny", onFault, source, now });
}

const paths = () => server.asked.map(({ path }) => path.slice("/bundles/".length));
const names = () => readdirSync(directory).sort();

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "bundles-"));
  faults.length = 0;
  nowMs = 0;
  cpSync(tinyDirectory, join(directory, "tiny"), { recursive: true });
  server = await startBundleServer(bundle, revision);
  folder = await opened();
});

afterEach(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

test("a bundle that the folder lacks is fetched once, whole and with the credential, however many ask at once", async () => {
  const found = await Promise.all([folder.find(revision), folder.find(revision, true), folder.find(revision)]);
  expect(found.map((each) => each?.directory)).toEqual(Array(3).fill(join(directory, `tiny-v2-${revision}`)));
  expect(new Set(paths()).size).toBe(paths().length);
  expect(server.asked.every(({ credential }) => credential === "Bearer of-bucket")).toBe(true);
  expect(names()).toEqual(["tiny", `tiny-v2-${revision}`]);
  expect((await (await opened()).find(revision))?.manifest.id).toBe("tiny-v2");
  expect(faults).toEqual([]);
});

test("a revision that is nowhere is asked for once in ten seconds, and at once when an operator announces it", async () => {
  for (let request = 0; request < 3; request += 1) expect(await folder.find("nowhere")).toBeUndefined();
  expect(paths()).toEqual(["nowhere/model.json"]);
  await folder.find("nowhere", true);
  nowMs += 10_000;
  await folder.find("nowhere");
  expect(paths()).toHaveLength(3);
  for (const outside of ["..", "../secret", ".hidden", "a/b", ""]) expect(await folder.find(outside)).toBeUndefined();
  expect(paths()).toHaveLength(3);
  expect([names(), faults]).toEqual([["tiny"], []]);
});

test("a file of other bytes is named and leaves nothing, and the bundle is fetched once it is mended", async () => {
  const file = readFileSync(join(bundle, "stage-c.onnx"));
  server.files.set("stage-c.onnx", Buffer.from(file.map((byte) => byte ^ 1)));
  expect(await folder.find(revision)).toBeUndefined();
  expect(faults).toEqual([expect.stringMatching(/stage-c\.onnx has SHA-256/u)]);
  expect(names()).toEqual(["tiny"]);
  server.files.clear();
  expect((await folder.find(revision, true))?.manifest.id).toBe("tiny-v2");
});

test("a file with more bytes than its manifest says is not taken to its end", async () => {
  server.files.set("stage-c.onnx", Buffer.alloc(50_000_000));
  expect(await folder.find(revision)).toBeUndefined();
  expect(faults).toEqual([expect.stringMatching(/stage-c\.onnx has more than \d+ bytes/u)]);
});

test("a bundle beyond the bound is refused before any of its files is asked for", async () => {
  expect(await (await opened(1_000_000)).find(revision)).toBeUndefined();
  expect(paths()).toEqual([`${revision}/model.json`]);
  expect(faults).toEqual([expect.stringContaining("MODELS_FETCH_MEGABYTES_MAX")]);
});

test("a bundle that was fetched makes room for the next, and is fetched again when it is wanted", async () => {
  folder = await opened(1e9, 2e6);
  expect((await folder.find(revision))?.manifest.id).toBe("tiny-v2");
  nowMs += 3_600_001;
  await server.close();
  const other = publishedGolden("cascade").revision;
  server = await startBundleServer(publishedDirectory("cascade"), other);
  folder = await opened(1e9, 2e6);
  await folder.find(revision);
  expect((await folder.find(other))?.manifest.id).toBe("tiny-cascade");
  expect(names()).toEqual([".listed.json", "tiny", `tiny-cascade-${other}`]);
  expect(await folder.find(revision)).toBeUndefined();
  await server.close();
  server = await startBundleServer(bundle, revision);
  nowMs += 3_600_001;
  folder = await opened(1e9, 2e6);
  expect((await folder.find(revision, true))?.manifest.id).toBe("tiny-v2");
  expect(faults).toEqual([]);
});

test("a manifest of another revision is not taken", async () => {
  server.files.set("model.json", readFileSync(join(tinyDirectory, "model.json")));
  expect(await folder.find(revision)).toBeUndefined();
  expect(faults).toEqual([expect.stringContaining("is of revision")]);
});

test("after a broken connection only what is missing is fetched, and no part of it is served before", async () => {
  server.broken = "stage-b.onnx";
  expect(await folder.find(revision)).toBeUndefined();
  expect(names()).toEqual([`.fetching-${revision}`, "tiny"]);
  expect(folder.manifests().map(({ id }) => id)).toEqual(["tiny"]);
  server.broken = undefined;
  const before = paths();
  expect((await folder.find(revision, true))?.manifest.id).toBe("tiny-v2");
  const whole = before.filter((path) => !/model\.json|stage-b\.onnx/u.test(path));
  expect(whole.length).toBeGreaterThan(0);
  expect(
    paths()
      .slice(before.length)
      .filter((path) => whole.includes(path)),
  ).toEqual([]);
  expect(names()).toEqual(["tiny", `tiny-v2-${revision}`]);
});

test("a source that nobody answers at, or that refuses, is told with its reason", async () => {
  await server.close();
  expect(await folder.find(revision)).toBeUndefined();
  expect(faults).toEqual([expect.stringMatching(/fetch failed: .*ECONNREFUSED/u)]);
  server = await startBundleServer(bundle, revision);
});
