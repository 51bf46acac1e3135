import type { Failure } from "../../shared/errors.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { DecodeOptions } from "../../shared/wire/decode.ts";
import type { GpuClient, Milliseconds } from "../gpu/gpu-client.ts";
import type { CachedImage, ImageCache } from "../images/image-cache.ts";

/** What turning a latent into a picture takes. */
export interface ImageSources {
  readonly images: ImageCache;
  readonly gpu: GpuClient;
}

/** A latent to be shown. */
export interface LatentToShow {
  readonly latentId: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A picture file, and what its decoding took. */
export interface DecodedImage extends CachedImage {
  readonly milliseconds: Milliseconds;
}

/** Decodes a latent and leaves the picture at the edge. */
export async function decodeImage(
  { images, gpu }: ImageSources,
  latent: LatentToShow,
  options: DecodeOptions,
): Promise<Result<DecodedImage, Failure>> {
  const decoded = await gpu.decodeLatent(latent.bytes, options);
  if (!decoded.ok) return decoded;
  const image = await images.put(latent.latentId, options, decoded.value.bytes);
  return ok({ ...image, milliseconds: decoded.value.milliseconds });
}
