import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../shared/errors.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { type Bundle, readBundle, readManifest } from "./bundle.ts";
import type { BundleSource } from "./fetch-bundle.ts";

/** The bundles of one folder, by revision. */
export interface BundleFolder {
  /** The bundle of a request that names none. */
  readonly default: Bundle;
  /** What the folder held when it was last read, the default first. */
  manifests(): readonly Manifest[];
  /**
   * The bundle of a revision, whose files were checked by their digests when it was first wanted. A revision that is
   * not known has the folder read again, so a bundle that is put there is found without a restart. Undefined when
   * there is none, or when a file of it is not what its manifest says. `isAnnounced`: an operator says that it is
   * there, so the folder is read however recently that was done. What is not there is brought from `source`.
   */
  find(revision: string, isAnnounced?: boolean): Promise<Bundle | undefined>;
  /** Hears that the bundle of a revision was removed from the folder. */
  forget(revision: string): void;
  /** A bundle that `find` gave. Throws `AppError` for any other. */
  checked(revision: string): Bundle;
}

/** What a folder of bundles is read with. */
export interface BundleFolderOptions {
  readonly directory: string;
  /** The name of the default bundle's folder in it. */
  readonly defaultName: string;
  /** Told why a bundle is left out; the reason names files and digests. */
  readonly onFault: (reason: string) => void;
  /** Absent: what the folder lacks is not looked for anywhere else. */
  readonly source?: BundleSource | undefined;
  /** Milliseconds from any moment. */
  readonly now: () => number;
}

/** Unknown revisions have the folder read no more often than this: a request costs no pass over a disk. */
const readAgainMs = 1_000;

interface Entry {
  readonly path: string;
  readonly manifest: Manifest;
}

/** Reads a folder of bundles. Throws `AppError` when the default bundle is not sound; another one is left out then. */
export async function openBundleFolder(options: BundleFolderOptions): Promise<BundleFolder> {
  const { directory, defaultName, onFault, source, now } = options;
  const first = await readBundle(join(directory, defaultName));
  const checked = new Map([[first.manifest.revision, first]]);
  const checks = new Map<string, Promise<Bundle | undefined>>();
  let entries = await readEntries(directory, onFault);
  let readMs = now();

  async function entryOf(revision: string, isAnnounced: boolean): Promise<Entry | undefined> {
    const isDue = isAnnounced || now() - readMs >= readAgainMs;
    if (!entries.has(revision) && isDue) await readFolder();
    if (!entries.has(revision) && (await source?.bring(revision, isAnnounced))) await readFolder();
    return entries.get(revision);
  }

  async function readFolder(): Promise<void> {
    readMs = now();
    entries = await readEntries(directory, onFault);
  }

  async function check(revision: string, isAnnounced: boolean): Promise<Bundle | undefined> {
    const entry = await entryOf(revision, isAnnounced);
    const bundle = entry && (await unlessFaulty(readBundle(entry.path), onFault));
    // What was not found is looked for again, elsewhere too: a folder may have been renamed since it was read.
    checks.delete(revision);
    if (bundle === undefined) entries.delete(revision);
    else checked.set(revision, bundle);
    return bundle;
  }

  return {
    default: first,
    manifests: () => [first.manifest, ...[...entries.values()].flatMap(({ manifest }) => othersThan(first, manifest))],
    async find(revision, isAnnounced = false) {
      const known = checked.get(revision);
      if (known !== undefined) return known;
      // Requests that come meanwhile wait for the same check; one that began before an order may have read too early.
      const underWay = (isAnnounced ? undefined : checks.get(revision)) ?? check(revision, isAnnounced);
      checks.set(revision, underWay);
      return underWay;
    },
    forget(revision) {
      checked.delete(revision);
      entries.delete(revision);
    },
    checked(revision) {
      const bundle = checked.get(revision);
      if (bundle === undefined) throw new AppError("A lane was asked for a bundle that was not checked.");
      return bundle;
    },
  };
}

function othersThan({ manifest: { revision } }: Bundle, manifest: Manifest): Manifest[] {
  return manifest.revision === revision ? [] : [manifest];
}

/**
 * Revision → bundle. A folder without a manifest is none; one whose name begins with a dot is still being written. Of
 * two folders with one revision the first counts.
 */
async function readEntries(directory: string, onFault: (reason: string) => void): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  const names = await readdir(directory).catch((): string[] => []);
  for (const name of names.filter((each) => !each.startsWith(".")).sort()) {
    const path = join(directory, name);
    const files = await readdir(path).catch((): string[] => []);
    if (!files.includes("model.json")) continue;
    const manifest = await unlessFaulty(readManifest(path), onFault);
    const first = manifest && entries.get(manifest.revision);
    if (first !== undefined && first.manifest.id !== manifest?.id) {
      onFault(`${path} has the revision of ${first.path} under another id, and is left out.`);
    }
    if (manifest !== undefined && first === undefined) entries.set(manifest.revision, { path, manifest });
  }
  return entries;
}

/** Undefined where reading failed, after the reason was told. */
function unlessFaulty<Value>(reading: Promise<Value>, onFault: (reason: string) => void): Promise<Value | undefined> {
  return reading.catch((error: unknown) => {
    onFault(error instanceof AppError ? error.message : "A file of the bundle cannot be read.");
    return undefined;
  });
}
