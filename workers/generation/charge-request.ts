import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import type { Failure } from "../../shared/errors.ts";
import { toHex } from "../../shared/hex.ts";
import { hmacSha256 } from "../../shared/hmac.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { Ledgers } from "../ledger/ledger-client.ts";
import { latentBytes, pictureCeilingMicroUsd } from "../ledger/price-book.ts";
import type { Reservation, Settlement } from "../ledger/reservation.ts";
import type { Picture } from "./obtain-pictures.ts";
import type { GenerationPlan } from "./plan-generation.ts";

/** What charging takes. */
export interface ChargingServices {
  readonly ledgers: Ledgers;
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
  readonly request: CreateImageRequest;
  readonly plan: GenerationPlan;
}

/** The most that a plan can cost, in micro-USD, whatever turns out to be stored. */
export function planCeilingMicroUsd({ pictures, work }: GenerationPlan): number {
  return pictures.length * pictureCeilingMicroUsd(work);
}

/** Holds the most that a request can cost, or finds what its repeat was held or charged before. */
export async function reserveCeiling(
  { ledgers, latentKeySecret, newReservationId }: ChargingServices,
  { caller: { account, keyId, idempotencyKey, isRetry, holdId }, request, plan }: ChargedRequest,
): Promise<Result<Reservation, Failure>> {
  return ledgers.of(account).reserve({
    ...{ reservationId: newReservationId(), account, keyId, idempotencyKey, isRetry, holdId },
    ceilingMicroUsd: planCeilingMicroUsd(plan),
    digest: await digestOf(latentKeySecret, request),
    seeds: plan.pictures.map(({ seed }) => seed),
    recipe: plan.recipe,
    mayReuse: plan.mayReuse,
  });
}

/** A request whose ceiling is held. */
export interface Reserved {
  readonly account: string;
  readonly reservation: Reservation;
  readonly plan: Pick<GenerationPlan, "work">;
}

/** Pictures that are paid for. */
export interface PaidPictures {
  readonly pictures: readonly Picture[];
  readonly settlement: Settlement;
}

/** Charges what `work` did, or gives everything back when it fails; what was stopped is charged as far as it came. */
export async function settleOrRelease(
  { ledgers }: ChargingServices,
  { account, reservation, plan }: Reserved,
  work: () => Promise<Result<readonly Picture[], Failure>>,
): Promise<Result<PaidPictures, Failure>> {
  const ledger = ledgers.of(account);
  const { reservationId } = reservation;
  let pictures: Result<readonly Picture[], Failure> | undefined;
  try {
    pictures = await work();
  } finally {
    if (pictures?.ok === false && pictures.error.code === "job_cancelled") await ledger.abandon(reservationId);
    else if (pictures?.ok !== true) await ledger.release(reservationId);
  }
  if (!pictures.ok) return pictures;
  const lines = pictures.value.flatMap((picture) => picture.lines);
  const bytes = latentBytes(plan.work.latentShape);
  const latents = pictures.value.map(({ latentId, seed }) => ({ latentId, seed, bytes }));
  const settled = await ledger.settle({ reservationId, lines, latents });
  return settled.ok ? ok({ pictures: pictures.value, settlement: settled.value }) : settled;
}

/** A checked request is built by one function, its fields in one order, so its JSON has one spelling. */
async function digestOf(secret: string, request: CreateImageRequest): Promise<string> {
  return toHex(await hmacSha256(secret, `request\nv1\n${JSON.stringify(request)}`));
}
