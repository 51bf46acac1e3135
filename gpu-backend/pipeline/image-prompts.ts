import { type Float32Tensor, float32Tensor } from "../../shared/decoding/host-tensor.ts";
import { channelsOf, type Pixels, toPlanes } from "../../shared/decoding/pixels.ts";
import { AppError } from "../../shared/errors.ts";
import { fromFloat16Bits, toFloat16Bits } from "../../shared/latents/float16.ts";
import type { ImageSize } from "../../shared/models/image-size.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import type { Graph } from "../runtime/graph.ts";

/** The size at which a bundle's image encoder reads a picture. */
export function imagePromptSize({ graphs }: Manifest): ImageSize {
  const [, , height, width] = graphs.imageEncoder?.inputs[0]?.shape ?? [];
  if (typeof height === "number" && typeof width === "number") return { width, height };
  throw new AppError("The bundle's image encoder does not say how large a picture it reads.");
}

/** Runs the image encoder: what Stage C reads of a picture, as float16 bytes, little-endian. */
export async function encodeImagePrompt(encoder: Graph, pixels: Pixels): Promise<Uint8Array> {
  const shape = [1, channelsOf(pixels), pixels.height, pixels.width];
  const { data } = await encoder.run({ image: float32Tensor(toPlanes(pixels), shape) });
  const bytes = Buffer.alloc(data.length * 2);
  for (const [index, bits] of toFloat16Bits(data).entries()) bytes.writeUInt16LE(bits, index * 2);
  return bytes;
}

/** Pictures as `encodeImagePrompt` gave them, in base64 → (1, pictures, width), for one row of a run. */
export function imageStates(prompts: readonly string[]): Float32Tensor {
  const pictures = prompts.map((prompt) => {
    const bytes = Buffer.from(prompt, "base64");
    const bits = Uint16Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readUInt16LE(index * 2));
    return fromFloat16Bits(bits);
  });
  const width = pictures[0]?.length ?? 0;
  const data = new Float32Array(pictures.length * width);
  for (const [index, picture] of pictures.entries()) data.set(picture, index * width);
  return float32Tensor(data, [1, pictures.length, width]);
}

/** How many numbers a picture becomes; undefined for a bundle without image prompts. */
export function imageStatesWidth({ graphs }: Manifest): number | undefined {
  const width = graphs.imageEncoder?.outputs[0]?.shape[1];
  return typeof width === "number" ? width : undefined;
}
