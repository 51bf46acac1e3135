import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { DecodeOptions } from "../../shared/wire/decode.ts";
import type { Settlement } from "../account/money/reservation.ts";
import type { DeliveredLatent } from "../account/reuse/delivered-latents.ts";
import type { SimilarLatent } from "../account/reuse/similar-prompts.ts";
import type { Moderator } from "../moderation/moderator.ts";
import { latentBytes } from "../prices/price-book.ts";
import type { Caller } from "./caller.ts";
import { type ChargingServices, planCeilingMicroUsd, reserveCeiling, settleOrRelease } from "./charge-request.ts";
import { ageOf } from "./obtain-latent.ts";
import {
  type FoundPicture,
  findPictures,
  obtainPictures,
  type Picture,
  type PictureSources,
} from "./obtain-pictures.ts";
import type { GenerationPlan } from "./plan-generation.ts";
import { type PlannedRequest, type Planner, planRequest } from "./plan-request.ts";
import type { RecentRefusals } from "./recent-refusals.ts";
import { isReplay, type Replay, type Replayed, replayPictures } from "./replay-pictures.ts";
import { askOnce, type StartSource } from "./start-source.ts";

/** The collaborators of a generation. */
export interface GenerationServices extends Planner, PictureSources, ChargingServices {
  readonly moderator: Moderator;
  readonly refusals: RecentRefusals;
}

/** A finished request. */
export interface Generation {
  readonly pictures: readonly Picture[];
  /** "WIDTHxHEIGHT" in pixels. */
  readonly size: string;
  readonly decode: DecodeOptions;
  /** Tokens of the texts that were sent. */
  readonly tokens: number;
  readonly warnings: readonly string[];
  readonly settlement: Settlement;
  /** Of what the pictures started from; undefined: pure noise. */
  readonly startLatentId: string | undefined;
  /** True when the request was answered before: the settlement is that of then. */
  readonly replayed: boolean;
}

/**
 * From a checked request to pictures. The most that they can cost is held before any work is done, and what was done is
 * charged before they are delivered; if all were seen to be there, both are one step. Every latent of the answer is
 * stored by then; a failure is not charged. When the caller leaves, work that nobody else waits for is stopped, and the
 * latents that are stored by then are charged.
 * `startSource` goes with `request.start`.
 */
export async function generateImages(
  services: GenerationServices,
  caller: Caller,
  request: CreateImageRequest,
  startSource?: StartSource,
): Promise<Result<Generation, Failure>> {
  // Sharing tells others that somebody asked for the same, so the key's owner must have agreed to it as well.
  if (request.cacheScope === "shared" && caller.mayShare !== true) {
    return err({ code: "insufficient_scope", scope: "shared_cache" });
  }
  const planned = await planRequest(services, caller.account, request);
  if (!planned.ok) return planned;
  const permitted = await services.moderator.check(request.prompt);
  if (!permitted.ok) return permitted;

  const lookup = await findUnlessRefused(services, caller, { request, planned: planned.value });
  if (!lookup.ok) return lookup;
  const found = lookup.value;
  const asked = askedOf(request, planned.value.plan);
  const reserved = await reserveCeiling(services, {
    ...asked,
    caller,
    found: found && { lines: found.flatMap(({ lines }) => lines), latents: keptLatents(planned.value.plan, found) },
  });
  if (!reserved.ok) return reserved;
  const reservation = reserved.value;
  const { settlement, madeMs } = reservation;
  if (found !== undefined && settlement !== undefined && madeMs !== undefined) {
    const ageAt = (index: number) => ageOf(madeMs[index] ?? services.nowMs(), services.nowMs());
    const items = found.map((picture, index) => ({ ...picture, ageSeconds: ageAt(index) }));
    return ok(finish({ request, planned: planned.value }, { items, settlement, replayed: false }));
  }

  // The seeds of an unseeded request were drawn when it first came, or are those of latents that the prompt has.
  const { seeds, similar } = reservation;
  const isOther = planned.value.plan.pictures.some(({ seed }, index) => seed !== seeds[index]);
  const replanned = isOther ? await planRequest(services, caller.account, request, seeds) : planned;
  if (!replanned.ok) return replanned;
  const plan = withStandIns(replanned.value.plan, similar);

  if (isReplay(reservation)) {
    const again = await replayPictures(services, caller, {
      asked,
      reservation,
      pictures: plan.pictures,
      painting: plan,
    });
    return again.ok ? ok(finish({ request, planned: { ...replanned.value, plan } }, again.value)) : again;
  }
  const { account, signal } = caller;
  const latentsOf = (pictures: readonly Picture[]) => keptLatents(plan, pictures);
  const paid = await settleOrRelease(services, { account, reservation, signal, latentsOf }, (noteRun) => {
    const payer = { ...caller, reservationId: reservation.reservationId, noteRun };
    const startOf = startSource && askOnce(startSource, { plan, payer });
    return obtainPictures(services, { plan, startOf }, payer);
  });
  services.refusals.note(caller, paid);
  if (!paid.ok) return paid;
  return ok(finish({ request, planned: { ...replanned.value, plan } }, { ...paid.value, replayed: false }));
}

/**
 * The pictures that the edge holds. Backends without room for an account are not asked again by every request of its: where
 * new pictures are certainly wanted, and by one that is no repeat, the refusal comes before anything is reserved.
 */
async function findUnlessRefused(
  services: GenerationServices,
  caller: Caller,
  { request, planned: { plan } }: Answered,
): Promise<Result<readonly FoundPicture[] | undefined, Failure>> {
  if (!isExact(caller, request)) return ok(undefined);
  const found = await findPictures(services, plan);
  const isRepeat = caller.isRetry || caller.idempotencyKey !== undefined;
  const refusal = found === undefined && !isRepeat ? services.refusals.of(caller) : undefined;
  return refusal === undefined ? ok(found) : err(refusal);
}

function askedOf(request: CreateImageRequest, plan: GenerationPlan): Replay["asked"] {
  const { recipe, mayReuse, likeness } = plan;
  const seeds = plan.pictures.map(({ seed }) => seed);
  return { request, recipe, mayReuse, likeness, seeds, ceilingMicroUsd: planCeilingMicroUsd(plan) };
}

/** Whether it can be known before anything is reserved which latents are wanted. A job's money is held in another way. */
function isExact({ holdId }: Caller, { seed }: CreateImageRequest): boolean {
  return seed !== undefined && holdId === undefined;
}

interface Answered {
  readonly request: CreateImageRequest;
  readonly planned: PlannedRequest;
}

function finish(
  { request, planned: { plan, tokens, warnings } }: Answered,
  { items: pictures, settlement, replayed }: Replayed,
): Generation {
  const { size, decode } = plan;
  const startLatentId = request.start?.latentId;
  return { pictures, settlement, size, decode, tokens, warnings, replayed, startLatentId };
}

function keptLatents({ work }: GenerationPlan, pictures: readonly FoundPicture[]): DeliveredLatent[] {
  const bytes = latentBytes(work.latentShape);
  return pictures.map(({ latentId, seed, isSimilar }) => ({ latentId, seed, bytes, isSimilar }));
}

function withStandIns(plan: GenerationPlan, similar: readonly SimilarLatent[] = []): GenerationPlan {
  const pictures = plan.pictures.map((picture, index) => {
    const standIn = similar[index];
    return standIn === undefined ? picture : { ...picture, standIn };
  });
  return { ...plan, pictures };
}
