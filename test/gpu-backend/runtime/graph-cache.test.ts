import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readManifest } from "../../../gpu-backend/runtime/bundle.ts";
import { openGraph } from "../../../gpu-backend/runtime/graph.ts";
import { type GraphCache, openGraphCache } from "../../../gpu-backend/runtime/graph-cache.ts";
import { int64Tensor } from "../../../shared/decoding/host-tensor.ts";
import { AppError } from "../../../shared/errors.ts";
import { tinyDirectory } from "../../support/tiny-bundle.ts";

let directory: string;
let clock = 1_700_000_000_000;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "graphs-"));
});

afterEach(() => rmSync(directory, { recursive: true }));

const openCache = (bytesMax = 1e9, folder = directory) => openGraphCache({ directory: folder, bytesMax }, () => clock);

/** What the tiny text encoder makes of three tokens. */
async function encode(cache?: GraphCache): Promise<Float32Array> {
  const { files, graphs } = await readManifest(tinyDirectory);
  const execution = { provider: "cpu", intraOpThreads: 1 } as const;
  const source = { directory: tinyDirectory, name: "textEncoder", graph: graphs.textEncoder, files, execution, cache };
  const graph = await openGraph(source);
  const states = await graph.run({
    token_ids: int64Tensor([2, 5, 3], [1, 3]),
    token_mask: int64Tensor([1, 1, 1], [1, 3]),
  });
  return states.data;
}

describe("a graph", () => {
  test("gives the same bytes from the bundle, when it is put into the cache, and from the cache", async () => {
    const expected = await encode();
    expect(await encode(openCache())).toEqual(expected);
    expect(readdirSync(directory)).toHaveLength(1);
    expect(await encode(openCache())).toEqual(expected);
    expect(readdirSync(directory)).toHaveLength(1);
  });

  test.each(["graph.onnx", "weights.bin"])(
    "whose cached %s is cut off is loaded from the bundle and cached anew",
    async (file) => {
      const expected = await encode(openCache());
      const [key = ""] = readdirSync(directory);
      truncateSync(join(directory, key, file), 100);
      expect(await encode(openCache())).toEqual(expected);
      expect(await encode(openCache())).toEqual(expected);
      expect(readdirSync(directory)).toEqual([key]);
    },
  );

  test("loads where nothing can be written", async () => {
    const file = join(directory, "a-file");
    writeFileSync(file, "");
    expect(await encode(openCache(1e9, join(file, "graphs")))).toEqual(await encode());
  });

  test("larger than the whole cache is not kept", async () => {
    expect(await encode(openCache(10))).toEqual(await encode());
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe("a cache", () => {
  const write = (bytes: number) => (path: string) => writeFile(path, new Uint8Array(bytes));

  test("stays within its bound and drops what was used longest ago", async () => {
    const cache = openCache(250);
    for (const key of ["a", "b"]) {
      clock += 1_000;
      await cache.store(key, 100, write(100));
    }
    clock += 1_000;
    expect(await cache.find("a")).toBe(join(directory, "a", "graph.onnx"));
    clock += 1_000;
    await cache.store("c", 100, write(100));
    expect(readdirSync(directory).toSorted()).toEqual(["a", "c"]);
  });

  test("shows nothing of a graph that could not be written to its end, and says so", async () => {
    const cache = openCache();
    const wrote = await cache.store("a", 10, async (path) => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, "half");
      throw new AppError("The disk is full.");
    });
    expect(wrote).toBe(false);
    expect(await cache.find("a")).toBeUndefined();
    expect(readdirSync(directory)).toEqual([]);
  });

  test("sweeps what a killed process left, an hour later", async () => {
    clock = Date.now();
    mkdirSync(join(directory, "unfinished-x"));
    // The kernel's clock is not this process's where a test shifts it.
    utimesSync(join(directory, "unfinished-x"), new Date(clock), new Date(clock));
    await openCache().store("a", 1, write(1));
    expect(readdirSync(directory)).toHaveLength(2);
    clock += 2 * 60 * 60 * 1_000;
    await openCache().store("b", 1, write(1));
    expect(readdirSync(directory).toSorted()).toEqual(["a", "b"]);
  });
});
