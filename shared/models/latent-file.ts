import { AppError, type Failure, invalidRequest } from "../errors.ts";
import { interpolate } from "../latents/interpolate.ts";
import { encodeLatent, type Latent } from "../latents/latent-format.ts";
import { textMetadata } from "../latents/latent-text.ts";
import { err, ok, type Result } from "../result.ts";
import { imageSizeOf } from "./latent-shape.ts";
import type { Manifest } from "./manifest.ts";
import { readLatent } from "./read-latent.ts";

/** A latent file that was checked. */
export interface LatentFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** "WIDTHxHEIGHT" of the picture, in pixels. */
  readonly size: string;
  /** That of Stage B's noise. */
  readonly seed: number;
}

/**
 * A latent file from outside, as float16 with our metadata alone. Fails with `invalid_request` naming what is wrong.
 */
export function checkLatentFile(manifest: Manifest, file: Uint8Array): Result<LatentFile, Failure> {
  const latent = readLatent(manifest, file);
  if (!latent.ok) return latent;
  const { values, shape, metadata } = latent.value;
  return fileOf(manifest, { values, shape, metadata: ownMetadata(metadata) });
}

/**
 * The latent at `t`, 0…1, of the way from the first file to the second, along the great circle (slerp). Either end is
 * the file as it came: an int8 latent would be rounded once more. Seed and text are the nearer one's, the first's at
 * ½. Fails with `invalid_request` when a file is wrong, the shapes differ, or a value exceeds float16: a mix can be
 * 1.41 times as long as either end.
 */
export function mixLatentFiles(
  manifest: Manifest,
  [a, b]: readonly [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>],
  t: number,
): Result<LatentFile, Failure> {
  const first = readLatent(manifest, a, "latents.0");
  if (!first.ok) return first;
  const second = readLatent(manifest, b, "latents.1");
  if (!second.ok) return second;
  const { shape } = first.value;
  if (shape.join() !== second.value.shape.join()) {
    return err(invalidRequest("latents.1", "Both latents must be of one shape."));
  }
  if (t === 0) return ok(describe(manifest, first.value, a));
  if (t === 1) return ok(describe(manifest, second.value, b));
  const values = interpolate(first.value.values, second.value.values, t);
  const { metadata } = t > 0.5 ? second.value : first.value;
  return fileOf(manifest, { values, shape, metadata: ownMetadata(metadata) });
}

/** What a file says beside this is no longer true of it, or was never checked. Only the backend can read the text. */
function ownMetadata(metadata: Latent["metadata"]): Latent["metadata"] {
  const { model, revision, seed } = metadata;
  return { model, revision, seed: String(Number(seed)), ...textMetadata(metadata) };
}

function fileOf(manifest: Manifest, latent: Latent): Result<LatentFile, Failure> {
  const file = encodeLatent(latent);
  if (!file.ok) {
    return err(invalidRequest("latents", "'latents' hold values so large that what is made of them exceeds float16."));
  }
  return ok(describe(manifest, latent, file.value));
}

function describe(manifest: Manifest, { shape, metadata }: Latent, bytes: Uint8Array<ArrayBuffer>): LatentFile {
  const size = imageSizeOf(manifest, shape);
  if (size === undefined) throw new AppError("A latent that was checked has no size.");
  return { bytes, size: `${size.width}x${size.height}`, seed: Number(metadata.seed) };
}
