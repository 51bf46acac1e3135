import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalWorker, startLocalWorker } from "../../scripts/local-worker.ts";
import { freePort } from "../../scripts/ports.ts";
import { type Backend, startBackend } from "../support/backend.ts";
import { stateApiKey, stateSecrets, unpackState } from "../support/earlier-state/state.ts";
import { reportedMicroUsd, storedBooks } from "../support/stored-books.ts";
import { tinyDirectory } from "../support/tiny-bundle.ts";

// A state folder that 0.1.0 wrote (support/earlier-state): an account, a picture, and a job of two requests.

const startMsMax = 300_000;
const root = join(import.meta.dirname, "../..");
const stateFolder = mkdtempSync(join(tmpdir(), "wuerstchen-earlier-state-"));
const storage = join(stateFolder, "storage");

/** Micro-USD of each of the three pictures, by 0.1.0's price book, and of what was granted. */
const picture = 21;
const granted = 1_000_000_000;

/** The latent of the picture, and the SHA-256 of its file. */
const apple = "a4a01190ec708c8d70e614e076a87f468fe1038cec597d9ca9f4f9fbbad306ce";
const appleSha256 = "d88fabfb3131b66d12f2cd369dc161eca7fe585959c2e945fdf875b5ce9204b2";
let backend: Backend;
let worker: LocalWorker;
let booksBefore: ReturnType<typeof storedBooks>;

beforeAll(async () => {
  unpackState(join(root, "test/support/earlier-state/0.1.0.tgz"), stateFolder, Date.now());
  booksBefore = storedBooks(storage);
  backend = await startBackend();
  worker = await startLocalWorker({
    root,
    port: await freePort(0, "PORT"),
    stateFolder,
    secrets: stateSecrets,
    bundle: tinyDirectory,
    backendUrl: backend.url,
    verbose: false,
  });
}, startMsMax);

afterAll(async () => {
  await worker.stop();
  await backend.stop();
  rmSync(stateFolder, { recursive: true, force: true });
}, startMsMax);

async function send(method: string, path: string, body?: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${await stateApiKey()}`, "content-type": "application/json" };
  return fetch(`${worker.url}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
}

test("its key opens the account, whose balances, books and reported usage are as they were", async () => {
  expect(await (await send("GET", "/v1/balance")).json()).toMatchObject({
    available_micro_usd: granted - 3 * picture,
    held_micro_usd: 0,
    spent_micro_usd: 3 * picture,
  });
  expect(storedBooks(storage)).toEqual(booksBefore);
  expect(reportedMicroUsd(storage)).toBe(3 * picture);
});

test("its job is listed with the outcome of each request", async () => {
  const job = await (await send("GET", "/v1/jobs/batch-1")).json();
  expect(job).toMatchObject({ state: "succeeded", cost: { micro_usd: 2 * picture } });
  const results = (job as { results: { data: { data: { seed: number; latent_id: string }[] }[] } }).results.data;
  expect(results.map(({ data }) => data[0]?.seed)).toEqual([2, 3]);
  for (const { data } of results) expect((await send("GET", `/v1/latents/${data[0]?.latent_id}`)).status).toBe(200);
});

test("its latents are found by the same ids, byte for byte, and serve seeded and unseeded requests", async () => {
  const file = await send("GET", `/v1/latents/${apple}`);
  const digest = createHash("sha256").update(new Uint8Array(await file.arrayBuffer()));
  expect(digest.digest("hex")).toBe(appleSha256);
  for (const body of [{ prompt: "apple", seed: 1 }, { prompt: "apple" }]) {
    const made = await (await send("POST", "/v1/images/generations", body)).json();
    expect(made).toMatchObject({
      data: [{ seed: 1, latent_id: apple, tier: expect.stringMatching(/^(?:latent|image)$/u) }],
    });
  }
});
