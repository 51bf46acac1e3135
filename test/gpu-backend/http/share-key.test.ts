import { afterAll, beforeAll, expect, test } from "vitest";
import { type Backend, metricOf, send, stageCDraft, startBackend } from "../../support/backend.ts";
import { tinyRequest } from "../../support/tiny-bundle.ts";

const keys = ["a key of one tenant's".replaceAll(/\W/gu, "-"), "a key of another's".replaceAll(/\W/gu, "-")] as const;

let backend: Backend;

beforeAll(async () => {
  backend = await startBackend();
});

afterAll(() => backend.stop());

/** How many latents Stage C made for it. */
async function runsOf(shareKey: string | undefined): Promise<number> {
  const before = await metricOf(backend, "stage_c_runs_total");
  const response = await send(backend, stageCDraft({ ...tinyRequest, ...(shareKey && { shareKey }) }));
  expect(response.status).toBe(200);
  return (await metricOf(backend, "stage_c_runs_total")) - before;
}

test("the outcome of a recent task is given to whoever has its share key, and to nobody else", async () => {
  expect(await runsOf(keys[0])).toBe(1);
  expect(await runsOf(keys[0])).toBe(0);
  expect(await runsOf(keys[1])).toBe(1);
  expect(await runsOf(undefined)).toBe(1);
});
