import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, test } from "vitest";
import { tinyDirectory } from "../support/tiny-bundle.ts";

// `npm start` as it runs, with the tiny bundle: how it ends, and what is left of it.

const root = resolve(import.meta.dirname, "../..");
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newState(): string {
  const folder = mkdtempSync(join(tmpdir(), "start-stop-"));
  folders.push(folder);
  return folder;
}

/** Starts the stack on free ports. */
function start(state: string): ChildProcess {
  return spawn(process.execPath, ["scripts/start.ts", "--json", "--bundle", tinyDirectory, "--state", state], {
    cwd: root,
    env: { ...process.env, PORT: "0", BACKEND_PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function ready({ stdout }: ChildProcess): Promise<{ url: string; backend_url: string }> {
  if (stdout === null) throw new TypeError("The start script has no stdout.");
  const [line] = await once(createInterface(stdout), "line");
  return JSON.parse(line);
}

/** Whether anything answers there. */
async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

test("a start script that is killed takes edge and backend with it, and its folder can be used again", {
  timeout: 300_000,
}, async () => {
  const state = newState();
  const child = start(state);
  const { url, backend_url } = await ready(child);
  child.kill("SIGKILL");
  await expect.poll(() => answers(url), { timeout: 60_000 }).toBe(false);
  await expect.poll(() => answers(backend_url), { timeout: 60_000 }).toBe(false);
  const again = start(state);
  expect(await answers(`${(await ready(again)).url}/v1/models`)).toBe(true);
  again.kill("SIGTERM");
  await once(again, "exit");
});
