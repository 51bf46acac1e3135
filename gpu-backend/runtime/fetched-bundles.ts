import { readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../shared/errors.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { readManifest } from "./bundle.ts";

/** The bundles of a folder that were fetched, and so can be fetched again; others are the operator's, and stay. */
export interface FetchedBundles {
  /** Notes the revisions that the edge offers, on disk: they are not removed. Until it is told, none is. */
  list(revisions: readonly string[]): Promise<void>;
  /** Notes that a revision was used just now. */
  used(revision: string): Promise<void>;
  /** Marks a bundle that is about to appear in the folder. */
  mark(hidden: string): Promise<void>;
  /**
   * Removes those used longest ago until a bundle of so many bytes keeps the bound. Throws `AppError` where what is
   * left, listed or in use, leaves no room.
   */
  makeRoom(bytes: number): Promise<void>;
}

/** What they are kept with. */
export interface FetchedBundlesOptions {
  readonly directory: string;
  /** Of all bundles that were fetched. */
  readonly bytesMax: number;
  /** Whether a process has it loaded, or is about to. */
  readonly isInUse: (revision: string) => boolean;
  /** Hears of a bundle that is not there any more. */
  readonly onRemoved: (revision: string) => void;
  /** Unix milliseconds, as the disk has them. */
  readonly nowMs: () => number;
}

/** Lies in the folder of each that was fetched; its time is that of the last use. */
const markName = ".fetched";
const listName = ".listed.json";

/** A task may have been accepted for a model that no process has loaded yet. */
const graceMs = 3_600_000;
/** The order of use need not be known more exactly. */
const notedMs = 60_000;

interface Fetched {
  readonly path: string;
  readonly revision: string;
  readonly bytes: number;
  readonly usedMs: number;
}

/** Keeps to a bound of bytes; see `FetchedBundles`. */
export function createFetchedBundles(options: FetchedBundlesOptions): FetchedBundles {
  const { directory, bytesMax, isInUse, onRemoved, nowMs } = options;
  const noted = new Map<string, number>();

  function isKept({ revision, usedMs }: Fetched, listed: ReadonlySet<string>): boolean {
    return listed.has(revision) || isInUse(revision) || nowMs() - usedMs < graceMs;
  }

  return {
    async list(revisions) {
      // Whole or not at all: half a list would give up what is offered.
      const written = join(directory, `${listName}.new`);
      await writeFile(written, JSON.stringify(revisions));
      await rename(written, join(directory, listName));
    },
    async used(revision) {
      if (nowMs() - (noted.get(revision) ?? Number.NEGATIVE_INFINITY) < notedMs) return;
      noted.set(revision, nowMs());
      const found = (await fetchedIn(directory)).find((each) => each.revision === revision);
      const now = new Date(nowMs());
      if (found !== undefined) await utimes(join(found.path, markName), now, now);
    },
    async mark(hidden) {
      const mark = join(hidden, markName);
      await writeFile(mark, "");
      await utimes(mark, new Date(nowMs()), new Date(nowMs()));
    },
    async makeRoom(bytes) {
      const all = (await fetchedIn(directory)).toSorted((a, b) => a.usedMs - b.usedMs);
      let total = all.reduce((sum, each) => sum + each.bytes, bytes);
      if (total <= bytesMax) return;
      const listed = await listedIn(directory);
      for (const each of all) {
        if (total <= bytesMax) return;
        if (listed === undefined || isKept(each, listed)) continue;
        await remove(each, directory);
        onRemoved(each.revision);
        total -= each.bytes;
      }
      if (total > bytesMax) throw new AppError(noRoom(total, bytesMax));
    },
  };
}

function noRoom(total: number, bytesMax: number): string {
  return [
    `With it, ${Math.ceil(total / 1e6)} MB of bundles would have been fetched, of which those that are offered or in`,
    `use stay, and MODELS_FETCHED_MEGABYTES_MAX is ${Math.floor(bytesMax / 1e6)}.`,
  ].join(" ");
}

/** First out of sight, so that no reader meets half of it. */
async function remove({ path, revision }: Fetched, directory: string): Promise<void> {
  const hidden = join(directory, `.removing-${revision}`);
  await rm(hidden, { recursive: true, force: true });
  await rename(path, hidden);
  await rm(hidden, { recursive: true, force: true });
}

/** Undefined: the edge has not told. */
async function listedIn(directory: string): Promise<ReadonlySet<string> | undefined> {
  try {
    const listed: unknown = JSON.parse(await readFile(join(directory, listName), "utf8"));
    return Array.isArray(listed) ? new Set(listed.map(String)) : undefined;
  } catch {
    return undefined;
  }
}

async function fetchedIn(directory: string): Promise<readonly Fetched[]> {
  const names = await readdir(directory).catch((): string[] => []);
  const found = names
    .filter((name) => !name.startsWith("."))
    .map(async (name) => {
      const path = join(directory, name);
      const mark = await stat(join(path, markName)).catch(() => undefined);
      const manifest = mark && (await readManifest(path).catch(() => undefined));
      if (mark === undefined || manifest === undefined) return [];
      return [{ path, revision: manifest.revision, bytes: bytesOf(manifest), usedMs: mark.mtimeMs }];
    });
  return (await Promise.all(found)).flat();
}

function bytesOf({ files }: Manifest): number {
  return Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
}
