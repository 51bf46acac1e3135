import type { ChosenLatents } from "./reservation.ts";
import { chosenLatents, type ReservationRow, readSettlement } from "./reservation-rows.ts";
import { putWork } from "./work-notes.ts";

/** Marks a reservation as settled by nobody: it was charged for the latents that were made, and for nothing else. */
export function markAbandoned(sql: SqlStorage, id: string): void {
  sql.exec("UPDATE reservations SET holders = 0 WHERE id = ?", id);
}

/** Whether a repeat of this request must be charged for what is still to be done. */
export function isAbandoned({ state, holders }: ReservationRow): boolean {
  return state === "settled" && holders === 0;
}

/** Whether a repeat pays in this request's place: it expired while it was still working, and was sent again. */
export function isSuperseded({ state, holders }: ReservationRow): boolean {
  return state === "released" && holders === 0;
}

/**
 * Lets a repeat take the place of an abandoned or expired request, with its name and its latents, which are returned:
 * what was charged for finished work is noted for the repeat at no price, so that it pays for the rest alone; what it
 * does again, because a latent is gone by then or was never finished, it pays for again. Call it before the repeat is
 * stored.
 */
export function takeOver(sql: SqlStorage, abandoned: ReservationRow, reservationId: string): ChosenLatents {
  sql.exec(
    `UPDATE reservations SET idempotency_key = NULL, digest = '',
       holders = CASE state WHEN 'released' THEN 0 ELSE holders END WHERE id = ?`,
    abandoned.id,
  );
  const lines = readSettlement(abandoned.settlement)?.lines ?? [];
  const paid = lines.filter(({ kind }) => kind !== "stopped");
  putWork(
    sql,
    reservationId,
    paid.map((line) => ({ ...line, microUsd: 0 })),
  );
  return chosenLatents(abandoned);
}
