import { type Failure, invalidRequest } from "../errors.ts";
import { decodeLatent, type Latent } from "../latents/latent-format.ts";
import type { LatentShape } from "../latents/latent-key.ts";
import { latentSeed } from "../latents/latent-seed.ts";
import { seedMax } from "../limits.ts";
import { err, ok, type Result } from "../result.ts";
import { imageSizeOf, offeredSizes } from "./latent-shape.ts";
import type { Manifest } from "./manifest.ts";

/** A latent file of this model that can be decoded. Fails with the reason; `param` names where the file stood. */
export function readLatent(manifest: Manifest, file: Uint8Array, param = "latent"): Result<Latent, Failure> {
  const latent = decodeLatent(file);
  if (!latent.ok) return err(invalidRequest(param, `'${param}' is not a latent file. ${latent.error.message}`));
  const { metadata, shape } = latent.value;
  const seed = latentSeed(metadata);
  const fault =
    modelFault(manifest, metadata) ??
    shapeFault(manifest, param, shape) ??
    (seed === undefined ? invalidRequest(param, `'${param}' names no seed from 0 to ${seedMax}.`) : undefined);
  return fault === undefined ? ok(latent.value) : err(fault);
}

/** Why a request or file is of another model or revision than this one; undefined: it is of this one. */
export function modelFault(
  { id, revision }: Manifest,
  named: { readonly model: string; readonly revision: string },
): Failure | undefined {
  if (named.model !== id) return { code: "model_not_found", model: named.model, available: [id] };
  if (named.revision === revision) return undefined;
  return invalidRequest("revision", "'revision' is not the one that is loaded.", [revision]);
}

/** Why no picture of this model has a latent of this shape; undefined: one has. */
export function shapeFault(manifest: Manifest, field: string, shape: LatentShape): Failure | undefined {
  if (imageSizeOf(manifest, shape) !== undefined) return undefined;
  const message = `'${field}' must have the shape of an image size that ${manifest.id} offers.`;
  return invalidRequest(field, message, offeredSizes(manifest));
}
