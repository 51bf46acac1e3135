import { latentsPerPromptDefault } from "../../../shared/limits.ts";
import { readAccount } from "../keys/account-record.ts";

// Which of a prompt's stored latents an unseeded request receives. No prompt is stored here: a recipe is a keyed
// digest.

const dayMs = 86_400_000;

/** The seeds that a key received last are forgotten after so long. */
const rememberedMs = 30 * dayMs;

/** A request for a prompt's latents that names no seed. */
export interface Rotation {
  /** The keyed digest of everything but the seed. */
  readonly recipe: string;
  /** Whose last seeds are remembered: a key. */
  readonly caller: string;
  /** Seeds for pictures that the prompt has no latent for, as many as are wanted. */
  readonly seeds: readonly number[];
}

/**
 * Seeds for a request without one: those whose latents the prompt has, and new ones for the rest. None is given to a
 * caller twice in a row as long as the prompt has another, and the longest unused ones come first.
 */
export function rotateSeeds(sql: SqlStorage, { recipe, caller, seeds }: Rotation, nowMs: number): number[] {
  const reused = rotatedSeeds(sql, recipe, caller);
  const fresh = seeds.filter((seed) => !reused.includes(seed));
  const given = [...reused, ...fresh].slice(0, seeds.length);
  noteRotated(sql, { recipe, caller, seeds: given }, nowMs);
  return given;
}

/** A latent that a prompt has. */
type RotatedLatent = { readonly latentId: string; readonly seed: number };

/** Latents that a prompt has, at most `count`, in the order of `rotateSeeds`. */
export function rotateLatents(
  sql: SqlStorage,
  { recipe, caller, count }: Omit<Rotation, "seeds"> & { readonly count: number },
  nowMs: number,
): RotatedLatent[] {
  const seeds = rotatedSeeds(sql, recipe, caller).slice(0, count);
  noteRotated(sql, { recipe, caller, seeds }, nowMs);
  const query = "SELECT id AS latentId, seed FROM latents WHERE recipe = ? AND seed = ?";
  return seeds.map((seed) => sql.exec<RotatedLatent>(query, recipe, seed).one());
}

/** Whether a request for this prompt can be given a latent that it has. */
export function hasLatents(sql: SqlStorage, recipe: string): boolean {
  return rotationOf(sql, recipe).length > 0;
}

/** Forgets seeds that were delivered long ago. */
export function forgetRotations(sql: SqlStorage, nowMs: number): void {
  sql.exec("DELETE FROM turns WHERE at_ms < ?", nowMs - rememberedMs);
}

/** Notes which seeds a key received last. The same seeds are written again once a day, exact enough to forget them. */
export function noteDelivered(sql: SqlStorage, { recipe, caller, seeds }: Rotation, nowMs: number): void {
  sql.exec(
    `INSERT INTO turns (recipe, caller, seeds, at_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (recipe, caller) DO UPDATE SET seeds = excluded.seeds, at_ms = excluded.at_ms
     WHERE seeds <> excluded.seeds OR at_ms <= excluded.at_ms - ?`,
    recipe,
    caller,
    JSON.stringify(seeds),
    nowMs,
    dayMs,
  );
}

function rotatedSeeds(sql: SqlStorage, recipe: string, caller: string): number[] {
  const known = rotationOf(sql, recipe);
  const last = lastSeeds(sql, recipe, caller);
  return [...known.filter((seed) => !last.has(seed)), ...known.filter((seed) => last.has(seed))];
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

function noteRotated(sql: SqlStorage, { recipe, caller, seeds }: Rotation, nowMs: number): void {
  noteDelivered(sql, { recipe, caller, seeds }, nowMs);
  for (const seed of seeds) {
    sql.exec("UPDATE latents SET given = ? WHERE recipe = ? AND seed = ?", nextGiven(sql), recipe, seed);
  }
}

/** The next number of the account's deliveries, by which the longest unused latent is known. */
export function nextGiven(sql: SqlStorage): number {
  return sql.exec<{ given: number }>("UPDATE latent_total SET given = given + 1 RETURNING given").one().given;
}
