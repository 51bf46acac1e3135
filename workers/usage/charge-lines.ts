import { forgetKeys } from "./spend.ts";

/** One line of a settlement, as the usage table has it. */
export interface ChargeRow {
  readonly event_id: string;
  readonly line: number;
  readonly kind: string;
  /** Empty: it was erased. */
  readonly latent_id: string;
  readonly micro_usd: number;
  readonly price_book: number;
  /** Unix milliseconds. */
  readonly at_ms: number;
  readonly key_id: string | null;
  readonly gpu_ms: number | null;
  readonly saved_micro_usd: number | null;
  readonly saved_gpu_ms: number | null;
  readonly tier: string | null;
}

/** The place of a line among its account's. */
export type ChargePlace = Pick<ChargeRow, "at_ms" | "event_id" | "line">;

/** An account's charges, line by line. */
export interface ChargeLines {
  /** The lines behind that place, oldest first, at most `limit`; undefined: from the first. */
  read(account: string, after: ChargePlace | undefined, limit: number): Promise<readonly ChargeRow[]>;
  /**
   * Forgets what at most `limit` lines were for: latent and key. Amounts, kinds and times stay, since books must show
   * them. Returns how many it found; fewer than `limit`: no other line knows.
   */
  erase(account: string, limit: number): Promise<number>;
}

const columns =
  "event_id, line, kind, latent_id, micro_usd, price_book, at_ms, key_id, gpu_ms, saved_micro_usd, saved_gpu_ms, tier";
const readQuery = `SELECT ${columns} FROM usage
  WHERE account = ?1 AND (at_ms, event_id, line) > (?2, ?3, ?4) ORDER BY at_ms, event_id, line LIMIT ?5`;
const eraseQuery = `UPDATE usage SET latent_id = '', key_id = NULL WHERE (event_id, line) IN
  (SELECT event_id, line FROM usage WHERE account = ? AND (latent_id <> '' OR key_id IS NOT NULL) LIMIT ?)`;

/** The lines in D1; see migrations/. */
export function createChargeLines(database: Pick<D1Database, "prepare" | "batch">): ChargeLines {
  return {
    async read(account, after = { at_ms: -1, event_id: "", line: 0 }, limit) {
      const bound = [account, after.at_ms, after.event_id, after.line, limit];
      const { results } = await database
        .prepare(readQuery)
        .bind(...bound)
        .all<ChargeRow>();
      return results;
    },
    async erase(account, limit) {
      const [erased] = await database.batch([
        database.prepare(eraseQuery).bind(account, limit),
        ...forgetKeys.map((query) => database.prepare(query).bind(account)),
      ]);
      return erased?.meta.changes ?? 0;
    },
  };
}
