import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { DecodeOptions } from "../../shared/wire/decode.ts";
import type { Reservation, Settlement } from "../account/money/reservation.ts";
import type { KeptLatent } from "../account/reuse/kept-latents.ts";
import type { SimilarLatent } from "../account/reuse/similar-prompts.ts";
import type { Moderator } from "../moderation/moderator.ts";
import { latentBytes } from "../prices/price-book.ts";
import {
  type ChargedRequest,
  type ChargingServices,
  type Paid,
  planCeilingMicroUsd,
  reserveCeiling,
  settleOrRelease,
} from "./charge-request.ts";
import { ageOf, type Claimant } from "./obtain-latent.ts";
import {
  type FoundPicture,
  findPictures,
  obtainPictures,
  type Picture,
  type PictureSources,
} from "./obtain-pictures.ts";
import type { GenerationPlan } from "./plan-generation.ts";
import { type PlannedRequest, type Planner, planRequest } from "./plan-request.ts";
import { askOnce, type StartSource } from "./start-source.ts";

/** The collaborators of a generation. */
export interface GenerationServices extends Planner, PictureSources, ChargingServices {
  readonly moderator: Moderator;
}

/** Who asks, and where and how the request reached us. */
export interface Caller extends Omit<Claimant, "claimId" | "noteRun"> {
  /** The key that pays, if one does; its budget and its revocation count. */
  readonly keyId?: string | undefined;
  /** Whether its key may share latents with other accounts. */
  readonly mayShare?: boolean | undefined;
  /** What the client calls this request, if it does. */
  readonly idempotencyKey: string | undefined;
  /** Whether the client says that it has sent this before. */
  readonly isRetry: boolean;
  /** The hold of the job that this request is part of. */
  readonly holdId?: string | undefined;
  /** See `ChargedRequest`. */
  readonly reserve?: ChargedRequest["caller"]["reserve"];
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

  const found = isExact(caller, request) ? await findPictures(services, planned.value.plan) : undefined;
  const { recipe, mayReuse, likeness, pictures: wanted } = planned.value.plan;
  const reserved = await reserveCeiling(services, {
    ...{ caller, request, recipe, mayReuse, likeness, ceilingMicroUsd: planCeilingMicroUsd(planned.value.plan) },
    seeds: wanted.map(({ seed }) => seed),
    found: found && { lines: found.flatMap(({ lines }) => lines), latents: keptLatents(planned.value.plan, found) },
  });
  if (!reserved.ok) return reserved;
  const reservation = reserved.value;
  const { settlement, madeMs } = reservation;
  if (found !== undefined && settlement !== undefined && madeMs !== undefined) {
    const ageAt = (index: number) => ageOf(madeMs[index] ?? services.nowMs(), services.nowMs());
    const items = found.map((picture, index) => ({ ...picture, ageSeconds: ageAt(index) }));
    return ok(finish({ request, planned: planned.value, reservation }, { items, settlement }));
  }

  // The seeds of an unseeded request were drawn when it first came, or are those of latents that the prompt has.
  const { seeds, similar } = reservation;
  const isOther = planned.value.plan.pictures.some(({ seed }, index) => seed !== seeds[index]);
  const replanned = isOther ? await planRequest(services, caller.account, request, seeds) : planned;
  if (!replanned.ok) return replanned;
  const plan = withStandIns(replanned.value.plan, similar);

  const { account, signal } = caller;
  const latentsOf = (pictures: readonly Picture[]) => keptLatents(plan, pictures);
  const paid = await settleOrRelease(services, { account, reservation, signal, latentsOf }, (noteRun) => {
    const claimant = { ...caller, claimId: reservation.reservationId, noteRun };
    const startOf = startSource && askOnce(startSource, { plan, claimant });
    return obtainPictures(services, { plan, startOf }, claimant);
  });
  return paid.ok ? ok(finish({ request, planned: { ...replanned.value, plan }, reservation }, paid.value)) : paid;
}

/** Whether it can be known before anything is reserved which latents are wanted. A job's money is held in another way. */
function isExact({ holdId }: Caller, { seed }: CreateImageRequest): boolean {
  return seed !== undefined && holdId === undefined;
}

interface Answered {
  readonly request: CreateImageRequest;
  readonly planned: PlannedRequest;
  readonly reservation: Reservation;
}

function finish(
  { request, planned: { plan, tokens, warnings }, reservation }: Answered,
  { items: pictures, settlement }: Paid<Picture>,
): Generation {
  const { size, decode } = plan;
  const replayed = reservation.isRepeat && reservation.settlement !== undefined;
  const startLatentId = request.start?.latentId;
  return { pictures, settlement, size, decode, tokens, warnings, replayed, startLatentId };
}

function keptLatents({ work }: GenerationPlan, pictures: readonly FoundPicture[]): KeptLatent[] {
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
