import { type Failure, invalidRequest } from "../errors.ts";
import type { LatentShape } from "../latents/latent-key.ts";
import { err, ok, type Result } from "../result.ts";
import { type ImageSize, isSide, parseImageSize } from "./image-size.ts";
import type { Manifest } from "./manifest.ts";

/**
 * The Stage C latent's (channels, height, width) for an image size such as "128x128"; without a size, for the model's
 * default. Fails on a size that the model does not offer, telling those it does.
 */
export function latentShapeFor(manifest: Manifest, size?: string): Result<LatentShape, Failure> {
  return shapeFor(manifest, size, manifest.latent);
}

/** As `latentShapeFor`, for the latent between Stage B and Stage A. */
export function stageBLatentShapeFor(manifest: Manifest, size?: string): Result<LatentShape, Failure> {
  return shapeFor(manifest, size, manifest.stageB);
}

/**
 * The image size whose Stage C latent has this shape, so that a stored latent alone can be decoded. Undefined when no
 * size of the model has it.
 */
export function imageSizeOf(manifest: Manifest, shape: LatentShape): ImageSize | undefined {
  for (const size of [...manifest.image.sizes, ...sizeInRange(manifest, shape)]) {
    const candidate = latentShapeFor(manifest, size);
    if (candidate.ok && candidate.value.every((side, axis) => side === shape[axis])) return parseImageSize(size);
  }
  return undefined;
}

/** The one size of the model's range that can have such a latent: `multipleOf` is no smaller than a cell. */
function sizeInRange({ image: { sides }, latent }: Manifest, [, height, width]: LatentShape): string[] {
  if (sides === undefined) return [];
  const sideOf = (cells: number) => Math.floor((cells * latent.downscale) / sides.multipleOf) * sides.multipleOf;
  return [`${sideOf(width)}x${sideOf(height)}`];
}

/** The sizes that a model offers, as text for messages. */
export function offeredSizes({ image: { sizes, sides } }: Manifest): string[] {
  if (sides === undefined) return [...sizes];
  const { min, max, multipleOf } = sides;
  return [...sizes, `any WIDTHxHEIGHT whose sides are multiples of ${multipleOf} from ${min} to ${max}`];
}

function shapeFor(
  manifest: Manifest,
  size: string | undefined,
  { channels, downscale }: { readonly channels: number; readonly downscale: number },
): Result<LatentShape, Failure> {
  const name = size ?? manifest.image.sizeDefault;
  const pixels = parseImageSize(name);
  if (pixels === undefined || !isOffered(manifest, name, pixels)) {
    return err(invalidRequest("size", sizeText(manifest), [...offeredSizes(manifest), "auto"]));
  }
  // Rounded up, so that the latent covers the whole picture where the factor does not divide it.
  return ok([channels, Math.ceil(pixels.height / downscale), Math.ceil(pixels.width / downscale)]);
}

function sizeText({ id }: Manifest): string {
  return `'size' must be one that ${id} offers, unless the operator sets UNSUPPORTED_SIZES to nearest.`;
}

function isOffered({ image: { sizes, sides } }: Manifest, name: string, { width, height }: ImageSize): boolean {
  return sizes.includes(name) || (sides !== undefined && isSide(sides, width) && isSide(sides, height));
}
