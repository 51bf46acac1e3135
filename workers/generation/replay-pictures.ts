import type { Failure } from "../../shared/errors.ts";
import { allOf, err, ok, type Result } from "../../shared/result.ts";
import type { Reservation } from "../account/money/reservation.ts";
import { decodeLine, hitLine, type PricedWork } from "../prices/price-book.ts";
import type { Caller } from "./caller.ts";
import {
  type ChargedRequest,
  type ChargingServices,
  type Paid,
  reserveCeiling,
  settleOrRelease,
} from "./charge-request.ts";
import { ageOf, findStandIn, type PictureLatent } from "./obtain-latent.ts";
import {
  type EdgeFiles,
  lookUpFiles,
  type Painting,
  type Picture,
  type PictureSources,
  paintLatents,
  picturesAtHand,
} from "./obtain-pictures.ts";
import type { PlannedPicture } from "./plan-generation.ts";

/** A repeat of a request that was answered, and what it was answered with. */
export interface Replay {
  /** As it was reserved. */
  readonly asked: Omit<ChargedRequest, "caller" | "found">;
  readonly reservation: Reservation;
  readonly pictures: readonly PlannedPicture[];
  readonly painting: Painting & { readonly work: PricedWork };
}

/** What a repeat is given. */
export interface Replayed extends Paid<Picture> {
  /** False when something ran and was charged, or when the edge itself asked the account again. */
  readonly replayed: boolean;
}

/** Whether this request was answered before. One that the ledger charged just now was not. */
export function isReplay({ settlement, madeMs }: Reservation): boolean {
  return settlement !== undefined && madeMs === undefined;
}

/**
 * Answers a request again without running anything for nothing. A latent that is not stored any more fails with
 * `idempotent_result_gone`: Stage C never runs for a repeat. A picture that this location does not hold is decoded for
 * a reservation of its own, which pays the decode alone.
 */
export async function replayPictures(
  services: PictureSources & ChargingServices,
  caller: Caller,
  replay: Replay,
): Promise<Result<Replayed, Failure>> {
  const { pictures, painting, reservation } = replay;
  const found = allOf(
    await Promise.all(pictures.map((picture) => findLatent(services, caller, { picture, painting }))),
  );
  if (!found.ok) return found;
  const latents = found.value;
  const { settlement, isRepeat: replayed } = reservation;
  const files = await lookUpFiles(services, painting.decode, latents);
  const shown = picturesAtHand({ plan: painting, latents, files });
  if (settlement !== undefined && shown !== undefined) return ok({ items: shown, settlement, replayed });

  const ceilingMicroUsd = latents.length * decodeLine("", painting.work).microUsd;
  const reserved = await reserveCeiling(services, { ...replay.asked, caller, ceilingMicroUsd, paysAgain: true });
  if (!reserved.ok) return reserved;
  // Another repeat had the pictures decoded meanwhile.
  if (isReplay(reserved.value)) return replayPictures(services, caller, { ...replay, reservation: reserved.value });
  return paintAgain(services, caller, { latents, files, painting, reservation: reserved.value });
}

interface WantedAgain extends Pick<Replay, "painting" | "reservation"> {
  readonly latents: readonly PictureLatent[];
  readonly files: EdgeFiles;
}

async function paintAgain(
  services: PictureSources & ChargingServices,
  caller: Caller,
  { latents, files, painting: plan, reservation }: WantedAgain,
): Promise<Result<Replayed, Failure>> {
  const { account, signal } = caller;
  const paid = await settleOrRelease(services, { account, reservation, signal }, (noteRun) =>
    paintLatents(services, { plan, latents, files }, { ...caller, reservationId: reservation.reservationId, noteRun }),
  );
  return paid.ok ? ok({ ...paid.value, replayed: false }) : paid;
}

async function findLatent(
  services: PictureSources,
  { account }: Caller,
  { picture, painting: { work } }: Pick<Replay, "painting"> & { readonly picture: PlannedPicture },
): Promise<Result<PictureLatent, Failure>> {
  const similar = await findStandIn(services, { work, picture }, account);
  if (similar !== undefined) return ok(similar);
  const stored = await services.latents.find(picture.latentId);
  if (stored === undefined) return err({ code: "idempotent_result_gone" });
  const ageSeconds = ageOf(stored.madeMs, services.nowMs());
  const lines = [hitLine(picture.latentId, work)];
  return ok({ ...picture, bytes: stored.bytes, generated: false, ageSeconds, lines, milliseconds: {} });
}
