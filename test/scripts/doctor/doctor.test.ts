import { execFile } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { tinyDirectory } from "../../support/tiny-bundle.ts";

// `npm run doctor` as a person runs it, with faults planted one at a time.

const script = resolve(import.meta.dirname, "../../../scripts/wuerstchen.ts");
const folder = mkdtempSync(join(tmpdir(), "wuerstchen-doctor-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Finding {
  readonly name: string;
  readonly state: "ok" | "warning" | "fault";
  readonly detail: string;
  readonly fix?: string;
}

interface Examined {
  readonly code: number;
  readonly faults: readonly Finding[];
  readonly names: readonly string[];
}

function examine(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Examined> {
  return new Promise((settle) => {
    const environment = { PATH: process.env["PATH"], PORT: "0", BACKEND_PORT: "0", ...env };
    const child = execFile(
      process.execPath,
      [script, "doctor", "--json", ...args],
      { env: environment },
      (_error, stdout) => {
        const findings: Finding[] = stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line));
        const faults = findings.filter(({ state }) => state === "fault");
        settle({ code: child.exitCode ?? -1, faults, names: findings.map(({ name }) => name) });
      },
    );
  });
}

let state = "";
let bundle = "";
let count = 0;

beforeEach(() => {
  count += 1;
  state = join(folder, `state-${count}`);
  bundle = join(folder, `bundle-${count}`);
  mkdirSync(state);
  cpSync(tinyDirectory, bundle, { recursive: true });
});

describe("on this machine", () => {
  test("nothing is wrong where nothing is, and every check is named once", async () => {
    const { code, faults, names } = await examine(["--state", state, "--bundle", bundle]);
    expect(faults).toEqual([]);
    expect(code).toBe(0);
    expect(new Set(names).size).toBe(names.length);
  });

  test("settings that are none, a provider that is not there and a file that is not the bundle's are found at once", async () => {
    appendFileSync(join(bundle, "tokenizer.json"), " ");
    const env = { PROVIDER: "cuda", LOG_LEVEL: "loud" };
    const { code, faults } = await examine(["--state", state, "--bundle", bundle], env);
    expect(code).toBe(1);
    expect(faults.map(({ name }) => name)).toEqual(["environment", "bundle", "provider"]);
    expect(faults.map(({ detail }) => detail).join()).toMatch(/LOG_LEVEL.*tokenizer\.json.*cuda/su);
    expect(faults.every(({ fix }) => fix !== undefined && fix !== "")).toBe(true);
  });

  test("a file of the bundle that is missing is found", async () => {
    rmSync(join(bundle, "tokenizer.json"));
    const { faults } = await examine(["--state", state, "--bundle", bundle]);
    expect(faults).toMatchObject([{ name: "bundle", detail: expect.stringContaining("tokenizer.json is missing") }]);
  });

  test("a port that is taken, a folder in use, a damaged database and a key that is none are found at once", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    writeFileSync(join(state, "pid"), String(process.pid));
    writeFileSync(join(state, "development-key"), "not a key");
    mkdirSync(join(state, "storage"));
    writeFileSync(join(state, "storage/books.sqlite"), "not a database, but long enough to be read as one".repeat(100));
    const { faults } = await examine(["--state", state, "--bundle", bundle], { BACKEND_PORT: String(port) });
    server.close();
    const names = ["backend's port", "state folder", "stored data", "development key"];
    expect(faults.map(({ name }) => name)).toEqual(names);
    expect(faults[1]?.detail).toContain(String(process.pid));
  });

  test("a state folder that cannot be written is found", async () => {
    const file = join(state, "a file");
    writeFileSync(file, "");
    const { faults } = await examine(["--state", join(file, "below"), "--bundle", bundle]);
    expect(faults.map(({ name }) => name)).toContain("write rights");
  });

  test("wrong usage exits with 2", async () => {
    const run = execFile(process.execPath, [script, "doctor", "--sate", "x"]);
    expect(await once(run, "exit")).toEqual([2, null]);
  });
});
