import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { nextEvents } from "../../../workers/account/money/outbox.ts";
import { parseEnv } from "../../../workers/env.ts";
import worker from "../../../workers/index.ts";
import type { UsageEvent } from "../../../workers/usage/usage-event.ts";
import { actor, withBook } from "../support/account-book.ts";

const { USAGE } = parseEnv(env);
const nowMs = Date.UTC(2026, 10, 22);
const queueName = "wuerstchen-usage";

/** The events of an account that settled some requests, and what it spent. */
function settledAccount(account: string): Promise<{ events: UsageEvent[]; spent: number }> {
  return withBook((book, { storage }) => {
    book.grant({ grantId: "first", microUsd: 10_000, actor }, nowMs);
    for (let i = 1; i <= 20; i += 1) {
      const reservationId = `${account}-${i}`;
      const lines = [
        { kind: "generation", latentId: `${i}`, microUsd: i },
        { kind: "decode", latentId: `${i}`, microUsd: 3 },
      ] as const;
      const request = { reservationId, account, ceilingMicroUsd: 100, digest: "", seeds: [], isRetry: false };
      book.reserve({ ...request, idempotencyKey: undefined }, nowMs);
      if (i % 5 === 0) book.release(reservationId, nowMs);
      else book.settle({ reservationId, lines }, nowMs);
    }
    return { events: nextEvents(storage.sql).map(({ event }) => event), spent: book.balances().spent };
  });
}

async function deliver(bodies: readonly unknown[]) {
  const messages = bodies.map((body, index) => ({ id: `${index}`, timestamp: new Date(nowMs), attempts: 1, body }));
  const batch = createMessageBatch(queueName, messages);
  const context = createExecutionContext();
  await worker.queue(batch, env);
  return getQueueResult(batch, context);
}

async function usageOf(account: string): Promise<number | null | undefined> {
  const query = "SELECT SUM(micro_usd) AS sum FROM usage WHERE account = ?";
  return (await USAGE.prepare(query).bind(account).first<{ sum: number }>())?.sum;
}

test("usage is what the ledger spent, however often and in whatever order its events come", async () => {
  const { events, spent } = await settledAccount("account-a");
  expect(events).toHaveLength(16);
  await deliver(events.slice(8).reverse());
  await deliver([...events, ...events.slice(0, 3)]);
  await deliver(events.toReversed());
  expect(spent).toBeGreaterThan(0);
  expect(await usageOf("account-a")).toBe(spent);
  const query = "SELECT SUM(micro_usd) AS spent, SUM(requests) AS requests FROM spend_days WHERE account = 'account-a'";
  expect(await USAGE.prepare(query).first()).toEqual({ spent, requests: events.length });
});

test("a message that is no event is handed back, and spoils none of the others", async () => {
  const { events, spent } = await settledAccount("account-b");
  const result = await deliver([{ id: "x" }, ...events]);
  expect(result.retryMessages).toEqual([{ msgId: "0" }]);
  expect(await usageOf("account-b")).toBe(spent);
});
