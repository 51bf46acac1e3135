import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { ModelRegistry } from "../models/registry.ts";
import { chooseModel } from "./choose-model.ts";
import { encodePrompts } from "./encode-prompts.ts";
import { type MeasuredRequest, measureRequest } from "./measure-request.ts";

/** What pricing takes. */
export interface Pricer {
  readonly models: ModelRegistry;
}

/**
 * Measures a request that names its model, and fails as its plan would. Derives no key: nobody's latents matter.
 * `startStrength`: 0…1, of a request that starts from a picture.
 */
export async function priceRequest(
  { models }: Pricer,
  asked: CreateImageRequest,
  startStrength?: number,
): Promise<Result<MeasuredRequest, Failure>> {
  const chosen = await chooseModel(models, asked);
  if (!chosen.ok) return chosen;
  const { model, request } = chosen.value;
  const started = startStrength === undefined ? ok(request) : fromAnyPicture(model.manifest, request, startStrength);
  if (!started.ok) return started;
  const texts = encodePrompts(model, started.value);
  return texts.ok ? measureRequest(model.manifest, started.value) : texts;
}

function fromAnyPicture(
  manifest: Manifest,
  request: CreateImageRequest,
  strength: number,
): Result<CreateImageRequest, Failure> {
  const size = pictureStartSize(manifest, request);
  if (!size.ok) return size;
  const start = { latentId: "", size: size.value, isPicture: true, strength, maskDigest: undefined };
  return ok({ ...request, start });
}

/** The size of pictures that start from one that was sent. Fails on a model that cannot read pictures. */
export function pictureStartSize(manifest: Manifest, { size }: CreateImageRequest): Result<string, Failure> {
  if (manifest.graphs.compressor === undefined) {
    return err(invalidRequest("model", `'${manifest.id}' cannot start from a picture.`));
  }
  return ok(size ?? manifest.image.sizeDefault);
}
