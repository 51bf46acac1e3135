import { float32Tensor } from "../../shared/decoding/host-tensor.ts";
import { channelsOf, type Pixels, toPlanes } from "../../shared/decoding/pixels.ts";
import { AppError } from "../../shared/errors.ts";
import type { LatentShape } from "../../shared/latents/latent-key.ts";
import type { ImageSize } from "../../shared/models/image-size.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import type { Graph } from "../runtime/graph.ts";

/**
 * The size at which a bundle's compressor reads a picture for a latent of this shape: so many pixels a cell as its
 * input port says ("16*h"), whatever the size of the picture that Stage A makes.
 */
export function compressorSize({ graphs }: Manifest, [, rows, columns]: LatentShape): ImageSize {
  const axis = graphs.compressor?.inputs[0]?.shape[2];
  const cellPixels = Number(/^(\d+)\*[a-z]+$/u.exec(String(axis))?.[1] ?? Number.NaN);
  if (Number.isNaN(cellPixels)) throw new AppError("The bundle's compressor does not say how many pixels a cell has.");
  return { width: columns * cellPixels, height: rows * cellPixels };
}

/** Runs the compressor: (channels, height, width) float32, before it is rounded for storage. */
export async function encodePixels(compressor: Graph, pixels: Pixels, shape: LatentShape): Promise<Float32Array> {
  const image = float32Tensor(toPlanes(pixels), [1, channelsOf(pixels), pixels.height, pixels.width]);
  const latent = await compressor.run({ image });
  if (latent.shape.slice(1).join() !== shape.join()) {
    throw new AppError(`The compressor gave (${latent.shape.join(", ")}) for a latent of (${shape.join(", ")}).`);
  }
  return latent.data;
}
