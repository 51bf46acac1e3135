import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import type { ShownBackground } from "../../shared/api/output-file.ts";
import type { DecodeOptions } from "../../shared/decode-options.ts";
import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Reservation, Settlement } from "../account/money/reservation.ts";
import type { Moderator } from "../moderation/moderator.ts";
import type { Caller } from "./caller.ts";
import { type ChargingServices, type Reserver, settleOrRelease } from "./charge-request.ts";
import { type ImagePromptServices, withImagePrompts } from "./encode-image-prompts.ts";
import {
  type EdgeFiles,
  foundPictures,
  lookUpFiles,
  obtainPictures,
  type Picture,
  type PictureSources,
} from "./obtain-pictures.ts";
import type { GenerationPlan } from "./plan-generation.ts";
import { type PlannedRequest, type Planner, planRequest } from "./plan-request.ts";
import type { RecentRefusals } from "./recent-refusals.ts";
import { isReplay, type Replayed, replayPictures } from "./replay-pictures.ts";
import { chargedAtOnce, deliveredLatents, planAsReserved, replayOf, reservePlan } from "./reserve-plan.ts";
import { askOnce, type StartSource } from "./start-source.ts";

/** The collaborators of a generation. */
export interface GenerationServices extends Planner, PictureSources, ChargingServices, ImagePromptServices {
  readonly moderator: Moderator;
  readonly refusals: RecentRefusals;
}

/** A finished request. */
export interface Generation {
  readonly pictures: readonly Picture[];
  /** "WIDTHxHEIGHT" in pixels. */
  readonly size: string;
  readonly decode: DecodeOptions;
  readonly background: ShownBackground;
  /** Tokens of the texts that were sent. */
  readonly tokens: number;
  readonly warnings: readonly string[];
  readonly settlement: Settlement;
  /** Of what the pictures started from; undefined: pure noise. */
  readonly startLatentId: string | undefined;
  /** True when the request was answered before: the settlement is that of then. */
  readonly replayed: boolean;
}

/** What a request brings beside its fields. */
export interface RequestSources {
  /** Goes with `request.start`. */
  readonly startSource?: StartSource | undefined;
  /** Asks for admission together with the reservation; absent: the caller was admitted before. */
  readonly gate?: Reserver | undefined;
}

/**
 * From a checked request to pictures. The most that they can cost is held before any work is done, and what was done is
 * charged before they are delivered; if the edge holds them all, both are one step. Every latent of the answer is
 * stored by then; a failure is not charged. If the caller leaves, work that nobody else waits for is stopped, and the
 * latents that are stored by then are charged.
 */
export async function generateImages(
  services: GenerationServices,
  caller: Caller,
  request: CreateImageRequest,
  { startSource, gate }: RequestSources = {},
): Promise<Result<Generation, Failure>> {
  // Planned first: a request that the model cannot do costs no call of a moderator.
  const planned = mayShare(caller, request) ? await planRequest(services, caller, request) : err(mayNotShare);
  if (!planned.ok) return planned;
  const permitted = await services.moderator.check(request.prompt);
  if (!permitted.ok) return permitted;

  const { plan } = planned.value;
  const files = isExact(caller, request) ? await lookUpFiles(services, plan.decode, plan.pictures) : undefined;
  const found = files && foundPictures(plan, files);
  const refused = files && found === undefined ? recentRefusal(services, caller) : undefined;
  if (refused !== undefined) return err(refused);

  const reserved = await reservePlan(services, caller, { request, plan, found }, gate);
  if (!reserved.ok) return reserved;
  const reservation = reserved.value;
  const atEdge = found && chargedAtOnce(services.nowMs(), found, reservation);
  if (atEdge !== undefined) return ok(finish(request, planned.value, atEdge));

  const seeded = await planAsReserved(services, plan, reservation);
  const done = isReplay(reservation)
    ? await replayPictures(services, caller, replayOf({ request, plan }, seeded, reservation))
    : await obtainAndSettle(services, caller, { plan: seeded, reservation, files, startSource });
  return done.ok ? ok(finish(request, planned.value, done.value)) : done;
}

/** Sharing reveals that somebody asked for the same, so the key's owner must have agreed to it as well. */
function mayShare(caller: Caller, { cacheScope }: CreateImageRequest): boolean {
  return cacheScope !== "shared" || caller.mayShare === true;
}

const mayNotShare: Failure = { code: "insufficient_scope", scope: "shared_cache" };

/** Whether the wanted latents are known before the ledger answers. A job's money is held in another way. */
function isExact({ holdId }: Caller, { seed }: CreateImageRequest): boolean {
  return seed !== undefined && holdId === undefined;
}

/**
 * Backends without room for an account are not asked again by each of its requests: where new pictures are certainly
 * wanted, and by one that is no repeat, the refusal comes before anything is reserved.
 */
function recentRefusal({ refusals }: GenerationServices, caller: Caller): Failure | undefined {
  const isRepeat = caller.isRetry || caller.idempotencyKey !== undefined;
  return isRepeat ? undefined : refusals.of(caller);
}

interface ReservedPlan {
  readonly plan: GenerationPlan;
  readonly reservation: Reservation;
  readonly files: EdgeFiles | undefined;
  readonly startSource: StartSource | undefined;
}

async function obtainAndSettle(
  services: GenerationServices,
  caller: Caller,
  { plan, reservation, files, startSource }: ReservedPlan,
): Promise<Result<Replayed, Failure>> {
  const { account, signal } = caller;
  const latentsOf = (pictures: readonly Picture[]) => deliveredLatents(plan, pictures);
  const paid = await settleOrRelease(services, { account, reservation, signal, latentsOf }, (noteRun) => {
    const payer = { ...caller, reservationId: reservation.reservationId, noteRun };
    const source = withImagePrompts(services, plan.imagePrompts, startSource);
    const startOf = source && askOnce(source, { plan, payer });
    return obtainPictures(services, { plan, startOf, files }, payer);
  });
  services.refusals.note(caller, paid);
  return paid.ok ? ok({ ...paid.value, replayed: false }) : paid;
}

function finish(
  request: CreateImageRequest,
  { plan, tokens, warnings }: PlannedRequest,
  { items: pictures, settlement, replayed }: Replayed,
): Generation {
  const { size, decode, background } = plan;
  const startLatentId = request.start?.latentId;
  return { pictures, settlement, size, decode, background, tokens, warnings, replayed, startLatentId };
}
