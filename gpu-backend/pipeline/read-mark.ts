import { float32Tensor } from "../../shared/decoding/host-tensor.ts";
import { type Pixels, toPlanes } from "../../shared/decoding/pixels.ts";
import { AppError } from "../../shared/errors.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { markMatches } from "../../shared/models/mark.ts";
import type { Graph } from "../runtime/graph.ts";

/** Runs the extractor on each reading of a picture: the most bits that agree with the bundle's message, 0 to 32. */
export async function readMark(
  { mark }: Pick<Manifest, "mark">,
  extractor: Graph,
  readings: readonly Pixels[],
): Promise<number> {
  if (mark === undefined) throw new AppError("The bundle has no mark.");
  let most = 0;
  for (const pixels of readings) {
    const image = float32Tensor(toPlanes(pixels), [1, 3, pixels.height, pixels.width]);
    const { data } = await extractor.run({ image });
    most = Math.max(most, markMatches(mark.message, data));
  }
  return most;
}
