import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { readText } from "../support/source-tree.ts";

const root = join(import.meta.dirname, "../..");

test("the client's types are those of the API document", async () => {
  const script = join(root, "scripts/client-types.ts");
  await promisify(execFile)(process.execPath, [script, "--check"], { cwd: root });
});

test("the client is as small as its document says", async () => {
  const entryPoints = [join(root, "shared/client/index.ts")];
  const { outputFiles } = await build({ entryPoints, bundle: true, minify: true, format: "esm", write: false });
  const bytes = outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0);
  const [, stated] = /([\d.]+) KB gzipped/u.exec(readText("docs/client.md")) ?? [];
  expect(bytes).toBeGreaterThan(1_000);
  expect(bytes).toBeLessThanOrEqual(Number(stated) * 1_000);
});
