import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import type { Tier } from "../../shared/api/images-response.ts";
import type { Failure } from "../../shared/errors.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { DecodeOptions } from "../../shared/wire/decode.ts";
import type { GpuClient, Milliseconds } from "../gpu/gpu-client.ts";
import type { ImageCache } from "../images/image-cache.ts";
import type { LatentCache } from "../latents/latent-cache.ts";
import type { ModelRegistry } from "../models/registry.ts";
import { decodeImage } from "./decode-image.ts";
import { encodePrompts } from "./encode-prompts.ts";
import { obtainLatents, type PictureLatent } from "./obtain-latents.ts";
import { planGeneration } from "./plan-generation.ts";

/** The collaborators of a generation. */
export interface GenerationServices {
  readonly models: ModelRegistry;
  readonly latents: LatentCache;
  readonly images: ImageCache;
  readonly gpu: GpuClient;
  readonly latentKeySecret: string;
  /** 0…2³²−1 */
  readonly randomSeed: () => number;
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

/** From a checked request to pictures. Every latent of the answer is stored by then; a failure stores no picture. */
export async function generateImages(
  services: GenerationServices,
  account: string,
  request: CreateImageRequest,
): Promise<Result<Generation, Failure>> {
  const model = services.models.find(request.model);
  if (!model.ok) return model;

  const texts = encodePrompts(model.value, request);
  if (!texts.ok) return texts;

  const { manifest } = model.value;
  const plan = await planGeneration({ ...services, ...texts.value, manifest, request, cacheScope: account });
  if (!plan.ok) return plan;
  const { size, decode } = plan.value;

  const latents = await obtainLatents(services, plan.value, account);
  if (!latents.ok) return latents;

  const pictures = allOf(await Promise.all(latents.value.map((latent) => obtainPicture(services, latent, decode))));
  if (!pictures.ok) return pictures;

  const warnings = [...request.warnings, ...texts.value.warnings];
  return ok({ pictures: pictures.value, size, decode, tokens: texts.value.tokens, warnings });
}

/** A latent that was just made has no picture yet; for any other, the edge may still hold one. */
async function obtainPicture(
  services: GenerationServices,
  latent: PictureLatent,
  options: DecodeOptions,
): Promise<Result<Picture, Failure>> {
  const { seed, latentId, generated } = latent;
  const startedMs = services.nowMs();
  const cached = generated ? undefined : await services.images.find(latentId, options);
  const milliseconds = generated
    ? latent.milliseconds
    : { ...latent.milliseconds, "image-lookup": services.nowMs() - startedMs };
  if (cached !== undefined) return ok({ bytes: cached.bytes, seed, latentId, tier: "image", milliseconds });

  const decoded = await decodeImage(services, latent, options);
  if (!decoded.ok) return decoded;
  const tier = generated ? "generated" : "latent";
  const all = { ...milliseconds, ...decoded.value.milliseconds };
  return ok({ bytes: decoded.value.bytes, seed, latentId, tier, milliseconds: all });
}

function allOf<Value>(results: readonly Result<Value, Failure>[]): Result<readonly Value[], Failure> {
  const values: Value[] = [];
  for (const result of results) {
    if (!result.ok) return result;
    values.push(result.value);
  }
  return ok(values);
}
