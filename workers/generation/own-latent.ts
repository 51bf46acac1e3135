import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { describeLatent } from "../../shared/latents/latent-format.ts";
import { imageSizeOf } from "../../shared/models/latent-shape.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { LatentCache } from "../latents/latent-cache.ts";
import { type AllowedModels, modelRefusal } from "../models/limited-models.ts";
import type { ModelRegistry } from "../models/registry.ts";
import type { PricedWork } from "../prices/price-book.ts";
import { pixelsOf } from "./measure-request.ts";

/** A stored latent of the account that asks, and the model that it was made by. */
export interface OwnLatent {
  readonly id: string;
  readonly manifest: Manifest;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** "WIDTHxHEIGHT" in pixels. */
  readonly size: string;
  /** That of Stage B's noise. */
  readonly seed: number;
  /** Unix milliseconds when it was stored. */
  readonly madeMs: number;
  /** What it is priced by, as if Stage C ran with the model's default steps. */
  readonly work: PricedWork;
}

/** What finding one takes. */
export interface OwnLatentSources {
  readonly latents: LatentCache;
  readonly models: ModelRegistry;
}

/** How a request names a latent: the field that is wrong when it cannot be used. */
export interface NamedLatent {
  readonly account: string;
  /** The models that the key may use. */
  readonly models: AllowedModels;
  readonly id: string;
  readonly param: string;
}

/**
 * Another account's latent looks just like none, so that nobody learns what others asked for: `not_found`. Fails with
 * `invalid_request` on one of a revision that this service does not know.
 */
export async function findOwnLatent(
  { latents, models }: OwnLatentSources,
  { account, models: allowed, id, param }: NamedLatent,
): Promise<Result<OwnLatent, Failure>> {
  const stored = /^[0-9a-f]{64}$/u.test(id) ? await latents.find(id) : undefined;
  if (stored?.account !== account) return err({ code: "not_found", what: "latent" });
  const described = describeLatent(stored.bytes);
  const manifest = described && (await models.manifestOf(described.metadata.revision));
  const pixels = manifest && imageSizeOf(manifest, described.shape);
  if (described === undefined || manifest === undefined || pixels === undefined) {
    return err(invalidRequest(param, `'${param}' is a latent of a revision that is not here any more. Make it again.`));
  }
  const refusal = modelRefusal(allowed, manifest);
  if (refusal !== undefined) return err(refusal);
  const { shape, metadata } = described;
  const size = `${pixels.width}x${pixels.height}`;
  const { priceFactor } = manifest;
  const steps = manifest.sampler.stageC.steps.default;
  const work = { steps, latentShape: shape, pixels: pixelsOf(size), priceFactor };
  const { bytes, madeMs } = stored;
  return ok({ id, manifest, bytes, madeMs, size, seed: Number(metadata.seed), work });
}
