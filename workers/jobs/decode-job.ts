import type { Failure } from "../../shared/errors.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { DecodeOptions } from "../../shared/wire/decode.ts";
import type { GpuClient, Milliseconds } from "../gpu/gpu-client.ts";
import type { CachedImage, ImageCache } from "../images/image-cache.ts";

/** One picture that a request wants of a latent. */
export interface DecodeRequest {
  readonly latentId: string;
  /** The latent file. */
  readonly latent: Uint8Array<ArrayBuffer>;
  readonly options: DecodeOptions;
  /** The reservation of the request that asks. */
  readonly claimId: string;
}

/** A picture file. */
export interface DecodedImage extends CachedImage {
  /** Whose claim the decode was made for; undefined when the picture was at this location already. */
  readonly claimId: string | undefined;
  readonly milliseconds: Milliseconds;
}

/** What a decode takes. */
export interface DecodeJobParts {
  readonly images: ImageCache;
  readonly gpu: Pick<GpuClient, "decodeLatent">;
}

/**
 * The decoding of one picture at one edge location. At most one is under way. Nothing is recorded: a decode whose object
 * ends is repeated by whoever still waits, and nobody is charged for it twice.
 */
export class DecodeJob {
  readonly #parts: DecodeJobParts;
  #run: Promise<Result<DecodedImage, Failure>> | undefined;

  constructor(parts: DecodeJobParts) {
    this.#parts = parts;
  }

  /** The picture: cached here, or by the decode under way, or by a new one. */
  obtain(request: DecodeRequest): Promise<Result<DecodedImage, Failure>> {
    this.#run ??= this.#begin(request).finally(() => {
      this.#run = undefined;
    });
    return this.#run;
  }

  /** Looks first: a caller may have missed the picture just before the last decode put it there. */
  async #begin({ latentId, latent, options, claimId }: DecodeRequest): Promise<Result<DecodedImage, Failure>> {
    const { images, gpu } = this.#parts;
    const cached = await images.find(latentId, options);
    if (cached !== undefined) return ok({ ...cached, claimId: undefined, milliseconds: {} });
    const decoded = await gpu.decodeLatent(latent, options);
    if (!decoded.ok) return decoded;
    const image = await images.put(latentId, options, decoded.value.bytes);
    return ok({ ...image, claimId, milliseconds: decoded.value.milliseconds });
  }
}
