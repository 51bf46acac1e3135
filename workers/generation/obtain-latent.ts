import type { Failure } from "../../shared/errors.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { StageCRequest } from "../../shared/wire/stage-c.ts";
import type { StageCEvent } from "../../shared/wire/stage-c-events.ts";
import type { Priority } from "../../shared/wire/task-terms.ts";
import type { Milliseconds } from "../gpu/gpu-client.ts";
import type { RequestOrigin } from "../gpu/request-origin.ts";
import type { LatentCache } from "../latents/latent-cache.ts";
import { type ChargeLine, generationLines, hitLine, type PricedWork, withGpuTime } from "../prices/price-book.ts";
import type { LatentRuns } from "../single-flight/client.ts";
import type { NoteRun } from "./charge-request.ts";
import type { GenerationPlan, PlannedPicture } from "./plan-generation.ts";
import type { ObtainStart } from "./start-source.ts";

/** A planned picture whose latent is at hand and stored. */
export interface PictureLatent extends PlannedPicture {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** True when Stage C ran for this request, and not for another that asked for the same. */
  readonly generated: boolean;
  /** True when it shows another prompt, that is nearly the same. */
  readonly isSimilar?: boolean;
  /** Whole seconds since it was stored; 0 for one that was made meanwhile. */
  readonly ageSeconds: number;
  /** What it costs to have it. */
  readonly lines: readonly ChargeLine[];
  readonly milliseconds: Milliseconds;
}

/** What looking up and making latents takes. */
export interface LatentSources {
  readonly latents: LatentCache;
  readonly latentRuns: LatentRuns;
  readonly nowMs: () => number;
}

/** On whose behalf. */
export interface PayingRequest {
  readonly account: string;
  /** The request's reservation. */
  readonly reservationId: string;
  /** The edge location that the request reached. */
  readonly location: string;
  readonly origin?: RequestOrigin | undefined;
  readonly priority: Priority;
  /** Aborts when the request's sender wants no answer any more. */
  readonly signal: AbortSignal;
  readonly watch?: PictureWatch | undefined;
  readonly noteRun: NoteRun;
}

/** Wants to see pictures come about. A latent that is stored already has nothing to show. */
export interface PictureWatch {
  /** How many previews of each picture, at most. */
  readonly previews: number;
  readonly onEvent: (picture: PlannedPicture, plan: GenerationPlan, event: StageCEvent) => void;
}

/** One picture of a plan, and what gives its start: asked only if the latent is missing. */
export interface WantedLatent {
  readonly plan: GenerationPlan;
  readonly picture: PlannedPicture;
  readonly startOf?: ObtainStart | undefined;
}

/**
 * The latent of one picture of a plan: its stand-in, the stored one, or one made by the latent's own job, and stored by
 * then.
 */
export async function obtainLatent(
  sources: LatentSources,
  wanted: WantedLatent,
  payer: PayingRequest,
): Promise<Result<PictureLatent, Failure>> {
  const { plan, picture } = wanted;
  const similar = await findStandIn(sources, { work: plan.work, picture }, payer.account);
  return similar === undefined ? obtainOwnLatent(sources, wanted, payer) : ok(similar);
}

/** Undefined when nothing stands in, or it is stored no more: without its prompt, it cannot be made again. */
export async function findStandIn(
  { latents, nowMs }: Pick<LatentSources, "latents" | "nowMs">,
  { work, picture: { standIn } }: { readonly work: PricedWork; readonly picture: PlannedPicture },
  account: string,
): Promise<PictureLatent | undefined> {
  if (standIn === undefined) return undefined;
  const startedMs = nowMs();
  const stored = await latents.find(standIn.latentId);
  if (stored?.account !== account) return undefined;
  const milliseconds = { "latent-lookup": nowMs() - startedMs };
  const lines = [hitLine(standIn.latentId, work)];
  const { bytes } = stored;
  return {
    ...standIn,
    bytes,
    generated: false,
    isSimilar: true,
    ageSeconds: ageOf(stored.madeMs, nowMs()),
    lines,
    milliseconds,
  };
}

async function obtainOwnLatent(
  { latents, latentRuns, nowMs }: LatentSources,
  { plan, picture, startOf }: WantedLatent,
  { account, reservationId, priority, signal, origin, watch }: PayingRequest,
): Promise<Result<PictureLatent, Failure>> {
  const { latentId, seed, isUnknown = false } = picture;
  const startedMs = nowMs();
  // A start costs money to make, so the store is asked before.
  const isLookedUp = !isUnknown || startOf !== undefined;
  const stored = isLookedUp ? await latents.find(latentId) : undefined;
  const milliseconds: Milliseconds = isLookedUp ? { "latent-lookup": nowMs() - startedMs } : {};
  const hit = { ...picture, generated: false, lines: [hitLine(latentId, plan.work)] };
  if (stored !== undefined) {
    return ok({ ...hit, bytes: stored.bytes, ageSeconds: ageOf(stored.madeMs, nowMs()), milliseconds });
  }

  const start = startOf && (await startOf());
  if (start?.ok === false) return start;
  const previews = watch && previewFields(plan, watch.previews);
  const job = { ...plan.job, seeds: [seed], ...start?.value, ...previews };
  const lines = generationLines(latentId, plan.work);
  const request = { latentId, job, priority, account, reservationId, lines, origin };
  const onNews = watch && ((event: StageCEvent) => watch.onEvent(picture, plan, event));
  const made = await latentRuns.obtain({ request, signal, onNews });
  if (!made.ok) return made;
  const generated = made.value.reservationId === reservationId;
  const latent = generated ? { ...picture, generated, lines: withGpuTime(lines, made.value.milliseconds) } : hit;
  const all = { ...milliseconds, ...made.value.milliseconds };
  return ok({ ...latent, bytes: made.value.bytes, ageSeconds: 0, milliseconds: all });
}

/** Clocks may differ a little: nothing is younger than new. */
export function ageOf(madeMs: number, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - madeMs) / 1_000));
}

/** Evenly over the steps, the last of which the picture itself follows. */
function previewFields(
  { work, decode }: GenerationPlan,
  previews: number,
): Pick<StageCRequest, "previewEverySteps" | "previewFormat"> {
  if (previews === 0) return {};
  return { previewEverySteps: Math.max(1, Math.floor(work.steps / (previews + 1))), previewFormat: decode.format };
}
