import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AppError } from "../../shared/errors.ts";
import { type Manifest, parseManifest } from "../../shared/models/manifest.ts";
import { readBundle } from "./bundle.ts";
import type { FetchedBundles } from "./fetched-bundles.ts";

/** Where a backend finds bundles that its folder lacks. */
export interface BundleSource {
  /**
   * Brings the bundle of a revision into the folder, whole and checked by its digests, or not at all. Whether it is
   * there now; if not, `onFault` was told why, unless the source has none. `isAnnounced`: an operator says that it is
   * there, so what was not found lately is asked for again.
   */
  bring(revision: string, isAnnounced: boolean): Promise<boolean>;
}

/** What a source is made of. */
export interface BundleSourceOptions {
  /** Before "/REVISION/FILE". */
  readonly url: string;
  /** Sent as a bearer token; undefined: the files are public to this backend. */
  readonly token: string | undefined;
  /** The folder of bundles. */
  readonly directory: string;
  /** Of a whole bundle. */
  readonly bytesMax: number;
  /** What was fetched before, which makes room. */
  readonly fetched: Pick<FetchedBundles, "makeRoom" | "mark">;
  readonly onFault: (reason: string) => void;
  /** Milliseconds from any moment. */
  readonly now: () => number;
}

/** Requests may name a revision that is nowhere; the source is asked for it no more often than this. */
const askAgainMs = 10_000;
/** Revisions that were not found, as many as are remembered. */
const missesMax = 1_024;
const manifestBytesMax = 1_000_000;

/** Bundles below an address, by HTTP. */
export function createBundleSource(options: BundleSourceOptions): BundleSource {
  const underWay = new Map<string, Promise<boolean>>();
  const missedMs = new Map<string, number>();

  async function bring(revision: string): Promise<boolean> {
    try {
      const isThere = await bringBundle(revision, options);
      if (isThere) missedMs.delete(revision);
      return isThere;
    } catch (error) {
      options.onFault(`Revision ${revision} was not fetched. ${reasonOf(error)}`);
      return false;
    } finally {
      underWay.delete(revision);
    }
  }

  return {
    async bring(revision, isAnnounced) {
      const known = underWay.get(revision);
      if (known !== undefined) return known;
      const missed = missedMs.get(revision);
      if (missed !== undefined && !isAnnounced && options.now() - missed < askAgainMs) return false;
      missedMs.delete(revision);
      missedMs.set(revision, options.now());
      for (const oldest of missedMs.keys()) if (missedMs.size > missesMax) missedMs.delete(oldest);
      const begun = bring(revision);
      underWay.set(revision, begun);
      return begun;
    },
  };
}

/** False when the source has no such revision. Throws where anything else is wrong. */
async function bringBundle(revision: string, options: BundleSourceOptions): Promise<boolean> {
  // It becomes part of an address and of a path.
  if (!/^[A-Za-z0-9][\w.-]{0,127}$/u.test(revision)) return false;
  const text = await readText(revision, options);
  if (text === undefined) return false;
  const manifest = manifestOf(text, revision);
  const target = join(options.directory, `${manifest.id.replace(":", "-")}-${revision}`);
  // Another request may just have brought it.
  if ((await bytesOf(join(target, "model.json"))) !== undefined) return true;
  // Hidden until it is whole. What an interrupted attempt left is used: a bundle may have gigabytes.
  const hidden = join(options.directory, `.fetching-${revision}`);
  await mkdir(hidden, { recursive: true });
  await requireRoom(manifest, hidden, options);
  for (const [name, { bytes }] of Object.entries(manifest.files)) {
    const path = join(hidden, name);
    if ((await bytesOf(path)) !== bytes) await readInto(path, `${revision}/${name}`, bytes, options);
  }
  await writeFile(join(hidden, "model.json"), text);
  await readBundle(hidden).catch(async (error: unknown) => {
    await rm(hidden, { recursive: true });
    throw error;
  });
  await options.fetched.mark(hidden);
  await rename(hidden, target);
  return true;
}

async function readText(revision: string, options: BundleSourceOptions): Promise<string | undefined> {
  const response = await ask(`${revision}/model.json`, options);
  if (response === undefined) return undefined;
  const parts: Buffer[] = [];
  await pipeline(response, atMost(manifestBytesMax, "model.json"), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) parts.push(chunk);
  });
  return Buffer.concat(parts).toString();
}

function manifestOf(text: string, revision: string): Manifest {
  const parsed = parseManifest(JSON.parse(text));
  if (!parsed.ok) throw new AppError(`Its model.json is not a manifest: ${parsed.error.problems.join("; ")}`);
  if (parsed.value.revision === revision) return parsed.value;
  throw new AppError(`Its model.json is of revision ${parsed.value.revision}.`);
}

async function requireRoom(
  { files }: Manifest,
  directory: string,
  { bytesMax, fetched }: BundleSourceOptions,
): Promise<void> {
  const bytes = Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > bytesMax) throw new AppError(`It has ${bytes} bytes, more than MODELS_FETCH_MEGABYTES_MAX allows.`);
  await fetched.makeRoom(bytes);
  const had = await Promise.all(Object.keys(files).map((name) => bytesOf(join(directory, name))));
  const missing = bytes - had.reduce((sum: number, size) => sum + (size ?? 0), 0);
  const { bavail, bsize } = await statfs(directory);
  if (missing > bavail * bsize) throw new AppError(`It takes ${missing} bytes more, and ${bavail * bsize} are free.`);
}

async function readInto(path: string, name: string, bytes: number, options: BundleSourceOptions): Promise<void> {
  const body = await ask(name, options);
  if (body === undefined) throw new AppError(`${name} is not there, but its manifest lists it.`);
  await pipeline(body, atMost(bytes, name), createWriteStream(path));
  const had = await bytesOf(path);
  if (had !== bytes) throw new AppError(`${name} has ${had} bytes, but the manifest says ${bytes}.`);
}

/** A file's bytes; undefined when there is none. Silence of five minutes is an error, as `fetch` has it. */
async function ask(name: string, { url, token }: BundleSourceOptions): Promise<Readable | undefined> {
  const address = `${url.replace(/\/$/u, "")}/${name}`;
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(address, { headers });
  if (response.ok && response.body !== null) return Readable.fromWeb(response.body);
  await response.body?.cancel();
  if (response.status === 404) return undefined;
  throw new AppError(`${name} was answered with ${response.status}.`);
}

/** Fails once more bytes came than were said. */
function atMost(bytesMax: number, name: string): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > bytesMax ? new AppError(`${name} has more than ${bytesMax} bytes.`) : null, chunk);
    },
  });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "The reason is not known.";
  // "fetch failed" says nothing; its cause does.
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

async function bytesOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}
