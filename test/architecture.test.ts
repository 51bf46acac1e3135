import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type DoorTable,
  forbiddenImports,
  forbiddenPackages,
  type ImportTable,
  importCycle,
  longFiles,
  unexplainedWords,
} from "./support/architecture.ts";
import { readPythonSources, readSources, readText } from "./support/source-tree.ts";
import { testList, untestedSources } from "./support/test-lists.ts";

const sharedBase = ["shared", "shared/prompt", "shared/latents"];
const shared = [...sharedBase, "shared/models", "shared/api", "shared/wire"];
/** Folders of `workers` by their names. */
const rooms = (...names: string[]) => names.map((name) => `workers/${name}`);
const account = rooms("account", "account/money", "account/keys", "account/reuse");
const services = rooms("moderation", "gpu", "auth", "prompt", "prices", "usage", "latents", "images").concat(account);
const work = services.concat(rooms("models", "single-flight", "generation", "webhooks", "jobs", "payments"));
const parts = ["tensor", "image", "runtime", "pipeline"].map((name) => `gpu-backend/${name}`);
const queue = ["gpu-backend/lane", "gpu-backend/scheduling"];

const importTable: ImportTable = {
  shared: [],
  "shared/prompt": ["shared"],
  "shared/latents": ["shared"],
  "shared/models": sharedBase,
  "shared/diffusion": [...sharedBase, "shared/models"],
  "shared/decoding": [...sharedBase, "shared/models", "shared/diffusion"],
  "shared/api": [...sharedBase, "shared/models"],
  "shared/wire": [...sharedBase, "shared/models"],
  "shared/client": [],
  "workers/edge": ["shared"],
  "workers/moderation": shared,
  "workers/gpu": [...rooms("edge"), ...shared],
  "workers/auth": shared,
  "workers/prompt": shared,
  "workers/prices": shared,
  "workers/latents": [...rooms("edge"), ...shared],
  "workers/images": [...rooms("edge"), ...shared],
  "workers/usage": [...rooms("prices"), ...shared],
  "workers/account/keys": [...rooms("edge"), ...shared],
  "workers/account/reuse": [...rooms("account/keys", "prices"), ...shared],
  "workers/account/money": [...rooms("account/keys", "account/reuse", "prices", "usage"), ...shared],
  "workers/account": [...rooms("account/keys", "account/reuse", "account/money", "prices", "usage", "edge"), ...shared],
  "workers/payments": [...rooms("auth", "edge", "prices", "usage"), ...account, ...shared],
  "workers/models": [...rooms("prompt", "usage"), ...shared],
  "workers/single-flight": [...rooms("edge", "gpu", "latents", "images", "prices"), ...account, ...shared],
  "workers/generation": [
    ...rooms("prompt", "moderation", "models", "gpu", "latents", "single-flight", "images", "prices"),
    ...account,
    ...shared,
  ],
  "workers/webhooks": [...rooms("edge"), ...shared],
  "workers/jobs": [...rooms("edge", "generation", "prices", "webhooks"), ...account, ...shared],
  "workers/middleware": [...work, ...rooms("edge"), ...shared],
  "workers/routing": shared,
  "workers/openapi": [...rooms("models", "routing"), ...shared],
  "workers/routes": [...work, ...rooms("edge", "middleware", "openapi", "routing"), ...shared],
  "workers/objects": ["workers", ...rooms("middleware"), ...work, ...shared],
  "workers/site/words": ["workers/site/decoder", ...shared],
  "workers/site/pictures": [],
  "workers/site/api": shared,
  "workers/site/state": [...rooms("site/api", "site/decoder"), "shared/decoding", ...shared],
  "workers/site/decoder": ["shared/diffusion", "shared/decoding", ...shared],
  "workers/site/view": [
    ...rooms("site/api", "site/state", "site/decoder", "site/words", "site/pictures"),
    "shared/decoding",
    ...shared,
  ],
  // Its rough pictures are pixels that the decoder made.
  "workers/site/gallery": [
    ...rooms("site/api", "site/state", "site/decoder", "site/words", "site/view"),
    "shared/decoding",
    ...shared,
  ],
  "workers/site/account": [...rooms("site/api", "site/state", "site/words", "site/view"), ...shared],
  "workers/site/admin": [...rooms("site/api", "site/state", "site/words", "site/view"), ...shared],
  "workers/site": [
    ...rooms("site/api", "site/state", "site/decoder", "site/words", "site/view"),
    ...rooms("site/account", "site/gallery", "site/admin"),
    ...shared,
  ],
  workers: [...work, ...rooms("edge", "middleware", "routing", "routes", "objects"), ...shared],
  "gpu-backend/tensor": shared,
  "gpu-backend/image": ["shared/decoding", ...shared],
  "gpu-backend/runtime": ["shared/decoding", ...shared],
  "gpu-backend/pipeline": [
    "gpu-backend/tensor",
    "gpu-backend/runtime",
    "shared/diffusion",
    "shared/decoding",
    ...shared,
  ],
  "gpu-backend/lane": ["gpu-backend", ...parts, "shared/decoding", ...shared],
  "gpu-backend/scheduling": ["gpu-backend/lane", ...shared],
  "gpu-backend/http": ["gpu-backend", ...parts, ...queue, ...shared],
  "gpu-backend": [...parts, ...queue, "gpu-backend/http", ...shared],
};

const backendRim = ["gpu-backend/http/", "gpu-backend/app.ts", "gpu-backend/main.ts"];

const doors: DoorTable = {
  "onnxruntime-node": ["gpu-backend/runtime/"],
  sharp: ["gpu-backend/image/"],
  "@contentauth/c2pa-wasm": ["gpu-backend/image/"],
  cborg: ["gpu-backend/image/"],
  "@huggingface/tokenizers": ["workers/prompt/"],
  stripe: ["workers/payments/"],
  "openapi-fetch": ["shared/client/"],
  "eventsource-parser": ["shared/client/"],
  preact: ["workers/site/"],
  uplot: ["workers/site/view/", "workers/site/admin/"],
  "@preact/signals": ["workers/site/"],
  "swagger-ui-dist": ["workers/site/"],
  "onnxruntime-web": ["workers/site/decoder/"],
  hono: ["workers/middleware/", "workers/routes/", "workers/app.ts", "workers/index.ts", ...backendRim],
  "@hono/node-server": backendRim,
  "@opentelemetry": ["gpu-backend/http/"],
};

/** Words of 0.1 that meant two things, or nothing to a newcomer. Spelled so that this line holds none of them. */
const wornWords = /\b(?:des[k]|doo[r]|dee[d]|claiman[t]|claimI[d]|kept-latent[s]|async-job[s])\b/gu;

const sourceLinesMax = 300;
const testLinesMax = 400;

describe("the code", () => {
  const sources = readSources("shared", "workers", "gpu-backend");

  test("is found", () => {
    expect([...sources.keys()]).toContain("shared/models/manifest.ts");
  });

  test("imports nothing that the table does not allow", () => {
    expect(forbiddenImports(sources, importTable)).toEqual([]);
  });

  test("imports each guarded package in its one place", () => {
    expect(forbiddenPackages(sources, doors)).toEqual([]);
  });

  test("has no cycle of imports, types included", () => {
    expect(importCycle(sources)).toEqual([]);
  });

  test("makes no link of the address that the service was asked at, which may be inside a proxy", () => {
    const asking = [...sources].filter(([, text]) => text.includes("c.req.url")).map(([path]) => path);
    expect(asking).toEqual(["workers/middleware/public-url.ts"]);
  });

  test("has no file that is too long to read", () => {
    const written = new Map([...sources].filter(([path]) => path !== "shared/client/api-types.ts"));
    expect(longFiles(written, sourceLinesMax)).toEqual([]);
    expect(longFiles(readSources("test", "scripts"), testLinesMax)).toEqual([]);
  });

  test("uses no word of 0.1 that the glossary does not explain", () => {
    const all = new Map([...sources, ...readSources("test", "scripts"), ...readPythonSources("gpu-backend", "test")]);
    const glossary = readText("docs/architecture.md").split("## Glossary")[1] ?? "";
    expect([...all.keys()]).toContain("gpu-backend/training/wuerstchen/training/loop.py");
    expect(unexplainedWords(all, wornWords, glossary)).toEqual([]);
  });

  test("has tests at each source's path under test/, or in the list of its folder", () => {
    const root = resolve(import.meta.dirname, "..");
    const listing = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root });
    const paths = listing.toString("utf8").split("\n");
    const present = new Set(paths.filter((path) => path !== "" && existsSync(join(root, path))));
    const lists = [...present].filter((path) => path.endsWith(`/${testList}`));
    const texts = new Map(lists.map((path) => [path, readFileSync(join(root, path), "utf8")]));
    expect(present).toContain("shared/result.ts");
    expect(untestedSources(present, texts)).toEqual([]);
  });
});

describe("a planted fault is found:", () => {
  const table: ImportTable = { shared: [], "shared/api": ["shared"], workers: ["shared", "shared/api"] };
  const planted = (path: string, source: string) => forbiddenImports(new Map([[path, source]]), table);

  test.each([
    ["an import", 'import { a } from "../workers/a.ts";'],
    ["an import of a type", 'import type { A } from "../workers/a.ts";'],
    ["an import for its side effect", 'import "../workers/a.ts";'],
    ["a re-export", 'export { a } from "../workers/a.ts";'],
    ["a re-export of everything", 'export * from "../workers/a.ts";'],
    ["a dynamic import", 'export const a = import("../workers/a.ts");'],
    ["a type named by import", 'export type A = import("../workers/a.ts").A;'],
  ])("%s upwards", (_, source) => {
    expect(planted("shared/b.ts", source)).toEqual(["shared/b.ts imports workers/a.ts"]);
  });

  test("an import from a folder into one that may only import it", () => {
    expect(planted("shared/b.ts", 'import "./api/a.ts";')).toHaveLength(1);
    expect(planted("shared/api/b.ts", 'import "../a.ts";')).toEqual([]);
  });

  test("a folder that nobody entered in the table, as importer and as target", () => {
    expect(planted("shared/new/b.ts", "export {};")).toHaveLength(1);
    expect(planted("workers/b.ts", 'import "../shared/new/a.ts";')).toHaveLength(1);
  });

  test("a package that is imported outside its place, also by a path inside it", () => {
    const outside = new Map([
      ["workers/prompt/a.ts", 'import type { Context } from "hono";'],
      ["workers/jobs/a.ts", 'import { cors } from "hono/cors";'],
      ["workers/app.ts", 'import { Hono } from "hono";'],
      ["workers/honolulu.ts", 'import "hono-other";'],
    ]);
    expect(forbiddenPackages(outside, doors)).toEqual([
      "workers/prompt/a.ts imports hono",
      "workers/jobs/a.ts imports hono/cors",
    ]);
  });

  test("a cycle, even through types alone", () => {
    const circle = new Map([
      ["shared/start.ts", 'import "./a.ts";'],
      ["shared/a.ts", 'import type { B } from "./b.ts";'],
      ["shared/b.ts", 'export type { A } from "./a.ts";'],
    ]);
    expect(importCycle(circle)).toEqual(["shared/a.ts", "shared/b.ts", "shared/a.ts"]);
  });

  test("a diamond is no cycle", () => {
    const diamond = new Map([
      ["shared/a.ts", 'import "./b.ts"; import "./c.ts";'],
      ["shared/b.ts", 'import "./d.ts";'],
      ["shared/c.ts", 'import "./d.ts";'],
      ["shared/d.ts", "export {};"],
    ]);
    expect(importCycle(diamond)).toEqual([]);
  });

  test("a worn word, unless the glossary explains it", () => {
    const [first, second] = ["des", "doo"].map((start, index) => `${start}${"kr"[index]}`);
    const tree = new Map([["shared/a.py", `# the ${first} and the ${second} of a ${second}bell`]]);
    expect(unexplainedWords(tree, wornWords, `| ${second} | explained |`)).toEqual([`shared/a.py: ${first}`]);
  });

  test("a spread of a literal, which hides excess properties from the compiler", () => {
    const folder = mkdtempSync(join(tmpdir(), "packing-"));
    const planted = "export const a = { ...{ b: 1 }, c: [...[1, 2]], d: [...([3] as const)], e: [...[4].values()] };\n";
    writeFileSync(join(folder, "planted.ts"), planted);
    // Alone: with all rules, the linter would read the whole repository first.
    const rule = "no-packing-spread.grit";
    expect(JSON.parse(readText("biome.json"))).toMatchObject({ plugins: [`./${rule}`] });
    writeFileSync(join(folder, "biome.json"), JSON.stringify({ plugins: [resolve(rule)] }));
    const biome = resolve("node_modules/.bin/biome");
    const { stdout } = spawnSync(biome, ["lint", "--reporter=json", "planted.ts"], { cwd: folder, encoding: "utf8" });
    rmSync(folder, { recursive: true });
    expect(stdout.match(/"Write the entries themselves/gu)).toHaveLength(3);
  });

  test("one line too many", () => {
    expect(longFiles(new Map([["shared/a.ts", "x\n".repeat(3)]]), 3)).toEqual([]);
    expect(longFiles(new Map([["shared/a.ts", "x\n".repeat(4)]]), 3)).toEqual(["shared/a.ts: 4 lines"]);
  });
});

describe("a planted fault in the way to the tests is found:", () => {
  const list = (text: string) => new Map([["shared/TESTS.md", text]]);
  const problems = (paths: string[], text = "") => untestedSources(new Set(paths), list(text));

  test("a source without tests, in TypeScript and in Python", () => {
    expect(problems(["shared/a.ts", "workers/site/view/b.tsx"])).toHaveLength(2);
    expect(problems(["shared/a.ts", "test/shared/a.test.ts"])).toEqual([]);
    const python = "gpu-backend/training/wuerstchen/training/loop.py";
    expect(problems([python])).toHaveLength(1);
    expect(problems([python, "gpu-backend/training/tests/test_loop.py"])).toEqual([]);
  });

  test("a source that only another folder's list names", () => {
    const paths = ["workers/a.ts", "test/b.test.ts", "shared/a.ts"];
    expect(problems(paths, "- `a.ts`: `test/b.test.ts`")).toEqual([expect.stringMatching(/^workers\/a\.ts: add /u)]);
  });

  test("a list that names a source or a test which is gone, also on a line that goes on", () => {
    const paths = ["shared/a.ts", "test/b.test.ts"];
    expect(problems(paths, "- `a.ts`: `test/b.test.ts`")).toEqual([]);
    expect(problems(paths, "- the others: `test/b.test.ts`,\n  `test/c.test.ts`")).toHaveLength(1);
    expect(problems(paths, "- `a.ts`, `gone.ts`:\n  `test/b.test.ts`")).toHaveLength(1);
  });
});
