import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import type { Tier } from "../../shared/api/images-response.ts";
import type { Failure } from "../../shared/errors.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { DecodeOptions } from "../../shared/wire/decode.ts";
import type { Milliseconds } from "../gpu/gpu-client.ts";
import type { ImageCache } from "../images/image-cache.ts";
import type { DecodeJobs, LatentJobs } from "../jobs/job-clients.ts";
import type { LatentCache } from "../latents/latent-cache.ts";
import type { ModelRegistry } from "../models/registry.ts";
import { encodePrompts } from "./encode-prompts.ts";
import { type Claimant, obtainLatent, type PictureLatent } from "./obtain-latents.ts";
import { type GenerationPlan, planGeneration } from "./plan-generation.ts";

/** The collaborators of a generation. */
export interface GenerationServices {
  readonly models: ModelRegistry;
  readonly latents: LatentCache;
  readonly images: ImageCache;
  readonly latentJobs: LatentJobs;
  readonly decodeJobs: DecodeJobs;
  readonly latentKeySecret: string;
  /** 0…2³²−1 */
  readonly randomSeed: () => number;
  /** A name that no other request has. */
  readonly newClaimId: () => string;
  readonly nowMs: () => number;
}

/** One finished picture. */
export interface Picture {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly seed: number;
  readonly latentId: string;
  readonly tier: Tier;
  readonly milliseconds: Milliseconds;
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
}

/** Who asks, and where the request reached us. */
export type Caller = Pick<Claimant, "account" | "location">;

/** From a checked request to pictures. Every latent of the answer is stored by then; a failure stores no picture. */
export async function generateImages(
  services: GenerationServices,
  caller: Caller,
  request: CreateImageRequest,
): Promise<Result<Generation, Failure>> {
  const model = services.models.find(request.model);
  if (!model.ok) return model;

  const texts = encodePrompts(model.value, request);
  if (!texts.ok) return texts;

  const { manifest } = model.value;
  const plan = await planGeneration({ ...services, ...texts.value, manifest, request, cacheScope: caller.account });
  if (!plan.ok) return plan;

  const claimant = { ...caller, claimId: services.newClaimId() };
  const pictures = await obtainPictures(services, plan.value, claimant);
  if (!pictures.ok) return pictures;

  const { size, decode } = plan.value;
  const warnings = [...request.warnings, ...texts.value.warnings];
  return ok({ pictures: pictures.value, size, decode, tokens: texts.value.tokens, warnings });
}

/** All latents first: while one cannot be made, no decode is begun that nobody would see. */
async function obtainPictures(
  services: GenerationServices,
  plan: GenerationPlan,
  claimant: Claimant,
): Promise<Result<readonly Picture[], Failure>> {
  const latents = allOf(
    await Promise.all(plan.pictures.map((picture) => obtainLatent(services, { plan, picture }, claimant))),
  );
  if (!latents.ok) return latents;
  return allOf(
    await Promise.all(latents.value.map((latent) => obtainPicture(services, { latent, ...plan }, claimant))),
  );
}

/** A latent that was just made has no picture yet; for any other, the edge may still hold one. */
async function obtainPicture(
  services: GenerationServices,
  { latent, decode: options }: { readonly latent: PictureLatent; readonly decode: DecodeOptions },
  { claimId, location }: Claimant,
): Promise<Result<Picture, Failure>> {
  const { seed, latentId, generated } = latent;
  const startedMs = services.nowMs();
  const cached = generated ? undefined : await services.images.find(latentId, options);
  const milliseconds = generated
    ? latent.milliseconds
    : { ...latent.milliseconds, "image-lookup": services.nowMs() - startedMs };
  if (cached !== undefined) return ok({ bytes: cached.bytes, seed, latentId, tier: "image", milliseconds });

  const request = { latentId, latent: latent.bytes, options, claimId };
  const decoded = await services.decodeJobs.obtain(location, request);
  if (!decoded.ok) return decoded;
  const { bytes } = decoded.value;
  const all = { ...milliseconds, ...decoded.value.milliseconds };
  return ok({ bytes, seed, latentId, tier: tierOf(generated, decoded.value.claimId === claimId), milliseconds: all });
}

/** What was done for this very request: a picture that another's decode gave is as good as one from the cache. */
function tierOf(generated: boolean, decoded: boolean): Tier {
  if (generated) return "generated";
  return decoded ? "latent" : "image";
}

function allOf<Value>(results: readonly Result<Value, Failure>[]): Result<readonly Value[], Failure> {
  const values: Value[] = [];
  for (const result of results) {
    if (!result.ok) return result;
    values.push(result.value);
  }
  return ok(values);
}
