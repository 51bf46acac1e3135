import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiKeyRandomBytes, formatApiKey, isWellFormedApiKey } from "../workers/auth/api-key.ts";
import { CommandError } from "./command-line.ts";

const secretBytes = 32;
const lockFile = "pid";

/** A folder that one local stack at a time keeps its storage, secrets and development key in. Deletable when unused. */
export interface LocalState {
  readonly folder: string;
  /** Gives the folder back, and removes it if it was a temporary one. */
  release(): void;
}

/** Takes a folder for this process. Throws `CommandError` when another living process has it. */
export function claimState(folder: string): LocalState {
  const owner = ownerOf(folder);
  if (owner !== undefined) {
    throw new CommandError(`${folder} is in use by process ${owner}. Stop it, or pass another folder with --state.`);
  }
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, lockFile);
  writeFileSync(lock, String(process.pid));
  return { folder, release: releasedOnExit(() => rmSync(lock, { force: true })) };
}

/** As `claimState`, but takes a temporary folder when another process has this one. */
export function claimStateOrTemporary(folder: string): LocalState {
  if (ownerOf(folder) === undefined) return claimState(folder);
  const temporary = mkdtempSync(join(tmpdir(), "wuerstchen-edge-"));
  return { folder: temporary, release: releasedOnExit(() => rmSync(temporary, { recursive: true, force: true })) };
}

/** A secret that stays the same from run to run, because what is stored was made with it. */
export function keptSecret({ folder }: LocalState, name: string): string {
  const path = join(folder, `${name}.secret`);
  const kept = readText(path);
  if (kept !== undefined) return kept;
  const secret = randomSecret();
  writeFileSync(path, secret, { mode: 0o600 });
  return secret;
}

/** A secret for one run. */
export function randomSecret(): string {
  return randomBytes(secretBytes).toString("hex");
}

/** The development key: the same one from run to run, so that a pasted command works tomorrow too. */
export async function keptApiKey({ folder }: LocalState): Promise<string> {
  const path = join(folder, "development-key");
  const kept = readText(path);
  if (kept !== undefined && (await isWellFormedApiKey(kept))) return kept;
  const key = await formatApiKey(randomBytes(apiKeyRandomBytes));
  writeFileSync(path, key, { mode: 0o600 });
  return key;
}

/** Also when the process ends before it comes to it. */
function releasedOnExit(release: () => void): () => void {
  process.on("exit", release);
  return () => {
    process.off("exit", release);
    release();
  };
}

/** The living process that has the folder, other than this one. */
function ownerOf(folder: string): number | undefined {
  const pid = Number(readText(join(folder, lockFile)));
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return undefined;
  try {
    process.kill(pid, 0);
    return pid;
  } catch {
    // No such process: it was killed before it could give the folder back.
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
