import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFetchedBundles, type FetchedBundles } from "../../../gpu-backend/runtime/fetched-bundles.ts";
import { tinyDirectory } from "../../support/tiny-bundle.ts";

const hourMs = 3_600_000;
const bundleBytes = 10e6;
const inUse = new Set<string>();
const removed: string[] = [];
let directory = "";
let nowMs = 0;
let fetched: FetchedBundles;

/** Room for so many bundles. */
function keeping(bundles: number): FetchedBundles {
  const isInUse = (revision: string) => inUse.has(revision);
  const onRemoved = (revision: string) => void removed.push(revision);
  return createFetchedBundles({ directory, bytesMax: bundles * bundleBytes, isInUse, onRemoved, nowMs: () => nowMs });
}

/** Puts a bundle of ten megabytes, as its manifest says, into the folder. */
function put(revision: string): string {
  const path = join(directory, `model-${revision}`);
  cpSync(tinyDirectory, path, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(path, "model.json"), "utf8"));
  const files = Object.entries<object>(manifest.files).map(([name, file], index) => {
    return [name, { ...file, bytes: index === 0 ? bundleBytes : 0 }] as const;
  });
  writeFileSync(join(path, "model.json"), JSON.stringify({ ...manifest, revision, files: Object.fromEntries(files) }));
  return path;
}

async function fetch(revision: string): Promise<void> {
  await fetched.mark(put(revision));
  nowMs += hourMs;
}

const names = () => readdirSync(directory).filter((name) => name.startsWith("model-"));

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "fetched-"));
  nowMs = Date.UTC(2026, 10, 27);
  inUse.clear();
  removed.length = 0;
  fetched = keeping(3);
});
afterEach(() => rmSync(directory, { recursive: true }));

test("those used longest ago make room, no more than needed, and what the operator put there stays", async () => {
  put("operator");
  for (const revision of ["a", "b", "c"]) await fetch(revision);
  await fetched.list([]);
  await fetched.used("a");
  nowMs += hourMs;
  await fetched.makeRoom(bundleBytes);
  expect(removed).toEqual(["b"]);
  expect(names()).toEqual(["model-a", "model-c", "model-operator"]);
  await fetched.makeRoom(bundleBytes);
  expect(removed).toEqual(["b"]);
  await fetched.makeRoom(2 * bundleBytes);
  expect(removed).toEqual(["b", "c"]);
});

test("one that is offered, loaded, or was used within the hour is never removed; then the fetch is refused", async () => {
  for (const revision of ["listed", "loaded", "recent"]) await fetch(revision);
  await fetched.list(["listed", "another"]);
  inUse.add("loaded");
  await fetched.used("recent");
  await expect(fetched.makeRoom(bundleBytes)).rejects.toThrow(/40 MB .* MODELS_FETCHED_MEGABYTES_MAX is 30/u);
  expect([removed, names()]).toEqual([[], ["model-listed", "model-loaded", "model-recent"]]);
  inUse.clear();
  await fetched.makeRoom(bundleBytes);
  expect(removed).toEqual(["loaded"]);
});

test("nothing is removed before the edge has said what it offers, which holds over a restart", async () => {
  for (const revision of ["a", "b", "c"]) await fetch(revision);
  await expect(fetched.makeRoom(bundleBytes)).rejects.toThrow("MODELS_FETCHED_MEGABYTES_MAX");
  await fetched.list(["a"]);
  fetched = keeping(3);
  await fetched.makeRoom(bundleBytes);
  expect(removed).toEqual(["b"]);
});
