import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const megabyte = 1_000_000;

/** What the README says that `git clone --depth 1` downloads, in megabytes. */
function statedMegabytes(): number {
  const text = readFileSync(join(root, "README.md"), "utf8");
  return Number(/A shallow clone downloads (\d+) MB/u.exec(text)?.[1]);
}

/** Megabytes of the pack that a shallow clone of the present commit downloads. */
function packedMegabytes(): number {
  const folder = mkdtempSync(join(tmpdir(), "clone-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  execFileSync("git", ["clone", "--quiet", "--bare", "--depth", "1", pathToFileURL(root).href, folder]);
  const packs = join(folder, "objects", "pack");
  const bytes = readdirSync(packs).reduce((sum, name) => sum + statSync(join(packs, name)).size, 0);
  return bytes / megabyte;
}

/** Git packs the clone anew, which takes a minute on a machine that is busy with other work. */
const testMsMax = 300_000;

test(
  "a shallow clone weighs what the README says",
  () => {
    expect(Math.abs(packedMegabytes() - statedMegabytes())).toBeLessThan(3);
  },
  testMsMax,
);
