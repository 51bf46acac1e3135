import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { readManifest } from "../../../gpu-backend/runtime/bundle.ts";
import type { Check, Named } from "../../../scripts/doctor/check.ts";
import { deployChecks } from "../../../scripts/doctor/deploy-checks.ts";
import { machineChecks } from "../../../scripts/doctor/machine-checks.ts";
import { serviceChecks } from "../../../scripts/doctor/service-checks.ts";
import { tinyDirectory } from "../../support/tiny-bundle.ts";

const root = resolve(import.meta.dirname, "../../..");

async function faultsOf(checks: readonly Check[]): Promise<Named[]> {
  const findings = await Promise.all(checks.map(async (check) => ({ name: check.name, ...(await check.run()) })));
  return findings.filter(({ state }) => state === "fault");
}

describe("of a machine", () => {
  const good = { root, nodeVersion: "24.1.0", availableBytes: 8e9, freeDiskBytes: () => 9e9 };

  test.each([
    ["an old Node", { nodeVersion: "22.17.9" }, "Node"],
    ["packages that were never installed", { root: "/" }, "packages"],
    ["too little memory for the bundle", { availableBytes: 100e6 }, "memory"],
    ["a disk that is nearly full", { freeDiskBytes: () => 9e8 }, "disk"],
  ])("%s is found, and nothing else", async (_, planted, name) => {
    const manifest = await readManifest(tinyDirectory);
    const faults = await faultsOf(machineChecks({ ...good, ...planted }, resolve(root, "dist/state"), manifest));
    expect(faults.map((fault) => fault.name)).toEqual([name]);
  });
});

test("a clock that is a minute from the service's is found", async () => {
  const server = createServer((_, response) => response.end("{}")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const clocks = [0, 60_000].map((aheadMs) => ({ url, apiKey: "any", nowMs: () => Date.now() + aheadMs }));
  const faults = await Promise.all(clocks.map((service) => faultsOf(serviceChecks(service))));
  server.close();
  expect(faults.map((found) => found.map(({ name }) => name))).toEqual([[], ["clock"]]);
});

describe("of a deployment", () => {
  const placeholders = /"0{32}"|"0{8}-0000-0000-0000-0{12}"/gu;
  const config = readFileSync(resolve(root, "wrangler.toml"), "utf8").replaceAll(placeholders, '"0123456789abcdef"');
  const secrets = ["LATENT_KEY_SECRET", "GPU_BACKEND_SECRET", "IMAGE_URL_SECRET", "ADMIN_SECRET"];
  const faultsIn = (text: string, names = secrets) =>
    faultsOf(deployChecks({ root, config: text, secretNames: async () => names }));

  /** Without the table that begins with this line, up to the next. */
  const without = (table: string, from = config) => {
    const start = from.indexOf(table);
    if (start === -1) throw new TypeError(`wrangler.toml has no ${table}`);
    const rest = from.slice(start + table.length);
    const next = rest.search(/^\[/mu);
    return from.slice(0, start) + (next === -1 ? "" : rest.slice(next));
  };

  test("nothing is wrong with the repository's own configuration once it has ids", async () => {
    expect(await faultsIn(config)).toEqual([]);
  });

  test.each([
    ["a binding", "[[r2_buckets]]", "bindings and variables", "LATENTS"],
    ["a limiter", '[[ratelimits]]\nname = "STRANGER_LIMITER"', "bindings and variables", "STRANGER_LIMITER"],
    ["the storage of an object's class", '[[migrations]]\ntag = "v2"', "object classes", "AsyncJobObject"],
    ["a consumer", '[[queues.consumers]]\nqueue = "wuerstchen-usage"', "queues", "wuerstchen-usage"],
    ["the logs", "[observability]", "observability", "not stored"],
    ["the cron", "[triggers]", "reconciliation", "never compared"],
    ["the pages", "[assets]", "pages", "404"],
  ])("%s that is missing is found, and nothing else", async (_, table, name, word) => {
    const text = table === "[observability]" ? without(table, without("[observability.logs]")) : without(table);
    const faults = await faultsIn(text);
    expect(faults.map((fault) => fault.name)).toEqual([name]);
    expect(faults[0]?.detail).toContain(word);
  });

  test.each([
    [
      "a placeholder for an id",
      config.replace('"0123456789abcdef"', '"00000000000000000000000000000000"'),
      "resource ids",
    ],
    ["a queue whose failures go nowhere", config.replace(/^dead_letter_queue.*$/mu, ""), "queues"],
    [
      "a database without migrations",
      config.replace('migrations_dir = "migrations"', 'migrations_dir = "none"'),
      "database migrations",
    ],
    [
      "an address of the backend that is none",
      config.replace("http://127.0.0.1:8788", "backend"),
      "bindings and variables",
    ],
    ["text that is no configuration", `${config}\n[[[`, "wrangler.toml"],
  ])("%s is found, and nothing else", async (_, text, name) => {
    expect((await faultsIn(text)).map((fault) => fault.name)).toEqual([name]);
  });

  test("a secret that was not set is named", async () => {
    const [fault, ...others] = await faultsIn(config, secrets.slice(1));
    expect(others).toEqual([]);
    expect(fault).toMatchObject({ name: "secrets", detail: "LATENT_KEY_SECRET not set." });
  });
});
