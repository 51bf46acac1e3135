import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type Kpi, kpiFile, parseKpi } from "../shared/models/kpi.ts";
import { CommandError } from "./command-line.ts";

/** A folder that the local backend reads its bundles from. */
export interface LinkedBundles {
  readonly directory: string;
  /** The name of the first bundle's link. */
  readonly first: string;
  /** "id@revision" of those that were linked before and are not now. */
  readonly gone: readonly string[];
}

/** What of a manifest names it. */
interface NamedManifest {
  readonly id: string;
  readonly revision: string;
}

const isLinkName = (name: string) => /^\d+$/u.test(name);

/**
 * Links bundles, wherever they are, into one folder by their places: 1, 2, … Bundles that were put there otherwise
 * stay, so a model that was added to a running service is there at its next start.
 */
export function linkBundles(directory: string, bundles: readonly string[]): LinkedBundles {
  mkdirSync(directory, { recursive: true });
  const links = readdirSync(directory).filter(isLinkName);
  const before = links.flatMap((name) => nameOf(join(directory, name)) ?? []);
  for (const name of links) rmSync(join(directory, name), { recursive: true });
  for (const [index, bundle] of bundles.entries()) {
    symlinkSync(realpathSync(bundle), join(directory, String(index + 1)), "junction");
  }
  const now = bundles.map(nameOf);
  return { directory, first: "1", gone: before.filter((name) => !now.includes(name)) };
}

/** How the edge is told of models, by the routes of an operator. */
export interface ModelOrders {
  readonly url: string;
  readonly adminSecret: string;
}

/** Offers the models of these bundles, and takes others back. Throws `CommandError`. */
export async function offerModels(
  { url, adminSecret }: ModelOrders,
  { added, gone }: { readonly added: readonly string[]; readonly gone: readonly string[] },
): Promise<void> {
  const order = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${url}/v1/admin/models${path}`, {
      method,
      headers: { authorization: `Bearer ${adminSecret}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    // What was never added need not be taken back.
    if (response.ok || (method === "DELETE" && response.status === 404)) return;
    throw new CommandError(`The models were not set up: ${await response.text()}`);
  };
  for (const name of gone) await order("DELETE", `/${encodeURIComponent(name)}`);
  for (const bundle of added) {
    const files = readEdgeFiles(bundle);
    const kpi = readKpi(bundle, files.manifest["revision"]);
    // Whoever starts a service with a bundle wants it.
    await order("PUT", "", { ...files, force: true, ...(kpi && { kpi }) });
  }
}

/**
 * The bundle's own report; undefined when it has none, or one on another revision. Throws `CommandError` when the file
 * is of another form.
 */
export function readKpi(bundle: string, revision: unknown): Kpi | undefined {
  const path = join(bundle, kpiFile);
  if (!existsSync(path)) return undefined;
  const kpi = readKpiFile(path);
  return kpi.revision === revision ? kpi : undefined;
}

/** A report by its path. Throws `CommandError` when there is none, or when it is of another form. */
export function readKpiFile(path: string): Kpi {
  if (!existsSync(path)) throw new CommandError(`There is no ${path}.`);
  const kpi = parseKpi(jsonOf(readFileSync(path, "utf8")));
  if (kpi === undefined) throw new CommandError(`${path} is of another form than wuerstchen.evaluate writes.`);
  return kpi;
}

/** Undefined when it is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The two files of a bundle that the edge needs, as `PUT /v1/admin/models` takes them. */
export function readEdgeFiles(bundle: string): {
  readonly manifest: Record<string, unknown>;
  readonly tokenizer: string;
} {
  const manifest = JSON.parse(readFileSync(join(bundle, "model.json"), "utf8"));
  return { manifest, tokenizer: readFileSync(join(bundle, manifest.text.tokenizer), "utf8") };
}

/** "id@revision"; undefined when the bundle cannot be read any more. */
function nameOf(bundle: string): string | undefined {
  try {
    const { id, revision }: NamedManifest = JSON.parse(readFileSync(join(bundle, "model.json"), "utf8"));
    return `${id}@${revision}`;
  } catch {
    return undefined;
  }
}
