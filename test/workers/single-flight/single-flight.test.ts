import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { storeKey } from "../../../workers/latents/latent-cache.ts";
import type { LatentRequest } from "../../../workers/single-flight/latent-run.ts";
import { actor } from "../support/account-book.ts";
import { latentRequest } from "../support/latent-request.ts";
import { firstBase64, firstPicture, TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const { backend } = edge;
const callers = 200;

test("200 identical requests at once are one Stage C run and one decode, and 200 equal answers", async () => {
  const key = await edge.createKey("many-callers");
  await edge.admin("PUT", "many-callers", { concurrency_max: callers });
  const body = { prompt: "apple", seed: 1 };
  const answers = await Promise.all(Array.from({ length: callers }, () => edge.generate(key, body)));
  expect(backend.jobs).toHaveLength(1);
  expect(backend.decodes).toHaveLength(1);
  expect(new Set(answers.map(firstBase64)).size).toBe(1);
  const tiers = answers.map((answer) => firstPicture(answer).tier);
  expect(tiers.filter((tier) => tier === "generated")).toHaveLength(1);
});

test("a failure is told to all who wait, and the next request begins anew", async () => {
  const key = await edge.createKey();
  const body = { prompt: "apple", seed: 2 };
  backend.behaviour = () => Response.json({}, { status: 500 });
  const failed = await Promise.all(Array.from({ length: 20 }, () => edge.post(key, body)));
  expect(failed.map(({ status }) => status)).toEqual(failed.map(() => 502));
  backend.behaviour = "works";
  expect(firstPicture(await edge.generate(key, body)).tier).toBe("generated");
});

/** As 0.1 named the reservation, in its records and in its calls. */
function asOfVersion01({ reservationId: claimId, ...request }: LatentRequest) {
  return { ...request, claimId };
}

const otherLatent = { ...latentRequest, latentId: "b".repeat(64), account: "account-of-0.1" };

test.each([
  ["this version", latentRequest, latentRequest],
  ["0.1", otherLatent, asOfVersion01(otherLatent)],
])(
  "a run of %s that an ended object left behind is finished by the alarm, charged, and leaves nothing stored",
  async (_, latentRequest, stored) => {
    const jobs = backend.jobs.length;
    const { account, reservationId, lines } = latentRequest;
    const ledger = edge.ledger(account);
    await ledger.grant({ grantId: "first", microUsd: 100, actor });
    const order = { reservationId, account, ceilingMicroUsd: 50, digest: "", seeds: [1], isRetry: false };
    await ledger.reserve({ ...order, idempotencyKey: undefined });
    const { LATENT_JOBS } = env as unknown as { readonly LATENT_JOBS: DurableObjectNamespace };
    const stub = LATENT_JOBS.getByName(latentRequest.latentId);
    await runInDurableObject(stub, async (_, { storage }) => {
      storage.kv.put("latent-job/v1", { request: stored, attempts: 1 });
      await storage.setAlarm(Date.now() + 600_000);
    });
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(backend.jobs.slice(jobs)).toMatchObject([latentRequest.job]);
    expect(await edge.env.LATENTS.head(storeKey(latentRequest.latentId))).not.toBeNull();
    await runInDurableObject(stub, async (_, { storage }) => {
      expect([...storage.kv.list()]).toEqual([]);
      expect(await storage.getAlarm()).toBeNull();
    });
    // Charged to the first payer, who may have left: the latent is there to be fetched.
    expect(await ledger.settle({ reservationId, lines: [] })).toMatchObject({ ok: true, value: { lines } });
  },
);

test("a Worker of 0.1 and an object of this version agree who pays", async () => {
  const { LATENT_JOBS } = env as unknown as { readonly LATENT_JOBS: DurableObjectNamespace };
  const latentId = "c".repeat(64);
  const request = asOfVersion01({ ...latentRequest, latentId });
  const stub = LATENT_JOBS.getByName(latentId) as unknown as { obtain(request: unknown): Promise<unknown> };
  expect(await stub.obtain(request)).toMatchObject({ ok: true, value: { claimId: request.claimId } });
});
