import { describe, expect, test, vi } from "vitest";
import type { AccountBook } from "../../../workers/account/account-book.ts";
import { explore, testMsMax } from "../support/explore.ts";
import { override } from "../support/override.ts";
import { rewriteSql, SqliteStorage } from "../support/sqlite-storage.ts";
import { ledgerSubject, type Plant } from "./ledger-subject.ts";

vi.setConfig({ testTimeout: testMsMax });

const reach = { stories: 2_300, stepsMax: 40 };
const stepsMin = 40_000;
/** As many find each planted fault. */
const reachForFault = { stories: 2_000, stepsMax: 40 };
/** The longest story that a planted fault needs, once it is made short. */
const storyMax = 6;

const storage = new SqliteStorage();

test("a ledger does what its model does, in any story of credit, requests, holds, keys and time", async () => {
  const { steps, failure } = await explore(ledgerSubject(storage), reach);
  expect(failure?.report).toBeUndefined();
  expect(steps).toBeGreaterThan(stepsMin);
});

/** The ledger with some methods of another behaviour. */
function calls(change: (book: AccountBook) => Partial<AccountBook>): Plant {
  return { book: (book) => override(book, change(book)) };
}

/** The ledger with a statement that says something else. */
function says(from: string, to: string): Plant {
  return { rewrite: rewriteSql(from, to) };
}

let copies = 0;

describe("a planted fault in the ledger is found:", () => {
  test.each<[string, Plant]>([
    [
      "a grant counts each time it is told",
      calls((book) => ({
        grant: (grant, nowMs) => book.grant({ ...grant, grantId: `${grant.grantId} ${copies++}` }, nowMs),
      })),
    ],
    [
      "a reservation holds one too little",
      calls((book) => ({
        reserve: (order, nowMs) => book.reserve({ ...order, ceilingMicroUsd: order.ceilingMicroUsd - 1 }, nowMs),
      })),
    ],
    ["a release is forgotten", calls(() => ({ release: () => undefined }))],
    [
      "a release charges what was noted",
      calls((book) => ({ release: (reservationId, nowMs) => book.abandon({ reservationId, lines: [] }, nowMs) })),
    ],
    ["work is not noted", calls(() => ({ recordWork: () => undefined }))],
    [
      "a settlement forgets its own line",
      calls((book) => ({ settle: (work, nowMs) => book.settle({ ...work, lines: [] }, nowMs) })),
    ],
    [
      "who leaves pays nothing",
      calls((book) => ({ abandon: ({ reservationId }, nowMs) => book.release(reservationId, nowMs) })),
    ],
    [
      "who leaves pays only what was noted",
      calls((book) => ({
        abandon: ({ reservationId }, nowMs) => book.abandon({ reservationId, lines: [] }, nowMs),
      })),
    ],
    ["a departure is not noted", calls(() => ({ noteLeft: () => undefined }))],
    ["nothing ever expires", calls(() => ({ sweep: () => undefined }))],
    ["a second holder is not counted", says("holders = holders + 1", "holders = holders")],
    ["a departure counts though another holds", says(" WHERE id = ? AND holders = 1", " WHERE id = ?")],
    [
      "a request that expired is charged beside its repeat",
      says("WHEN 'released' THEN 0", "WHEN 'released' THEN holders"),
    ],
    [
      "a request that expires frees its key",
      says("state = 'released', due_ms", "state = 'released', idempotency_key = NULL, due_ms"),
    ],
    [
      "an idempotency key stands for any body",
      calls((book) => ({
        reserve: (order, nowMs) => book.reserve({ ...order, digest: "one" }, nowMs),
      })),
    ],
    [
      "a retry of what failed is given another's answer",
      says("AND state = 'released' AND created_ms", "AND state = 'lost' AND created_ms"),
    ],
    ["an abandoned request is answered for nothing", says("SET holders = 0", "SET holders = 1")],
    ["a hold gives more than it has", says("AND state = 'open' AND remaining_micro_usd >= ?2", "AND state = 'open'")],
    [
      "a failed request's money does not return to its hold",
      says("remaining_micro_usd + ?", "remaining_micro_usd + 0 * ?"),
    ],
    ["a hold forgets what was charged to it", says("spent_micro_usd = spent_micro_usd + ?", "spent_micro_usd = 0 * ?")],
    ["a hold takes a place of the account's requests", says(" AND hold_id IS NULL", "")],
    [
      "a refund is taken each time it is told",
      says("MAX(micro_usd, excluded.micro_usd)", "micro_usd + excluded.micro_usd"),
    ],
    [
      "a dispute that is won gives nothing back",
      says("withdrawn_micro_usd - returned_micro_usd", "withdrawn_micro_usd"),
    ],
    ["what is owed is forgotten", says("UPDATE owed SET micro_usd = ?,", "UPDATE owed SET micro_usd = 0 * ?,")],
    [
      "a key's spending of yesterday counts today",
      says("WHERE key_id = ? AND day = ?", "WHERE key_id = ? AND day <= ?"),
    ],
    ["a latent that was deleted is sold", says("DELETE FROM latents WHERE id = ?", "SELECT ?")],
  ])("%s", async (_, plant) => {
    const { failure } = await explore(ledgerSubject(storage, plant), reachForFault);
    expect(failure?.story.length).toBeLessThanOrEqual(storyMax);
  });
});
