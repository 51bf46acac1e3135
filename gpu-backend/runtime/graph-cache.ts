import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";

/** Where optimised graphs are kept between two starts, and how much of them. */
export interface GraphCacheOptions {
  readonly directory: string;
  readonly bytesMax: number;
}

/** A folder of optimised graphs, each in a folder of its key. No failure of the disk ever reaches the caller. */
export interface GraphCache {
  /** The file of an optimised graph, if there is one. Marks it as the one used last. */
  find(key: string): Promise<string | undefined>;
  /**
   * Lets `write` make an optimised graph of about `bytes` at the path that it is given, then shows it to everybody at
   * once. Whether it was written: not so where it cannot fit, or the disk is full or read-only.
   */
  store(key: string, bytes: number, write: (path: string) => Promise<void>): Promise<boolean>;
  /** Forgets a graph that turned out to be no use. */
  remove(key: string): Promise<void>;
}

/** The graph; its weights lie beside it. */
const graphFile = "graph.onnx";

/** Folders that are still being written begin with it. */
const unfinishedPrefix = "unfinished-";

/** Longer than any graph takes to write: an older unfinished folder belongs to a process that was killed. */
const unfinishedMsMax = 60 * 60 * 1_000;

/** Opens a cache; the folder is made when something is stored. `now`: milliseconds since 1970, for the order of use. */
export function openGraphCache({ directory, bytesMax }: GraphCacheOptions, now: () => number): GraphCache {
  const folderOf = (key: string) => join(directory, key);
  const remove = (name: string) => rm(join(directory, name), { recursive: true, force: true }).catch(() => undefined);

  /** On a read-only disk nothing is evicted either, so the order of use does not matter there. */
  async function touch(key: string): Promise<void> {
    const seconds = now() / 1_000;
    await utimes(folderOf(key), seconds, seconds).catch(() => undefined);
  }

  /** Drops what was used longest ago until the rest fits, and what killed processes left. */
  async function evict(keptKey: string): Promise<void> {
    const entries = await readEntries(directory);
    let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    for (const { name, usedMs, bytes: entryBytes } of entries.toSorted((a, b) => a.usedMs - b.usedMs)) {
      const isStale = name.startsWith(unfinishedPrefix) && usedMs < now() - unfinishedMsMax;
      const isTooMuch = bytes > bytesMax && name !== keptKey && !name.startsWith(unfinishedPrefix);
      if (!isStale && !isTooMuch) continue;
      await remove(name);
      bytes -= entryBytes;
    }
  }

  return {
    async find(key) {
      const path = join(folderOf(key), graphFile);
      const isThere = await stat(path).then(
        () => true,
        () => false,
      );
      if (isThere) await touch(key);
      return isThere ? path : undefined;
    },
    async store(key, bytes, write) {
      if (bytes > bytesMax) return false;
      let unfinished: string | undefined;
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        unfinished = await mkdtemp(join(directory, unfinishedPrefix));
        await write(join(unfinished, graphFile));
        // A folder replaces only an empty one, so the first writer wins.
        await rename(unfinished, folderOf(key));
        await touch(key);
        await evict(key);
        return true;
      } catch {
        if (unfinished !== undefined) await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
        return false;
      }
    },
    remove,
  };
}

interface Entry {
  readonly name: string;
  readonly bytes: number;
  readonly usedMs: number;
}

async function readEntries(directory: string): Promise<Entry[]> {
  const names = await readdir(directory);
  return Promise.all(
    names.map(async (name) => {
      const folder = join(directory, name);
      const files = await readdir(folder).catch(() => []);
      const sizes = await Promise.all(files.map((file) => sizeOf(join(folder, file))));
      const usedMs = await stat(folder).then(
        ({ mtimeMs }) => mtimeMs,
        () => Number.POSITIVE_INFINITY,
      );
      return { name, bytes: sizes.reduce((a, b) => a + b, 0), usedMs };
    }),
  );
}

/** 0 for a file that another process has just removed. */
function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
