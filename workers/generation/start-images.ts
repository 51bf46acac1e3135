import type { CreateImageRequest, ImageStart } from "../../shared/api/create-image-request.ts";
import type { StartImageRequest } from "../../shared/api/start-image-request.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { toHex } from "../../shared/hex.ts";
import { sha256 } from "../../shared/hmac.ts";
import { derivedLatentKey } from "../../shared/latents/latent-key.ts";
import { err, type Result } from "../../shared/result.ts";
import { limitModels } from "../models/limited-models.ts";
import type { Caller } from "./caller.ts";
import { chooseModel } from "./choose-model.ts";
import { type Generation, type GenerationServices, generateImages } from "./generate-image.ts";
import type { OwnLatent } from "./own-latent.ts";
import { pictureStartSize } from "./price-request.ts";
import { type StartServices, startFrom } from "./start-source.ts";

/** What starting from something takes. */
export interface StartImageServices extends GenerationServices, StartServices {}

/** A checked request, and the files that came with it. */
export interface AskedStart extends StartImageRequest {
  readonly mask: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * Pictures that start from a picture that was sent. Its digest stands for it: it is read only when a latent is missing.
 */
export async function generateFromPicture(
  services: StartImageServices,
  caller: Caller,
  { request: asked, strength, mask, picture }: AskedStart & { readonly picture: Uint8Array<ArrayBuffer> },
): Promise<Result<Generation, Failure>> {
  const chosen = await chooseModel(limitModels(services.models, caller.models), asked);
  if (!chosen.ok) return chosen;
  const { request } = chosen.value;
  const { manifest } = chosen.value.model;
  const sized = pictureStartSize(manifest, request);
  if (!sized.ok) return sized;
  const size = sized.value;
  const madeFrom = {
    kind: "picture",
    digest: await digestOf(picture),
    size,
    modelRevision: manifest.revision,
  } as const;
  const latentId = await derivedLatentKey(services.latentKeySecret, madeFrom, caller.account);
  const source = startFrom(services, { latent: { id: latentId, picture }, strength, mask });
  const start = { latentId, size, isPicture: true, strength, maskDigest: mask && (await digestOf(mask)) };
  return generateImages(services, caller, withStart(request, start), { startSource: source });
}

/** Pictures that start from a stored latent, in its size. */
export async function generateFromLatent(
  services: StartImageServices,
  caller: Caller,
  { request: asked, strength, mask, latent }: AskedStart & { readonly latent: OwnLatent },
): Promise<Result<Generation, Failure>> {
  const models = limitModels(services.models, caller.models);
  const meant = await models.find(undefined);
  const isMeant = meant.ok && meant.value.manifest.revision === latent.manifest.revision;
  const model = asked.model ?? (isMeant ? undefined : nameOf(latent));
  const chosen = await chooseModel(models, { ...asked, model });
  if (!chosen.ok) return chosen;
  const { request } = chosen.value;
  const { id: latentId, size, bytes } = latent;
  if (chosen.value.model.manifest.revision !== latent.manifest.revision) {
    return err(invalidRequest("model", `'model' must be the latent's own, ${nameOf(latent)}, or left out.`));
  }
  if (request.size !== undefined && request.size !== size) {
    return err(invalidRequest("size", `'size' must be the latent's own, ${size}, or left out.`));
  }
  const source = startFrom(services, { latent: { bytes }, strength, mask });
  const start = { latentId, size, isPicture: false, strength, maskDigest: mask && (await digestOf(mask)) };
  return generateImages(services, caller, withStart(request, start), { startSource: source });
}

function nameOf({ manifest: { id, revision } }: OwnLatent): string {
  return `${id}@${revision}`;
}

/** Without any text there is nothing for guidance to lead to, and one pass instead of two gives the same. */
function withStart(request: CreateImageRequest, start: ImageStart): CreateImageRequest {
  const isWordless = request.prompt === "" && request.negativePrompt === "";
  return { ...request, start, guidanceScale: request.guidanceScale ?? (isWordless ? 1 : undefined) };
}

async function digestOf(file: Uint8Array): Promise<string> {
  return toHex(await sha256(file));
}
