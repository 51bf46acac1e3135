import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { CommandError } from "../../scripts/command-line.ts";
import { claimState, claimStateOrTemporary, keptApiKey, keptSecret } from "../../scripts/local-state.ts";

const parent = mkdtempSync(join(tmpdir(), "local-state-test-"));
let folders = 0;

afterAll(() => rmSync(parent, { recursive: true }));

function newFolder(): string {
  folders += 1;
  return join(parent, `state-${folders}`);
}

/** The parent of this process is surely another living one. */
function claimForAnother(folder: string): void {
  claimState(folder).release();
  writeFileSync(join(folder, "pid"), String(process.ppid));
}

test("secrets and the development key stay the same from run to run, readable to their owner only", async () => {
  const folder = newFolder();
  const first = claimState(folder);
  const secret = keptSecret(first, "latent-key");
  const key = await keptApiKey(first);
  first.release();
  const second = claimState(folder);
  expect(keptSecret(second, "latent-key")).toBe(secret);
  expect(keptSecret(second, "image-url")).not.toBe(secret);
  expect(await keptApiKey(second)).toBe(key);
  expect(statSync(join(folder, "development-key")).mode & 0o077).toBe(0);
  second.release();
});

test("a folder that another process has is refused, or replaced by one that goes with its release", () => {
  const folder = newFolder();
  claimForAnother(folder);
  expect(() => claimState(folder)).toThrow(CommandError);
  const temporary = claimStateOrTemporary(folder);
  expect(temporary.folder).not.toBe(folder);
  temporary.release();
  expect(existsSync(temporary.folder)).toBe(false);
  expect(readFileSync(join(folder, "pid"), "utf8")).toBe(String(process.ppid));
});

test("a folder whose process was killed can be taken", () => {
  const folder = newFolder();
  claimState(folder).release();
  // Beyond the largest id that Linux gives a process.
  writeFileSync(join(folder, "pid"), "4194305");
  expect(claimState(folder).folder).toBe(folder);
});
