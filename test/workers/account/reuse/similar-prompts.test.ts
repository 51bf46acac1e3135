import { expect, test } from "vitest";
import { rememberedPromptsMax } from "../../../../shared/limits.ts";
import { forgetLatent, recordDelivered } from "../../../../workers/account/reuse/delivered-latents.ts";
import { forgetPrompts, rememberPrompt, takeSimilar } from "../../../../workers/account/reuse/similar-prompts.ts";
import { actor, withBook } from "../../support/account-book.ts";

const nowMs = Date.UTC(2026, 10, 22);
const day = 86_400_000;

function withPrompts(work: (sql: SqlStorage) => void): Promise<void> {
  return withBook((_, { storage: { sql } }) => work(sql));
}

function likeness(words: string, terms = "terms") {
  return { terms, tokens: words.split(" ").sort() };
}

/** A prompt, named by its words, that has a latent. */
function remember(sql: SqlStorage, words: string, { seed = 1, atMs = nowMs, terms = "terms" } = {}): void {
  rememberPrompt(sql, { recipe: words, likeness: likeness(words, terms) }, atMs);
  const latentId = `${words} ${seed}`;
  const lines = [{ kind: "generation", latentId, microUsd: 100 } as const];
  recordDelivered(sql, { recipe: words, caller: "maker", latents: [{ latentId, seed, bytes: 1 }], lines }, atMs);
}

function take(sql: SqlStorage, words: string, count = 1) {
  return takeSimilar(sql, { likeness: likeness(words), caller: "key", count }, nowMs).map(({ latentId }) => latentId);
}

test("a prompt is given the latents of the nearest one within a fifth, in turn", async () => {
  await withPrompts((sql) => {
    remember(sql, "a b c d");
    expect(take(sql, "d c b a e")).toEqual(["a b c d 1"]);
    expect(take(sql, "a b c e")).toEqual([]);
    expect(take(sql, "a b c d e f")).toEqual([]);
    remember(sql, "a b c d e", { seed: 2 });
    expect(take(sql, "e d c b a")).toEqual(["a b c d e 2"]);
    remember(sql, "a b c d e", { seed: 3 });
    expect(take(sql, "e d c b a")).toEqual(["a b c d e 3"]);
    expect(take(sql, "e d c b a", 5).toSorted()).toEqual(["a b c d e 2", "a b c d e 3"]);
  });
});

test("a prompt under other terms, or without latents, serves nobody", async () => {
  await withPrompts((sql) => {
    remember(sql, "a b c d", { terms: "other" });
    rememberPrompt(sql, { recipe: "none", likeness: likeness("a b c d") }, nowMs);
    expect(take(sql, "a b c d")).toEqual([]);
    remember(sql, "d c b a");
    expect(take(sql, "a b c d")).toEqual(["d c b a 1"]);
    forgetLatent(sql, "d c b a 1");
    expect(take(sql, "a b c d")).toEqual([]);
  });
});

test("only so many prompts are remembered, the newest, and none longer than 30 days", async () => {
  await withPrompts((sql) => {
    remember(sql, "a b c d");
    remember(sql, "e f g h");
    rememberPrompt(sql, { recipe: "a b c d", likeness: likeness("a b c d") }, nowMs + 1);
    for (let index = 2; index < rememberedPromptsMax; index += 1) remember(sql, `w${index}`, { atMs: nowMs + 1 });
    expect(take(sql, "e f g h")).toEqual(["e f g h 1"]);
    remember(sql, "one more", { atMs: nowMs + 2 });
    expect(take(sql, "e f g h")).toEqual([]);
    expect(take(sql, "a b c d")).toEqual(["a b c d 1"]);
    expect(sql.exec("SELECT COUNT(*) AS count FROM prompts").one()["count"]).toBe(rememberedPromptsMax);
    forgetPrompts(sql, nowMs + 30 * day + 2);
    expect(take(sql, "a b c d")).toEqual([]);
    expect(take(sql, "one more")).toEqual(["one more 1"]);
  });
});

test("the repeat of a request whose client left is given the same latents of the similar prompt", async () => {
  await withBook((book, { storage: { sql } }) => {
    book.grant({ grantId: "first", microUsd: 1_000, actor }, nowMs);
    remember(sql, "a b c d");
    const order = {
      account: "account-1",
      ceilingMicroUsd: 200,
      digest: "digest",
      idempotencyKey: "mine",
      isRetry: false,
      seeds: [7, 8],
      recipe: "near",
      mayReuse: true,
      likeness: likeness("a b c d e"),
    };
    const chosen = { seeds: [7, 8], similar: [{ latentId: "a b c d 1", seed: 1 }] };
    expect(book.reserve({ ...order, reservationId: "1" }, nowMs)).toMatchObject({ value: chosen });
    book.recordWork({ reservationId: "1", lines: [{ kind: "generation", latentId: "near 8", microUsd: 100 }] });
    book.abandon({ reservationId: "1", lines: [] }, nowMs);
    expect(book.reserve({ ...order, reservationId: "2" }, nowMs)).toMatchObject({
      value: { ...chosen, reservationId: "2", isRepeat: true, settlement: undefined },
    });
  });
});
