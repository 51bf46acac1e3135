import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import type { Failure } from "../../shared/errors.ts";
import type { Result } from "../../shared/result.ts";
import type { Reservation } from "../account/money/reservation.ts";
import type { DeliveredLatent } from "../account/reuse/delivered-latents.ts";
import { deliveredLines, latentBytes } from "../prices/price-book.ts";
import type { Caller } from "./caller.ts";
import { type ChargingServices, type Reserver, reserveCeiling } from "./charge-request.ts";
import { ceilingMicroUsdOf } from "./measure-request.ts";
import { ageOf } from "./obtain-latent.ts";
import type { FoundPicture } from "./obtain-pictures.ts";
import { type GenerationPlan, withSeeds } from "./plan-generation.ts";
import type { Replay, Replayed } from "./replay-pictures.ts";

/** A request, and its plan before the ledger chose seeds. */
interface PlannedCharge {
  readonly request: CreateImageRequest;
  readonly plan: GenerationPlan;
}

/** A planned request, and its pictures if the edge holds all of them. */
export interface WantedReservation extends PlannedCharge {
  readonly found: readonly FoundPicture[] | undefined;
}

/** Holds the most that a plan can cost, or charges the pictures that were found in the same call. */
export function reservePlan(
  services: ChargingServices,
  caller: Caller,
  { request, plan, found }: WantedReservation,
  gate: Reserver | undefined,
): Promise<Result<Reservation, Failure>> {
  const work = found && { lines: deliveredLines(found), latents: deliveredLatents(plan, found) };
  return reserveCeiling(services, { ...chargeOf({ request, plan }), caller, found: work }, gate);
}

function chargeOf({ request, plan }: PlannedCharge): Replay["asked"] {
  const { recipe, mayReuse, likeness, size, job, pictures, lastsMs } = plan;
  const seeds = pictures.map(({ seed }) => seed);
  const imagePromptLines = plan.imagePrompts.map(({ line }) => line);
  const ceilingMicroUsd = ceilingMicroUsdOf({ ...plan, imagePromptLines, n: pictures.length });
  const latentForm = { model: job.model, revision: job.revision, size };
  return { request, recipe, mayReuse, likeness, seeds, latentForm, ceilingMicroUsd, lastsMs };
}

/** The answer, if the ledger charged what was found in the call that reserves. */
export function chargedAtOnce(
  nowMs: number,
  found: readonly FoundPicture[],
  { settlement, madeMs }: Reservation,
): Replayed | undefined {
  if (settlement === undefined || madeMs === undefined) return undefined;
  const items = found.map((picture, index) => ({ ...picture, ageSeconds: ageOf(madeMs[index] ?? nowMs, nowMs) }));
  return { items, settlement, replayed: false };
}

/** The seeds of an unseeded request were drawn when it first came, or are those of latents that the prompt has. */
export async function planAsReserved(
  { latentKeySecret }: ChargingServices,
  plan: GenerationPlan,
  { seeds, similar = [], unknownSeeds = [] }: Reservation,
): Promise<GenerationPlan> {
  const seeded = await withSeeds(plan, seeds, latentKeySecret);
  const pictures = seeded.pictures.map((picture, index) => ({
    ...picture,
    standIn: similar[index],
    isUnknown: unknownSeeds.includes(picture.seed),
  }));
  return { ...seeded, pictures };
}

/** A repeat of an answered request, as `replayPictures` takes it. */
export function replayOf(planned: PlannedCharge, seeded: GenerationPlan, reservation: Reservation): Replay {
  return { asked: chargeOf(planned), reservation, pictures: seeded.pictures, painting: seeded };
}

/** The latents of pictures, as the account records them. */
export function deliveredLatents(
  { work }: Pick<GenerationPlan, "work">,
  pictures: readonly FoundPicture[],
): DeliveredLatent[] {
  const bytes = latentBytes(work.latentShape);
  return pictures.map(({ latentId, seed, isSimilar }) => ({ latentId, seed, bytes, isSimilar }));
}
