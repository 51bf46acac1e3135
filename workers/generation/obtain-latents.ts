import type { Failure } from "../../shared/errors.ts";
import { AppError } from "../../shared/errors.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { GpuClient, Milliseconds } from "../gpu/gpu-client.ts";
import type { LatentCache } from "../latents/latent-cache.ts";
import type { GenerationPlan, PlannedPicture } from "./plan-generation.ts";

/** A planned picture whose latent is at hand and stored. */
export interface PictureLatent extends PlannedPicture {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** True when this request had it made. */
  readonly generated: boolean;
  readonly milliseconds: Milliseconds;
}

/** What looking up and making latents takes. */
export interface LatentSources {
  readonly latents: LatentCache;
  readonly gpu: GpuClient;
  readonly nowMs: () => number;
}

/**
 * The latents of all pictures of a plan, in its order: those there are, and the rest by one Stage C job, stored before
 * this returns. A failed job stores nothing.
 */
export async function obtainLatents(
  sources: LatentSources,
  plan: GenerationPlan,
  account: string,
): Promise<Result<readonly PictureLatent[], Failure>> {
  const found = await Promise.all(plan.pictures.map((picture) => lookUp(sources, picture)));
  const missing = plan.pictures.filter((_, index) => found[index]?.bytes === undefined);
  const made = missing.length === 0 ? ok(new Map()) : await make(sources, { plan, missing, account });
  if (!made.ok) return made;
  return ok(
    plan.pictures.map((picture, index) => {
      const stored = found[index];
      const milliseconds = { "latent-lookup": stored?.milliseconds ?? 0 };
      if (stored?.bytes !== undefined) return { ...picture, bytes: stored.bytes, generated: false, milliseconds };
      const fresh: MadeLatent | undefined = made.value.get(picture.latentId);
      if (fresh === undefined) throw new AppError("Stage C left out a latent that it was asked for.");
      return { ...picture, ...fresh, generated: true, milliseconds: { ...milliseconds, ...fresh.milliseconds } };
    }),
  );
}

interface MadeLatent {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly milliseconds: Milliseconds;
}

async function lookUp({ latents, nowMs }: LatentSources, picture: PlannedPicture) {
  const startedMs = nowMs();
  const stored = await latents.find(picture.latentId);
  return { bytes: stored?.bytes, milliseconds: nowMs() - startedMs };
}

async function make(
  { gpu, latents }: LatentSources,
  job: { readonly plan: GenerationPlan; readonly missing: readonly PlannedPicture[]; readonly account: string },
): Promise<Result<ReadonlyMap<string, MadeLatent>, Failure>> {
  const { plan, missing, account } = job;
  const outcome = await gpu.runStageC({ ...plan.job, seeds: missing.map(({ seed }) => seed) });
  if (!outcome.ok) return outcome;
  const { milliseconds } = outcome.value;
  const made = new Map<string, MadeLatent>();
  for (const [index, bytes] of outcome.value.latents.entries()) {
    const picture = missing[index];
    if (picture !== undefined) made.set(picture.latentId, { bytes, milliseconds });
  }
  await Promise.all(Array.from(made, ([id, { bytes }]) => latents.put(id, { bytes, account })));
  return ok(made);
}
