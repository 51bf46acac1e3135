import { runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { expect, test } from "vitest";
import { spentMicroUsd } from "../../../../workers/account/keys/allowance.ts";
import { owedMicroUsd, reversedMicroUsd } from "../../../../workers/account/money/reversals.ts";
import { actor, ledgerStub, sumEntries } from "../../support/account-book.ts";
import { TestEdge } from "../../support/test-edge.ts";

const edge = new TestEdge();
const budgetMicroUsd = 400;
const sha256 = (index: number) => `${index}`.padStart(2, "0").repeat(32);

type Step =
  | { readonly kind: "grant" | "refund" | "withdraw" | "reinstate"; readonly id: number; readonly microUsd: number }
  | { readonly kind: "reserve" | "charge" | "settle"; readonly id: number; readonly microUsd: number }
  | { readonly kind: "release"; readonly id: number };

const id = fc.integer({ min: 0, max: 12 });
const microUsd = fc.integer({ min: 1, max: 150 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom("grant" as const, "refund" as const), id, microUsd }),
  fc.record({ kind: fc.constantFrom("withdraw" as const, "reinstate" as const), id, microUsd }),
  fc.record({ kind: fc.constantFrom("reserve" as const, "charge" as const, "settle" as const), id, microUsd }),
  fc.record({ kind: fc.constant("release" as const), id }),
);

const latents = [{ latentId: "a", seed: 1, bytes: 10 }];

/** Each step goes to the account's object by itself; those of one wave are under way at once, as requests are. */
async function carryOut(account: string, { kind, id, ...rest }: Step): Promise<void> {
  const ledger = edge.ledger(account);
  const amount = "microUsd" in rest ? rest.microUsd : 0;
  const reservationId = `r${id}`;
  if (kind === "grant") await ledger.grant({ grantId: `g${id}`, microUsd: amount, actor });
  if (kind === "refund") await ledger.reverse({ kind: "refunded", grantId: `g${id}`, refundedMicroUsd: amount, actor });
  if (kind === "withdraw" || kind === "reinstate") {
    const returnedMicroUsd = kind === "reinstate" ? amount : 0;
    const totals = { disputeId: `d${id}`, withdrawnMicroUsd: amount, returnedMicroUsd };
    await ledger.reverse({ kind: "disputed", grantId: `g${id % 7}`, ...totals, actor });
  }
  if (kind === "reserve" || kind === "charge") {
    const seeds = { digest: `${id}`, seeds: [id], idempotencyKey: undefined, isRetry: false, recipe: "apple" };
    const keyId = id % 2 === 0 ? `key_${sha256(1).slice(0, 24)}` : undefined;
    const lines = [{ kind: "hit", latentId: "a", microUsd: Math.min(amount, 20) }] as const;
    // Charged at once if a request that was settled before has made the latent, and held otherwise.
    const found = kind === "charge" ? { lines, latents } : undefined;
    await ledger.reserve({ reservationId, account, keyId, ceilingMicroUsd: amount, found, ...seeds });
  }
  if (kind === "settle") {
    const lines = [{ kind: "generation", latentId: "a", microUsd: Math.min(amount, 40) }] as const;
    // Nothing was reserved under this name yet, or less than this: the ledger refuses, and nothing moves.
    await ledger
      .settle({ reservationId, lines, latents })
      .catch((error) => expect(String(error)).toMatch(/reservation|ceiling/u));
  }
  if (kind === "release") await ledger.release(reservationId);
}

test("whatever is done at once and in whatever order, no balance is negative, all sums agree, and no budget is exceeded", async () => {
  const waves = fc.array(fc.array(step, { minLength: 1, maxLength: 12 }), { minLength: 3, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(waves, async (all) => {
      const account = `waves-${crypto.randomUUID()}`;
      await edge.admin("PUT", account, {});
      await edge.env.ACCOUNT_LEDGERS.getByName(account).createKey(
        sha256(1),
        {
          name: "",
          scopes: ["generate"],
          expiresMs: undefined,
          requestsPerMinute: undefined,
          budgetMicroUsdPerDay: budgetMicroUsd,
        },
        actor,
      );
      for (const wave of all) {
        await Promise.all(wave.map((each) => carryOut(account, each)));
        await check(account);
      }
    }),
    { numRuns: 20 },
  );
});

async function check(account: string): Promise<void> {
  await runInDurableObject(ledgerStub(account), (_, { storage: { sql } }) => {
    const sums = { granted: 0, available: 0, held: 0, spent: 0, ...sumEntries(sql) };
    expect(Math.min(sums.available, sums.held, sums.spent)).toBeGreaterThanOrEqual(0);
    expect(sums.granted + sums.available + sums.held + sums.spent).toBe(0);
    const one = (query: string) => sql.exec<{ sum: number }>(query).one().sum;
    const balance = (bucket: string) => one(`SELECT micro_usd AS sum FROM balances WHERE bucket = '${bucket}'`);
    for (const [bucket, sum] of Object.entries(sums)) expect(balance(bucket)).toBe(sum);
    const total = (what: string, of: string) =>
      one(`SELECT COALESCE(SUM(${what}), 0) AS sum FROM reservations WHERE ${of}`);
    const charged = "settlement ->> '$.chargedMicroUsd'";
    expect(total("ceiling_micro_usd", "state = 'open'")).toBe(sums.held);
    expect(total(charged, "state = 'settled'")).toBe(sums.spent);
    const ofKey = total("ceiling_micro_usd", "state = 'open' AND key_id IS NOT NULL");
    const spentByKey = ofKey + total(charged, "state = 'settled' AND key_id IS NOT NULL");
    const keyId = `key_${sha256(1).slice(0, 24)}`;
    expect(spentMicroUsd(sql, keyId, Date.now())).toBe(spentByKey);
    expect(spentByKey).toBeLessThanOrEqual(budgetMicroUsd + 40);
    const taken = one(
      "SELECT COALESCE(SUM(micro_usd), 0) AS sum FROM entries WHERE transaction_id LIKE 'refund:%' AND bucket = 'granted'",
    );
    const grants = Array.from({ length: 13 }, (_, index) => `g${index}`);
    const reversed = grants.map((grant) => reversedMicroUsd(sql, grant)).reduce((sum, each) => sum + each, 0);
    expect(taken + owedMicroUsd(sql)).toBe(reversed);
    // What is owed is taken as soon as there is something to take.
    expect(Math.min(owedMicroUsd(sql), sums.available)).toBe(0);
  });
}
