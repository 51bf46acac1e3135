import type { Failure } from "../../shared/errors.ts";
import { toHex } from "../../shared/hex.ts";
import { hmacSha256 } from "../../shared/hmac.ts";
import type { PromptLikeness } from "../../shared/latents/prompt-likeness.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { AccountClient, Accounts } from "../account/client.ts";
import type { FoundWork, Reservation, Settlement } from "../account/money/reservation.ts";
import type { DeliveredLatent } from "../account/reuse/delivered-latents.ts";
import type { LatentForm } from "../account/reuse/latent-list.ts";
import { type ChargeLine, type DeliveredItem, deliveredLines } from "../prices/price-book.ts";

/** What charging takes. */
export interface ChargingServices {
  readonly accounts: Accounts;
  /** Keys the digest of a request, so that nobody can try prompts against a stored one. */
  readonly latentKeySecret: string;
  /** A name that no other request has. */
  readonly newReservationId: () => string;
}

/** A request that is about to cost something. */
export interface ChargedRequest {
  readonly caller: {
    readonly account: string;
    readonly keyId?: string | undefined;
    readonly idempotencyKey: string | undefined;
    readonly isRetry: boolean;
    /** Money that is kept for this request already. */
    readonly holdId?: string | undefined;
  };
  /** Built by one function, its fields in one order, so that its JSON has one spelling. Holds no file. */
  readonly request: object;
  /** The most that it can cost. */
  readonly ceilingMicroUsd: number;
  readonly seeds: readonly number[];
  /** See `ReserveRequest`. */
  readonly recipe?: string;
  readonly latentForm?: LatentForm;
  readonly mayReuse?: boolean;
  readonly likeness?: PromptLikeness | undefined;
  readonly found?: FoundWork | undefined;
  readonly paysAgain?: boolean;
  readonly lastsMs?: number;
}

/** Where money is reserved: an account, or the gate of a caller that the account has not admitted yet. */
export type Reserver = Pick<AccountClient, "reserve">;

/**
 * Holds the most that a request can cost, or finds what its repeat was held or charged before. A `gate` that the
 * account has not answered yet asks for admission in the same call.
 */
export async function reserveCeiling(
  { accounts, latentKeySecret, newReservationId }: ChargingServices,
  { caller, request, ...wanted }: ChargedRequest,
  gate: Reserver = accounts.of(caller.account),
): Promise<Result<Reservation, Failure>> {
  return gate.reserve({
    reservationId: newReservationId(),
    account: caller.account,
    keyId: caller.keyId,
    idempotencyKey: caller.idempotencyKey,
    isRetry: caller.isRetry,
    holdId: caller.holdId,
    digest: await digestOf(latentKeySecret, request),
    ...wanted,
  });
}

/** A request whose ceiling is held. */
export interface Reserved<Item> {
  readonly account: string;
  readonly reservation: Reservation;
  /** Aborts when the client has left. */
  readonly signal: AbortSignal;
  /** The latents that are delivered with it, for its prompt's requests to come. */
  readonly latentsOf?: (items: readonly Item[]) => readonly DeliveredLatent[];
}

/** What was done for a request, and is paid for. */
export interface Paid<Item> {
  readonly items: readonly Item[];
  readonly settlement: Settlement;
}

/** Notes what was run for a request, finished or stopped, for the case that its client leaves before it is answered. */
export type NoteRun = (lines: readonly ChargeLine[]) => void;

/**
 * Charges what `work` did, or gives everything back when it fails. Of a request whose client left before it was done,
 * whatever else became of it, what had run by then is charged.
 */
export async function settleOrRelease<Item extends DeliveredItem>(
  { accounts }: ChargingServices,
  { account, reservation, signal, latentsOf }: Reserved<Item>,
  work: (noteRun: NoteRun) => Promise<Result<readonly Item[], Failure>>,
): Promise<Result<Paid<Item>, Failure>> {
  const ledger = accounts.of(account);
  const { reservationId } = reservation;
  const run: ChargeLine[] = [];
  let items: Result<readonly Item[], Failure> | undefined;
  // Should the platform end this request before what it had run for it is stopped and charged.
  const noteLeft = () => void ledger.noteLeft(reservationId).catch(() => {});
  signal.addEventListener("abort", noteLeft, { once: true });
  try {
    items = await work((lines) => run.push(...lines));
  } finally {
    signal.removeEventListener("abort", noteLeft);
    if (items?.ok !== true) {
      await (signal.aborted ? ledger.abandon({ reservationId, lines: run }) : ledger.release(reservationId));
    }
  }
  if (!items.ok) return items;
  const lines = deliveredLines(items.value);
  const settled = await ledger.settle({ reservationId, lines, latents: latentsOf?.(items.value) });
  return settled.ok ? ok({ items: items.value, settlement: settled.value }) : settled;
}

async function digestOf(secret: string, request: object): Promise<string> {
  return toHex(await hmacSha256(secret, `request\nv1\n${JSON.stringify(request)}`));
}
