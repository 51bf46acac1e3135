import { type ChargeLine, storageDaysPaid, sumMicroUsd } from "../../prices/price-book.ts";
import { evictExcess } from "./eviction.ts";
import { forgetEntry } from "./latent-list.ts";
import { nextGiven, noteDelivered, type Rotation } from "./rotation.ts";

// The latents that an account's requests received: what each cost, how often it was delivered, and its size.

const dayMs = 86_400_000;

/** A latent that was delivered. */
export interface DeliveredLatent {
  readonly latentId: string;
  readonly seed: number;
  /** What it takes in the store, in bytes. */
  readonly bytes: number;
  /** Whether it shows another prompt, that is nearly the same. */
  readonly isSimilar?: boolean;
}

/** What a request was given, and was charged for. */
export interface DeliveredLatents extends Pick<Rotation, "recipe" | "caller"> {
  readonly latents: readonly DeliveredLatent[];
  readonly lines: readonly ChargeLine[];
}

/** Enters latents that were delivered, and what was charged for them, under the prompt that they show. */
export function recordDelivered(
  sql: SqlStorage,
  { recipe, caller, latents, lines }: DeliveredLatents,
  nowMs: number,
): void {
  for (const latent of latents) {
    const own = lines.filter((line) => line.latentId === latent.latentId);
    enterLatent(sql, { recipe, latent, lines: own }, nowMs);
  }
  // Whatever its caller asked for (a seed, something new), it has these before its eyes now.
  const seeds = latents.filter(({ isSimilar }) => isSimilar !== true).map(({ seed }) => seed);
  if (seeds.length > 0) noteDelivered(sql, { recipe, caller, seeds }, nowMs);
  evictExcess(sql, nowMs);
}

/**
 * When each of these latents was made, Unix milliseconds. Undefined unless the account had all of them made and keeps
 * them: they were neither deleted nor evicted, and it is not so long ago that the store may have let them expire.
 */
export function storedSince(sql: SqlStorage, latents: readonly DeliveredLatent[], nowMs: number): number[] | undefined {
  const query = "SELECT made_ms FROM latents WHERE id = ? AND bytes > 0 AND made_ms > ?";
  const paidMs = nowMs - storageDaysPaid * dayMs;
  const times: number[] = [];
  for (const { latentId } of latents) {
    const row = sql.exec<{ made_ms: number }>(query, latentId, paidMs).toArray()[0];
    if (row === undefined) return undefined;
    times.push(row.made_ms);
  }
  return times;
}

/** Those of these seeds of a recipe whose latents no request of the account was given, or that it keeps no more. */
export function unknownSeeds(sql: SqlStorage, recipe: string, seeds: readonly number[]): number[] {
  const query = "SELECT 1 FROM latents WHERE recipe = ? AND seed = ?";
  return seeds.filter((seed) => sql.exec(query, recipe, seed).toArray().length === 0);
}

/** Forgets a latent that its owner has deleted, so that no request is given its seed. */
export function forgetLatent(sql: SqlStorage, latentId: string): void {
  forgetEntry(sql, latentId);
  sql.exec("DELETE FROM latents WHERE id = ?", latentId);
}

interface LatentDelivery {
  readonly recipe: string;
  readonly latent: DeliveredLatent;
  /** What was charged for it. */
  readonly lines: readonly ChargeLine[];
}

/** A latent that another request made may be another account's: it takes none of this one's room. */
function enterLatent(sql: SqlStorage, { recipe, latent, lines }: LatentDelivery, nowMs: number): void {
  const { latentId, seed, bytes, isSimilar } = latent;
  const isMade = lines.some(({ kind }) => kind === "generation" || kind === "storage");
  const hits = isMade ? 0 : 1;
  if (isSimilar === true) {
    sql.exec("UPDATE latents SET hits = hits + ? WHERE id = ?", hits, latentId);
    return;
  }
  sql.exec(
    `INSERT INTO latents (id, recipe, seed, bytes, cost_micro_usd, hits, made_ms, given) VALUES (?, ?, ?, ?, ?, 0, ?, ?)
     ON CONFLICT (id) DO UPDATE SET hits = hits + ?, given = excluded.given`,
    latentId,
    recipe,
    seed,
    isMade ? bytes : 0,
    sumMicroUsd(lines),
    nowMs,
    nextGiven(sql),
    hits,
  );
}
