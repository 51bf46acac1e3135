import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { decodeLatent, type Latent } from "../../shared/latents/latent-format.ts";
import type { LatentShape } from "../../shared/latents/latent-key.ts";
import { imageSizeOf } from "../../shared/models/latent-shape.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { resolveSampling } from "../../shared/models/sampling.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { StageCRequest } from "../../shared/wire/stage-c.ts";
import { latentSeed } from "../pipeline/latent-seed.ts";

/** What requests are checked against. */
export interface LoadedModel {
  readonly manifest: Manifest;
  readonly vocabularySize: number;
}

/** Why this backend cannot do a Stage C job, naming the field, or undefined when it can. Never quotes a value. */
export function stageCFault(model: LoadedModel, request: StageCRequest): Failure | undefined {
  const { manifest } = model;
  const sampling = resolveSampling(manifest, request);
  return (
    modelFault(manifest, request) ??
    tokensFault(model, "tokenIds", request.tokenIds) ??
    tokensFault(model, "negativeTokenIds", request.negativeTokenIds) ??
    (sampling.ok ? undefined : sampling.error) ??
    shapeFault(manifest, "latentShape", request.latentShape)
  );
}

/** A latent file of the loaded model that can be decoded. Fails with the reason. */
export function readLatent(manifest: Manifest, file: Uint8Array): Result<Latent, Failure> {
  const latent = decodeLatent(file);
  if (!latent.ok) return err(invalidRequest("latent", `The body is not a latent file. ${latent.error.message}`));
  const { metadata, shape } = latent.value;
  const seed = latentSeed(metadata);
  const fault =
    modelFault(manifest, metadata) ??
    shapeFault(manifest, "latent", shape) ??
    (seed === undefined ? invalidRequest("latent", "The latent file names no seed.") : undefined);
  return fault === undefined ? ok(latent.value) : err(fault);
}

function modelFault(
  { id, revision }: Manifest,
  named: { readonly model: string; readonly revision: string },
): Failure | undefined {
  if (named.model !== id) return { code: "model_not_found", model: named.model, available: [id] };
  if (named.revision === revision) return undefined;
  return invalidRequest("revision", "'revision' is not the one that is loaded.", [revision]);
}

function tokensFault(
  { manifest, vocabularySize }: LoadedModel,
  field: string,
  ids: readonly number[],
): Failure | undefined {
  const { tokensMax } = manifest.text;
  if (ids.length > tokensMax) return invalidRequest(field, `'${field}' must be at most ${tokensMax} entries long.`);
  if (ids.every((id) => id < vocabularySize)) return undefined;
  return invalidRequest(field, `'${field}' must hold ids below ${vocabularySize} only.`);
}

function shapeFault(manifest: Manifest, field: string, shape: LatentShape): Failure | undefined {
  if (imageSizeOf(manifest, shape) !== undefined) return undefined;
  const message = `'${field}' must have the shape of an image size that ${manifest.id} offers.`;
  return invalidRequest(field, message, manifest.image.sizes);
}
