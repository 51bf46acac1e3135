import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

// `npm run test:package`: packs, installs the tarball into an empty folder, and uses it there as a stranger would.

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "wuerstchen-package-"));
const home = join(folder, "home");
const app = join(folder, "app");
const installed = join(app, "node_modules/wuerstchen-edge");

/** No commands of the repository, no settings of this user; but npm's cache, so that little is downloaded. */
const env = {
  PATH: (process.env["PATH"] ?? "")
    .split(":")
    .filter((path) => !path.includes("node_modules"))
    .join(":"),
  HOME: home,
  npm_config_cache: execFileSync("npm", ["config", "get", "cache"], { cwd: root, encoding: "utf8" }).trim(),
};

async function step<Outcome>(name: string, run: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  const begun = performance.now();
  const outcome = await run();
  process.stdout.write(`${((performance.now() - begun) / 1_000).toFixed(1).padStart(6)} s  ${name}\n`);
  return outcome;
}

function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { cwd: app, env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

const wuerstchen = (...args: readonly string[]) => run("npx", "--no-install", "wuerstchen", ...args);

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

/** Every file of a folder with its size. */
function filesOf(path: string): readonly string[] {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map(({ parentPath, name }) => `${join(parentPath, name)} ${statSync(join(parentPath, name)).size}`);
}

function pack(): string {
  execFileSync("npm", ["run", "--silent", "package", "--", "--silent", "--pack-destination", folder], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [name] = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
  assert.ok(name !== undefined, "npm pack wrote no tarball");
  return join(folder, name);
}

function checkTypes(): void {
  const program = `import { createClient, type Schemas } from "wuerstchen-edge/client";
export const images: Promise<Schemas["ImagesResponse"]> = createClient({ baseUrl: "", apiKey: "" }).images.create({ prompt: "" });
// @ts-expect-error: a prompt is required.
void (() => createClient({ baseUrl: "", apiKey: "" }).images.create({}));
`;
  writeFileSync(join(app, "program.ts"), program);
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023", "--types", ""];
  run(process.execPath, join(root, "node_modules/typescript/bin/tsc"), ...options, "program.ts");
}

async function requestByClient(child: ChildProcess): Promise<void> {
  assert.ok(child.stdout);
  const [line] = await once(createInterface(child.stdout), "line");
  const { url, api_key: apiKey } = JSON.parse(line);
  const page = await fetch(url);
  assert.match(await page.text(), /<script type="module"/u);
  const program = `import { createClient } from "wuerstchen-edge/client";
const client = createClient(${JSON.stringify({ baseUrl: url, apiKey })});
const { data: [image] } = await client.images.create({ prompt: "red apple, 3D", seed: 7 });
process.stdout.write(image.b64_json);`;
  writeFileSync(join(app, "program.mjs"), program);
  const picture = run("node", "program.mjs");
  assert.ok(Buffer.from(picture, "base64").equals(readFileSync(join(app, "apple.png"))), "served and generated differ");
}

try {
  mkdirSync(home);
  mkdirSync(app);
  const tarball = await step("pack", pack);
  writeFileSync(join(app, "package.json"), '{ "private": true, "type": "module" }');
  await step(`install the tarball of ${megabytes(statSync(tarball).size)}`, () =>
    run(
      "npm",
      "install",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
      "--ignore-scripts",
      "--loglevel=error",
      tarball,
    ),
  );
  const before = filesOf(installed);
  await step("types of the client", checkTypes);
  await step("doctor", () => wuerstchen("doctor"));
  await step("generate", () => wuerstchen("generate", "red apple, 3D", "--seed", "7", "-o", "apple.png"));
  await step("serve, and one request by the client", async () => {
    const args = ["--no-install", "wuerstchen", "serve", "--port", "0", "--backend-port", "0", "--json"];
    const child = spawn("npx", args, { cwd: app, env, stdio: ["ignore", "pipe", "inherit"], detached: true });
    try {
      await requestByClient(child);
    } finally {
      // To the whole group, as a terminal's Ctrl-C.
      if (child.pid !== undefined) process.kill(-child.pid, "SIGINT");
      await once(child, "exit");
    }
  });
  assert.deepEqual(filesOf(installed), before, "the package was written to");
  assert.ok(filesOf(join(home, ".local/state/wuerstchen")).length > 0, "the state is not in the user's folder");
  const bytes = (path: string) => filesOf(path).reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  const all = megabytes(bytes(join(app, "node_modules")));
  process.stdout.write(`The package works. Installed: ${megabytes(bytes(installed))}, with dependencies ${all}.\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
