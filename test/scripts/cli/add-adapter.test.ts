import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

test("an imported model needs its source, and any other has none", async () => {
  const published = ["--adapter", adapter, "--bundle", publishedDirectory("v2")];
  expect(await addAdapter("ink", ...published)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("-- SOURCE"),
  });
  const { code, stderr } = await addAdapter("ink", ...ofTiny, "--", "folder");
  expect([code, stderr]).toEqual([2, expect.stringContaining("tiny was not imported")]);
  expect(readdirSync(folder)).not.toContain("models");
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

test("an imported model is imported again, with its own options, and the adapter at each strength", async () => {
  const noted = join(folder, "noted");
  const noting = join(folder, "noting-python");
  writeFileSync(noting, `#!/bin/sh\n[ "$1" = -c ] && exit 0\necho "$@" >> ${noted}\nexit 1\n`, { mode: 0o755 });
  const environment = { WUERSTCHEN_ADMIN_SECRET: "secret", PYTHON: noting };
  const models = ["--models-dir", join(folder, "imported"), "--url", "http://127.0.0.1:9", "--price-factor", "1"];
  const of = ["--adapter", adapter, "--bundle", publishedDirectory("v2"), "--strengths", "0.5"];
  const source = ["warp-ai/wuerstchen", "--decoder-prompt"];
  expect(await runCli(["models", "add-adapter", "ink", ...models, ...of, "--", ...source], environment)).toMatchObject({
    code: 1,
  });
  expect(readFileSync(noted, "utf8")).toContain(
    `wuerstchen.published.import_bundle ${source.join(" ")} --adapter ${adapter}:0.5 --id tiny-v2+ink:0.5 --out `,
  );
});
