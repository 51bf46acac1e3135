import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { apiKeyRandomBytes, formatApiKey } from "../../../workers/auth/api-key.ts";
import { backendSecret } from "../backend.ts";

// The storage of a local edge as an earlier version wrote it, packed for the tests of later ones.

/** Of tests alone. What is stored was made with them. */
export const stateSecrets = {
  GPU_BACKEND_SECRET: backendSecret,
  LATENT_KEY_SECRET: "test-only-latent-key-secret-of-states",
  IMAGE_URL_SECRET: "test-only-image-url-secret-of-states",
  ADMIN_SECRET: "test-only-admin-secret-of-states",
};

/** The key of the stored account. */
export function stateApiKey(): Promise<string> {
  return formatApiKey(new Uint8Array(apiKeyRandomBytes).fill(7));
}

/** What a packed state leaves out: copies that an edge may lose, objects that store nothing, and limiters. */
const leftOut = /^(?:cache|ratelimit|do\/wuerstchen-edge-(?:Decode|Latent)JobObject)(?:\/|$)/u;

/** Packs the storage of a stopped edge. */
export function packState(stateFolder: string, file: string): void {
  const storage = join(stateFolder, "storage");
  const paths = readdirSync(storage, { recursive: true, encoding: "utf8" });
  for (const path of paths.filter((name) => leftOut.test(name)))
    rmSync(join(storage, path), { recursive: true, force: true });
  for (const path of paths.filter((name) => name.endsWith(".sqlite") && !leftOut.test(name))) {
    const database = new DatabaseSync(join(storage, path));
    database.exec("PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA journal_mode = DELETE");
    database.close();
  }
  execFileSync("tar", ["--create", "--gzip", "--file", file, "--directory", stateFolder, "storage"]);
}

/** Unpacks a state into a folder as if its jobs had ended at `nowMs`: they are kept for some days only. */
export function unpackState(file: string, stateFolder: string, nowMs: number): void {
  execFileSync("tar", ["--extract", "--gzip", "--file", file, "--directory", stateFolder]);
  const jobs = join(stateFolder, "storage/do/wuerstchen-edge-AsyncJobObject");
  let laterMs = 0;
  for (const name of readdirSync(jobs).filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite")) {
    const job = new DatabaseSync(join(jobs, name));
    laterMs = nowMs - Number(job.prepare("SELECT ended_ms FROM job").get()?.["ended_ms"]);
    job.prepare("UPDATE job SET ended_ms = ended_ms + ?").run(laterMs);
    job.close();
  }
  const alarms = new DatabaseSync(join(jobs, "metadata.sqlite"));
  // In nanoseconds.
  alarms.prepare("UPDATE _cf_ALARM SET scheduled_time = scheduled_time + ?").run(BigInt(laterMs) * 1_000_000n);
  alarms.close();
}
