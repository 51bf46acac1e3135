import type { DecodeOptions } from "../../shared/decode-options.ts";
import type { Failure } from "../../shared/errors.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { Priority } from "../../shared/wire/task-terms.ts";
import type { GpuClient, Milliseconds } from "../gpu/gpu-client.ts";
import type { RequestOrigin } from "../gpu/request-origin.ts";
import type { CachedImage, ImageCache } from "../images/image-cache.ts";
import { type Run, SharedRun, type Waiter, whileWanted } from "./shared-run.ts";

/** One picture that a request wants of a latent. */
export interface DecodeRequest extends Waiter {
  readonly latentId: string;
  /** The latent file. */
  readonly latent: Uint8Array<ArrayBuffer>;
  readonly options: DecodeOptions;
  readonly priority: Priority;
  readonly account: string;
  readonly origin?: RequestOrigin | undefined;
}

/** A picture file. */
export interface DecodedImage extends CachedImage {
  /** The reservation that pays for the decode; undefined if this location had the picture already. */
  readonly reservationId: string | undefined;
  readonly milliseconds: Milliseconds;
}

/** What a decode takes. */
export interface DecodeRunServices {
  readonly images: Pick<ImageCache, "find" | "put">;
  readonly gpu: Pick<GpuClient, "decodeLatent">;
}

/**
 * The decoding of one picture at one edge location. Nothing is recorded: if the object ends, the callers that still
 * wait repeat the decode, and none is charged twice.
 */
export class DecodeRun {
  readonly #parts: DecodeRunServices;
  readonly #run = new SharedRun<DecodeRequest, DecodedImage>({ begin: (request, run) => this.#begin(request, run) });

  constructor(parts: DecodeRunServices) {
    this.#parts = parts;
  }

  /** The picture: the cached one, or the outcome of the decode in progress or of a new one. */
  obtain(request: DecodeRequest): Promise<Result<DecodedImage, Failure>> {
    return this.#run.join(request);
  }

  /** Somebody does not want it any more; nothing happens while others do. */
  leave(waiterId: string): void {
    this.#run.leave(waiterId);
  }

  /** Looks first: a caller may have missed the picture just before the last decode put it there. */
  async #begin(request: DecodeRequest, run: Run<DecodeRequest>): Promise<Result<DecodedImage, Failure>> {
    const { images, gpu } = this.#parts;
    const { latentId, latent, options, priority, account, reservationId, origin } = request;
    const looked = await whileWanted(run, images.find(latentId, options));
    if (!looked.ok) return looked;
    if (looked.value !== undefined) return ok({ ...looked.value, reservationId: undefined, milliseconds: {} });
    const decoded = await gpu.decodeLatent(
      { latent, options },
      { priority, payer: { account, reservationId }, signal: run.signal, origin },
    );
    if (!decoded.ok) return decoded;
    const image = await images.put(latentId, options, decoded.value.bytes);
    return ok({ ...image, reservationId: run.payer.reservationId, milliseconds: decoded.value.milliseconds });
  }
}
