import { type ChargeLine, sumMicroUsd } from "../../prices/price-book.ts";

interface WorkRow extends Record<string, SqlStorageValue> {
  readonly kind: ChargeLine["kind"];
  readonly latent_id: string;
  readonly micro_usd: number;
}

/** Notes work for a reservation; the same work is noted once, at the most that was said of it. */
export function putWork(sql: SqlStorage, reservationId: string, lines: readonly ChargeLine[]): void {
  for (const { kind, latentId, microUsd } of lines) {
    sql.exec(
      `INSERT INTO work (reservation_id, kind, latent_id, micro_usd) VALUES (?, ?, ?, ?)
       ON CONFLICT (reservation_id, kind, latent_id) DO UPDATE SET micro_usd = MAX(micro_usd, excluded.micro_usd)`,
      reservationId,
      kind,
      latentId,
      microUsd,
    );
  }
}

/** The work noted for a reservation. */
export function readWork(sql: SqlStorage, reservationId: string): ChargeLine[] {
  const query = "SELECT kind, latent_id, micro_usd FROM work WHERE reservation_id = ? ORDER BY latent_id, kind";
  const rows = sql.exec<WorkRow>(query, reservationId).toArray();
  return rows.map(({ kind, latent_id, micro_usd }) => ({ kind, latentId: latent_id, microUsd: micro_usd }));
}

/** Forgets the work noted for a reservation. */
export function dropWork(sql: SqlStorage, reservationId: string): void {
  sql.exec("DELETE FROM work WHERE reservation_id = ?", reservationId);
}

/**
 * What a request says was done for it, and what was noted beside. A latent that was made for this reservation is
 * charged as made, even if the request that settles came later and found it: that was a repeat of the one which had it
 * made. Work that is both claimed and noted counts once, at the higher price: the lower one is what a repeat has paid
 * before, and it runs again. A hit runs nothing, so it is paid once.
 */
export function withWork(claimed: readonly ChargeLine[], noted: readonly ChargeLine[]): ChargeLine[] {
  const sameOf = (line: ChargeLine) => claimed.find((other) => line.kind !== "hit" && isSameWork(line, other));
  const isNoted = (line: ChargeLine) => noted.some((other) => isSameWork(line, other) || covers(other, line));
  const tierOf = (line: ChargeLine) => claimed.find(({ latentId }) => latentId === line.latentId)?.tier;
  // Only what is claimed knows how long it took, and which picture came of it.
  const all = noted.map((line) => {
    const same = sameOf(line);
    const tier = tierOf(line);
    const microUsd = Math.max(line.microUsd, same?.microUsd ?? 0);
    return { ...same, ...line, ...(tier !== undefined && { tier }), microUsd };
  });
  return [...all, ...claimed.filter((line) => !isNoted(line))];
}

function isSameWork(one: ChargeLine, other: ChargeLine): boolean {
  return one.kind === other.kind && one.latentId === other.latentId;
}

/** Whether a hit was paid with the latent itself. */
function covers(noted: ChargeLine, { kind, latentId }: ChargeLine): boolean {
  return kind === "hit" && noted.latentId === latentId && noted.kind !== "stopped" && noted.kind !== "decode";
}

/** Lowers what is charged for stopped work so far that everything together is at most the ceiling. */
export function withinCeiling(ceilingMicroUsd: number, lines: readonly ChargeLine[]): ChargeLine[] {
  const isStopped = ({ kind }: ChargeLine) => kind === "stopped";
  let rest = ceilingMicroUsd - sumMicroUsd(lines.filter((line) => !isStopped(line)));
  return lines.map((line) => {
    if (!isStopped(line)) return line;
    const microUsd = Math.max(0, Math.min(line.microUsd, rest));
    rest -= microUsd;
    return { ...line, microUsd };
  });
}
