import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const standIn = join(import.meta.dirname, "stand-in-adapt.ts");

/** Writes another revision of a tiny bundle into the folder `out`, under the same id, and returns its name. */
export function writeNextRevision(bundle: string, out: string): string {
  const folder = mkdtempSync(join(tmpdir(), "next-revision-"));
  const adapter = join(folder, "adapter");
  writeFileSync(adapter, "next");
  const manifestOf = (path: string) => JSON.parse(readFileSync(join(path, "model.json"), "utf8"));
  const options = { bundle, adapter: `${adapter}=1`, id: manifestOf(bundle).id, out };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  execFileSync(process.execPath, [standIn, ...args]);
  rmSync(folder, { recursive: true });
  const { id, revision } = manifestOf(out);
  return `${id}@${revision}`;
}
