import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kpiFile, parseKpi } from "../shared/models/kpi.ts";
import { type Manifest, parseManifest } from "../shared/models/manifest.ts";
import { pagesDigest, putPages } from "./built-pages.ts";
import { CommandError } from "./command-line.ts";

/** The graphs that turn a latent into a picture, and the one that previews it. */
const decoderGraphs = ["stageBConditioner", "stageB", "stageA", "previewer"] as const;

/** Workers' limit of a static file: https://developers.cloudflare.com/workers/platform/limits/ */
const staticFileBytesMax = 25 * 2 ** 20;

/** Which site to build, and where to. */
export interface SiteOptions {
  /** The repository. */
  readonly root: string;
  /** The folder of the bundle whose latents the pages decode. */
  readonly bundle: string;
  /** Where the files go; `FOLDER.digest` beside it says what they were built of. */
  readonly folder: string;
}

/**
 * Builds the pages and puts the decoder's graphs beside them, each under its digest, unless all of it is there already.
 * Returns whether it built. Throws `CommandError` on a bundle without a manifest.
 */
export async function buildSite({ root, bundle, folder }: SiteOptions): Promise<boolean> {
  const manifest = readFileSync(join(bundle, "model.json"));
  const kpi = readKpi(bundle);
  const digest = digestOf(root, [manifest, kpi]);
  const stamp = `${folder}.digest`;
  if (existsSync(folder) && existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return false;
  // Two commands may build at once: each into its own folder, and the last one stays.
  const building = `${folder}.${process.pid}`;
  await putPages(root, building);
  copyDecoder(bundle, manifest, join(building, "site"));
  writeFileSync(join(building, "site", kpiFile), kpi);
  rmSync(folder, { recursive: true, force: true });
  renameSync(building, folder);
  writeFileSync(stamp, digest);
  return true;
}

/** Nothing for a model that a page cannot decode: its pictures come from the server alone. */
function copyDecoder(bundle: string, bytes: Buffer, folder: string): void {
  const parsed = parseManifest(JSON.parse(bytes.toString("utf8")));
  if (!parsed.ok) throw new CommandError(`${bundle}/model.json is not a manifest: ${parsed.error.problems.join("; ")}`);
  const files = decoderFiles(parsed.value);
  if (files === undefined) return;
  mkdirSync(join(folder, "model"), { recursive: true });
  writeFileSync(join(folder, "model.json"), bytes);
  for (const { file, sha256 } of files) copyFileSync(join(bundle, file), join(folder, "model", `${sha256}.onnx`));
}

/** The figures of the bundle's report; "null" for a bundle without one, which the page says plainly. */
function readKpi(bundle: string): Buffer {
  const path = join(bundle, kpiFile);
  if (!existsSync(path)) return Buffer.from("null");
  const bytes = readFileSync(path);
  if (parseKpi(jsonOf(bytes)) !== undefined) return bytes;
  throw new CommandError(`${path} is of another form than wuerstchen.evaluate writes. Write it again, or remove it.`);
}

/** Undefined when it is no JSON. */
function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

/**
 * Undefined when a graph is larger than a static file may be, or has its weights in a second file; and for a Stage B
 * that reads a prompt, which a latent holds for the backend alone.
 */
function decoderFiles({
  graphs,
  files,
  stageB,
}: Manifest): { readonly file: string; readonly sha256: string }[] | undefined {
  const names = decoderGraphs.flatMap((name) => graphs[name]?.file ?? []);
  const isServable = (file: string) => (files[file]?.bytes ?? 0) <= staticFileBytesMax && !(`${file}.data` in files);
  if (stageB.text !== undefined || !names.every(isServable)) return undefined;
  return names.map((file) => ({ file, sha256: files[file]?.sha256 ?? "" }));
}

function digestOf(root: string, bundleFiles: readonly Buffer[]): string {
  const hash = createHash("sha256").update(pagesDigest(root));
  for (const bytes of bundleFiles) hash.update(bytes);
  return hash.digest("hex");
}
