import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { publishedDirectory } from "../../support/published-models.ts";
import { runCli } from "../../support/run-cli.ts";
import { tinyDirectory } from "../../support/tiny-bundle.ts";

const folder = mkdtempSync(join(tmpdir(), "add-adapter-"));
afterAll(() => rmSync(folder, { recursive: true }));
const adapter = join(folder, "lora.safetensors");
writeFileSync(adapter, "adapter");

/** Finds every package and fails whatever it is to do. */
const python = join(folder, "python");
writeFileSync(python, '#!/bin/sh\n[ "$1" = -c ] && exit 0\necho "trained on another revision" >&2\nexit 1\n', {
  mode: 0o755,
});

/** Nobody answers at its service. */
function addAdapter(name: string, ...more: string[]) {
  const models = ["--models-dir", join(folder, "models"), "--url", "http://127.0.0.1:9"];
  const environment = { WUERSTCHEN_ADMIN_SECRET: "secret", PYTHON: python };
  return runCli(["models", "add-adapter", name, ...models, ...more], environment);
}

const ofTiny = ["--adapter", adapter, "--bundle", tinyDirectory];

test.each([
  ["ink", [...ofTiny, "--strengths", "0.83"], /tiny\+ink:0\.83 is no name of a model/u],
  ["ink", [...ofTiny, "--strengths", "0.5,2"], /tiny\+ink:2 is no name/u],
  ["ink", [...ofTiny, "--strengths", "0.5,"], /tiny\+ink: is no name/u],
  ["Ink", ofTiny, /tiny\+Ink is no name/u],
  [
    "ink",
    ["--adapter", join(folder, "none.safetensors"), "--bundle", tinyDirectory],
    /none\.safetensors does not exist/u,
  ],
  ["ink", [...ofTiny, "--price-factor", "0"], /--price-factor is from/u],
  ["ink", ["--bundle", tinyDirectory], /--adapter/u],
])("%s with %j is refused before anything is made", async (name, more, reason) => {
  const { code, stderr } = await addAdapter(name, ...more);
  expect([code, stderr]).toEqual([2, expect.stringMatching(reason)]);
  expect(readdirSync(folder)).not.toContain("models");
});

test("an imported model is told how it gets an adapter", async () => {
  const { code, stderr } = await addAdapter("ink", "--adapter", adapter, "--bundle", publishedDirectory("v2"));
  expect([code, stderr]).toEqual([1, expect.stringContaining("--id tiny-v2+ink:0.8")]);
});

test("a service that cannot be reached is told before anything is made", async () => {
  expect(await addAdapter("ink", ...ofTiny)).toMatchObject({ code: 4 });
  expect(readdirSync(folder)).not.toContain("models");
});

test("what Python refuses is not offered and leaves no bundle", async () => {
  const { code, stderr } = await addAdapter("ink", ...ofTiny, "--price-factor", "1");
  expect([code, stderr]).toEqual([1, expect.stringMatching(/trained on another revision.*tiny\+ink was not made/su)]);
  expect(readdirSync(join(folder, "models"))).toEqual([]);
});
