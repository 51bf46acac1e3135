import type { Failure } from "../../shared/errors.ts";
import type { Result } from "../../shared/result.ts";
import { callObject, type ObjectNamespace } from "../edge/call-object.ts";
import type { ImageCache } from "../images/image-cache.ts";
import type { DecodedImage, DecodeRequest } from "./decode-job.ts";
import type { LatentRequest, ObtainedLatent } from "./latent-job.ts";

/** The methods of the Durable Object that makes one latent, named by the latent's id. */
export interface LatentJobRpc {
  obtain(request: LatentRequest): Promise<Result<ObtainedLatent, Failure>>;
}

/** The methods of the Durable Object that decodes one picture at one location. */
export interface DecodeJobRpc {
  obtain(request: DecodeRequest): Promise<Result<DecodedImage, Failure>>;
}

/** Latents that are not stored yet, each made once however many ask. */
export type LatentJobs = LatentJobRpc;

/** Pictures that this location does not hold, each decoded once however many ask there. */
export interface DecodeJobs {
  /** `location`: the edge location that the request reached. */
  obtain(location: string, request: DecodeRequest): Promise<Result<DecodedImage, Failure>>;
}

/** Latent jobs in Durable Objects, one a latent's id. */
export function createLatentJobs(namespace: ObjectNamespace<LatentJobRpc>): LatentJobs {
  return {
    obtain: (request) =>
      callObject(
        () => namespace.getByName(request.latentId),
        (job) => job.obtain(request),
      ),
  };
}

/**
 * Decode jobs in Durable Objects, one a location and picture. An object may live in another data centre than the
 * location it serves, so the first caller keeps the picture at its own location as well.
 */
export function createDecodeJobs(namespace: ObjectNamespace<DecodeJobRpc>, images: ImageCache): DecodeJobs {
  return {
    async obtain(location, request) {
      const { latentId, options, claimId } = request;
      const name = `${location}/${latentId}.${options.format}?quality=${options.quality ?? "default"}`;
      const outcome = await callObject(
        () => namespace.getByName(name),
        (job) => job.obtain(request),
      );
      if (outcome.ok && outcome.value.claimId === claimId) await images.put(latentId, options, outcome.value.bytes);
      return outcome;
    },
  };
}
