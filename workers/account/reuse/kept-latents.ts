import { latentBytesMaxDefault, latentsPerPromptDefault } from "../../../shared/limits.ts";
import type { ChargeLine } from "../../prices/price-book.ts";
import { storageDaysPaid, sumMicroUsd } from "../../prices/price-book.ts";
import { readAccount } from "../keys/account-record.ts";

// What an account keeps of its latents: which a prompt has, so that a request without a seed can be given one of them,
// and what each is worth, so that the least worth goes when there are too many. No prompt stands here: a prompt's name
// is a keyed digest of its recipe.

/** How much is freed at once when the budget is exceeded: rarely enough that looking at every latent does no harm. */
const freedShare = 0.1;

const dayMs = 86_400_000;

/** A caller's turn is forgotten after so long. */
const turnMs = 30 * dayMs;

/** Who asks a prompt for latents without naming a seed. */
export interface Turn {
  /** The keyed digest of everything but the seed. */
  readonly recipe: string;
  /** Whose turns are told apart: a key. */
  readonly caller: string;
  /** Seeds for pictures that the prompt has no latent for, as many as are wanted. */
  readonly seeds: readonly number[];
}

/** A latent that was delivered. */
export interface KeptLatent {
  readonly latentId: string;
  readonly seed: number;
  /** What it takes in the store, in bytes. */
  readonly bytes: number;
  /** Whether it shows another prompt, that is nearly the same. */
  readonly isSimilar?: boolean;
}

/** What a request was given, and was charged for. */
export interface DeliveredLatents extends Pick<Turn, "recipe" | "caller"> {
  readonly latents: readonly KeptLatent[];
  readonly lines: readonly ChargeLine[];
}

/**
 * Seeds for a request without one: those whose latents the prompt has, and new ones for the rest. None is given to a
 * caller twice in a row as long as the prompt has another, and the longest unused ones come first.
 */
export function takeTurn(sql: SqlStorage, { recipe, caller, seeds }: Turn, nowMs: number): number[] {
  const reused = seedsInTurn(sql, recipe, caller);
  const fresh = seeds.filter((seed) => !reused.includes(seed));
  const given = [...reused, ...fresh].slice(0, seeds.length);
  noteTurn(sql, { recipe, caller, seeds: given }, nowMs);
  return given;
}

/** Latents that a prompt has, at most `count`, in the order of `takeTurn`. */
export function latentsInTurn(
  sql: SqlStorage,
  { recipe, caller, count }: Omit<Turn, "seeds"> & { readonly count: number },
  nowMs: number,
): Omit<KeptLatent, "bytes">[] {
  const seeds = seedsInTurn(sql, recipe, caller).slice(0, count);
  noteTurn(sql, { recipe, caller, seeds }, nowMs);
  const query = "SELECT id AS latentId, seed FROM latents WHERE recipe = ? AND seed = ?";
  return seeds.map((seed) => sql.exec<{ latentId: string; seed: number }>(query, recipe, seed).one());
}

/** Whether a request for this prompt can be given a latent that it has. */
export function hasLatents(sql: SqlStorage, recipe: string): boolean {
  return rotationOf(sql, recipe).length > 0;
}

function seedsInTurn(sql: SqlStorage, recipe: string, caller: string): number[] {
  const known = rotationOf(sql, recipe);
  const last = lastSeeds(sql, recipe, caller);
  return [...known.filter((seed) => !last.has(seed)), ...known.filter((seed) => last.has(seed))];
}

/** Enters latents that were delivered, and what was charged for them, under the prompt that they show. */
export function keepLatents(
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
  if (seeds.length > 0) putTurn(sql, { recipe, caller, seeds }, nowMs);
  if (excessBytes(sql) > 0) evict(sql, nowMs);
}

interface DeliveredLatent {
  readonly recipe: string;
  readonly latent: KeptLatent;
  /** What was charged for it. */
  readonly lines: readonly ChargeLine[];
}

/** A latent that another request made may be another account's: it takes none of this one's room. */
function enterLatent(sql: SqlStorage, { recipe, latent, lines }: DeliveredLatent, nowMs: number): void {
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
    ...[latentId, recipe, seed, isMade ? bytes : 0, sumMicroUsd(lines), nowMs, nextGiven(sql), hits],
  );
}

/**
 * When each of these latents was made, Unix milliseconds. Undefined unless the account had all of them made and keeps them:
 * they were neither deleted nor evicted, and it is not so long ago that the store may have let them expire.
 */
export function keptSince(sql: SqlStorage, latents: readonly KeptLatent[], nowMs: number): number[] | undefined {
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

/** Latents that are to be taken out of the store, at most `limit`; those that were made again meanwhile are not. */
export function nextEvictions(sql: SqlStorage, limit: number): string[] {
  sql.exec("DELETE FROM evictions WHERE id IN (SELECT id FROM latents)");
  const rows = sql.exec<{ id: string }>("SELECT id FROM evictions LIMIT ?", limit).toArray();
  return rows.map(({ id }) => id);
}

/** Forgets evictions that were carried out. */
export function dropEvictions(sql: SqlStorage, ids: readonly string[]): void {
  for (const id of ids) sql.exec("DELETE FROM evictions WHERE id = ?", id);
}

/** Forgets a latent that its owner has deleted, so that no request is given its seed. */
export function forgetLatent(sql: SqlStorage, latentId: string): void {
  sql.exec("DELETE FROM latents WHERE id = ?", latentId);
}

/** Forgets turns that were taken long ago. */
export function forgetTurns(sql: SqlStorage, nowMs: number): void {
  sql.exec("DELETE FROM turns WHERE at_ms < ?", nowMs - turnMs);
}

/**
 * Frees a tenth of the budget, the least worth first: what a latent cost to make × how often it was wanted ÷ its age.
 * Latents of other accounts take no room and stay.
 */
function evict(sql: SqlStorage, nowMs: number): void {
  let excess = excessBytes(sql, freedShare);
  const worst = sql.exec<{ id: string; bytes: number }>(
    `SELECT id, bytes FROM latents WHERE bytes > 0
     ORDER BY CAST(cost_micro_usd AS REAL) * (hits + 1) / (? - made_ms + 1), made_ms`,
    nowMs,
  );
  for (const { id, bytes } of worst.toArray()) {
    if (excess <= 0) return;
    excess -= bytes;
    sql.exec("DELETE FROM latents WHERE id = ?", id);
    sql.exec("INSERT OR IGNORE INTO evictions (id) VALUES (?)", id);
  }
}

/** The seeds that a prompt's requests go round: of the newest latents, the longest unused first. */
function rotationOf(sql: SqlStorage, recipe: string): number[] {
  const kept = readAccount(sql)?.latentsPerPrompt ?? latentsPerPromptDefault;
  const query = `SELECT seed FROM (SELECT seed, given FROM latents WHERE recipe = ? ORDER BY made_ms DESC, given DESC LIMIT ?)
    ORDER BY given`;
  const rows = sql.exec<{ seed: number }>(query, recipe, kept).toArray();
  return rows.map(({ seed }) => seed);
}

function lastSeeds(sql: SqlStorage, recipe: string, caller: string): ReadonlySet<number> {
  const query = "SELECT seeds FROM turns WHERE recipe = ? AND caller = ?";
  const row = sql.exec<{ seeds: string }>(query, recipe, caller).toArray()[0];
  return new Set<number>(row === undefined ? [] : JSON.parse(row.seeds));
}

function noteTurn(sql: SqlStorage, { recipe, caller, seeds }: Turn, nowMs: number): void {
  putTurn(sql, { recipe, caller, seeds }, nowMs);
  for (const seed of seeds) {
    sql.exec("UPDATE latents SET given = ? WHERE recipe = ? AND seed = ?", nextGiven(sql), recipe, seed);
  }
}

/** A turn like the last one is written again once a day, which is exact enough for when it is forgotten. */
function putTurn(sql: SqlStorage, { recipe, caller, seeds }: Turn, nowMs: number): void {
  sql.exec(
    `INSERT INTO turns (recipe, caller, seeds, at_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (recipe, caller) DO UPDATE SET seeds = excluded.seeds, at_ms = excluded.at_ms
     WHERE seeds <> excluded.seeds OR at_ms <= excluded.at_ms - ?`,
    ...[recipe, caller, JSON.stringify(seeds), nowMs, dayMs],
  );
}

function nextGiven(sql: SqlStorage): number {
  return sql.exec<{ given: number }>("UPDATE latent_total SET given = given + 1 RETURNING given").one().given;
}

/** By how many bytes the account keeps too much. The sum is kept by triggers, so that a request need not add it up. */
function excessBytes(sql: SqlStorage, freed = 0): number {
  const query =
    "SELECT bytes - COALESCE((SELECT latent_bytes_max FROM account), ?) * (1 - ?) AS excess FROM latent_total";
  return sql.exec<{ excess: number }>(query, latentBytesMaxDefault, freed).one().excess;
}
