import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { descendantsOf } from "../support/process-tree.ts";
import { tinyDirectory } from "../support/tiny-bundle.ts";

// `npm start` as it runs, with the tiny bundle: how it ends, and what is left of it.

const root = resolve(import.meta.dirname, "../..");
const folders: string[] = [];
const children: ChildProcess[] = [];

afterEach(() => {
  // Of a test that failed. What it started ends with it.
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newState(): string {
  const folder = mkdtempSync(join(tmpdir(), "start-stop-"));
  folders.push(folder);
  return folder;
}

/** Starts the stack on free ports. */
function start(state: string, stderr: "inherit" | "pipe" = "inherit"): ChildProcess {
  const child = spawn(
    process.execPath,
    ["scripts/wuerstchen.ts", "serve", "--json", "--bundle", tinyDirectory, "--state", state],
    {
      cwd: root,
      env: { ...process.env, PORT: "0", BACKEND_PORT: "0" },
      stdio: ["ignore", "pipe", stderr],
    },
  );
  children.push(child);
  return child;
}

interface Ready {
  readonly url: string;
  readonly api_key: string;
  readonly backend_url: string;
}

async function ready({ stdout }: ChildProcess): Promise<Ready> {
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

test("a start script that is told to stop says nothing of it, and ends with the signal's status", {
  timeout: 300_000,
}, async () => {
  const child = start(newState(), "pipe");
  if (child.stderr === null) throw new TypeError("The start script has no stderr.");
  const said = text(child.stderr);
  await ready(child);
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  expect([code, await said]).toEqual([143, ""]);
});

test.skipIf(process.platform !== "linux")(
  "a start script that is killed after its edge had crashed and come back takes the edge with it all the same",
  { timeout: 300_000 },
  async () => {
    const child = start(newState());
    const { url } = await ready(child);
    const family = () => descendantsOf(child.pid ?? 0);
    const edge = () => family().find(({ command }) => command.includes("workerd\0serve"))?.pid;
    const isGuarded = (pid: number) =>
      family().some(({ command }) => command.includes("orphan-guard.ts") && command.split("\0").includes(String(pid)));
    const first = edge();
    if (first === undefined) throw new TypeError("The edge is not found among the start script's processes.");
    process.kill(first, "SIGKILL");
    await expect
      .poll(() => [edge() ?? first].some((pid) => pid !== first && isGuarded(pid)), { timeout: 60_000 })
      .toBe(true);
    expect(await answers(url)).toBe(true);
    child.kill("SIGKILL");
    await expect.poll(() => answers(url), { timeout: 60_000 }).toBe(false);
  },
);

/** Whether this process could listen there. */
async function listens(server: Server, port: number): Promise<boolean> {
  server.listen(port, "127.0.0.1");
  return once(server, "listening").then(
    () => true,
    () => false,
  );
}

/** Ends the edge again and again until its port is `other`'s, which it then cannot have back. */
async function takePortOfEdge(pid: number, url: string, other: Server): Promise<void> {
  const port = Number(new URL(url).port);
  // A refused port is told within the same turn of the event loop: without a pause, no time limit is ever noticed.
  for (let tries = 0; !(await listens(other, port)); tries += 1) {
    if (tries === 10_000) throw new TypeError(`Port ${port} is not to be had.`);
    for (const { pid: edge, command } of descendantsOf(pid)) {
      if (command.includes("workerd\0serve")) endIfThere(edge);
    }
    await nextTurn();
  }
}

function endIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended since it was found.
  }
}

test.skipIf(process.platform !== "linux")(
  "a start script whose edge crashed and cannot come back ends, says so, and leaves nothing running",
  { timeout: 300_000 },
  async () => {
    const child = start(newState(), "pipe");
    const exited = once(child, "exit");
    const { url, backend_url } = await ready(child);
    if (child.stderr === null) throw new TypeError("The start script has no stderr.");
    const said = text(child.stderr);
    const other = createServer();
    await takePortOfEdge(child.pid ?? 0, url, other);
    expect(await exited).toEqual([1, null]);
    expect(await said).toContain("The edge ended unexpectedly and could not be started again");
    expect(await answers(backend_url)).toBe(false);
    other.close();
  },
);

/** Begins a streamed picture; settles when it is under way, with what settles with its whole text. */
async function beginStream({ url, api_key }: Ready, seed: number): Promise<() => Promise<string>> {
  const response = await fetch(`${url}/v1/images/generations`, {
    method: "POST",
    headers: { authorization: `Bearer ${api_key}`, "content-type": "application/json" },
    body: JSON.stringify({ prompt: "apple", seed, steps: 100, stream: true, partial_images: 3 }),
  });
  if (response.body === null) throw new TypeError("A stream has a body.");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const first = await reader.read();
  return async () => {
    let text = first.value ?? "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
    return text;
  };
}

test("a start script that is told to stop finishes the pictures under way, takes no more, and leaves nothing running", {
  timeout: 300_000,
}, async () => {
  const child = start(newState());
  const stack = await ready(child);
  const exited = once(child, "exit");
  const streams = await Promise.all(Array.from({ length: 12 }, (_, seed) => beginStream(stack, seed)));
  child.kill("SIGTERM");
  for (const rest of streams) expect(await rest()).toContain("image_generation.completed");
  expect(await exited).toEqual([143, null]);
  expect(await answers(stack.url)).toBe(false);
  expect(await answers(stack.backend_url)).toBe(false);
});

/** A state folder that a start has filled and left. */
async function stateOfOneRun(): Promise<string> {
  const state = newState();
  const first = start(state);
  await ready(first);
  first.kill("SIGTERM");
  await once(first, "exit");
  return state;
}

test("a start that fails after its edge was up ends all the same, and leaves nothing running", {
  timeout: 300_000,
}, async () => {
  const state = await stateOfOneRun();
  const [file = ""] = globSync("storage/**/*D1*/*.sqlite", { cwd: state }).filter((name) => !name.includes("metadata"));
  const database = new DatabaseSync(join(state, file));
  // The tables are there already, so the first migration fails.
  database.exec("DELETE FROM d1_migrations");
  database.close();

  const again = start(state, "pipe");
  const [code] = await once(again, "exit");
  expect(code).toBe(1);
  expect(existsSync(join(state, "pid"))).toBe(false);
});

/** SQLite mends a file from a write-ahead log beside it, which a Worker that ends may leave. */
function foldLogInto(file: string): void {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}

const damages: Readonly<Record<string, (file: string) => void>> = {
  overwritten: (file) => writeFileSync(file, Buffer.alloc(8_192, 7)),
  "cut short": (file) => truncateSync(file, 5_000),
};

test("a damaged database file is named with what to delete, before anything is started", {
  timeout: 300_000,
}, async () => {
  const state = await stateOfOneRun();
  const storage = join(state, "storage");
  const [file = ""] = globSync("**/*D1*/*.sqlite", { cwd: storage }).filter((name) => !name.includes("metadata"));
  foldLogInto(join(storage, file));
  const whole = readFileSync(join(storage, file));
  for (const damage of Object.values(damages)) {
    writeFileSync(join(storage, file), whole);
    damage(join(storage, file));
    const again = start(state, "pipe");
    const [[code], parts] = await Promise.all([once(again, "exit"), again.stderr?.toArray()]);
    const text = String(parts);
    expect(code).toBe(1);
    expect(text).toContain(`The database file ${join(storage, file)} is damaged`);
    expect(text).toContain(`Delete ${storage}, or put a copy of it back`);
    expect(text).not.toMatch(/^ {4}at /mu);
  }
});
