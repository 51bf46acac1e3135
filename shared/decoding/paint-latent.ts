import { guide, isGuided, type NoisePrediction } from "../diffusion/guidance.ts";
import { createNoiseSource } from "../diffusion/noise-source.ts";
import { type SampledStep, sample } from "../diffusion/sampler.ts";
import { AppError } from "../errors.ts";
import type { Latent } from "../latents/latent-format.ts";
import type { LatentShape } from "../latents/latent-key.ts";
import { latentSeed } from "../latents/latent-seed.ts";
import type { ImageSize } from "../models/image-size.ts";
import { imageSizeOf, stageBLatentShapeFor } from "../models/latent-shape.ts";
import type { Manifest } from "../models/manifest.ts";
import type { DecoderGraphs } from "./decoder-graphs.ts";
import { type Float32Tensor, float32Tensor, repeated } from "./host-tensor.ts";
import { type Pixels, toPixels } from "./pixels.ts";
import { timestepTensor } from "./timestep-tensor.ts";

/** What Stage B takes beside a latent. */
export interface StageBOptions {
  /**
   * For a model whose Stage B reads a text: (1, positions, channels), or where the model guides it (2, …), the prompt
   * before the negative.
   */
  readonly text?: Float32Tensor | undefined;
  readonly onStep?: ((step: SampledStep) => void) | undefined;
}

/**
 * Runs Stage B: the latent between Stage B and Stage A, (1, channels, height, width). Deterministic for one latent and
 * text.
 */
export async function runStageB(
  manifest: Manifest,
  graphs: DecoderGraphs,
  latent: Latent,
  { text, onStep }: StageBOptions = {},
): Promise<Float32Tensor> {
  const shape = stageBShape(manifest, sizeOf(manifest, latent.shape));

  const values = await sample({
    kind: manifest.sampler.stageB.kind,
    prediction: manifest.sampler.stageB.prediction,
    schedule: manifest.schedule,
    steps: manifest.sampler.stageB.steps.default,
    length: shape[0] * shape[1] * shape[2],
    noise: createNoiseSource(seedOf(latent)),
    predict: await predictionOf(manifest, graphs, { latent, text, shape }),
    onStep,
  });
  requireFinite("stageB", values);
  return float32Tensor(values, [1, ...shape]);
}

interface Decoding extends Pick<StageBOptions, "text"> {
  readonly latent: Latent;
  /** Of Stage B's latent. */
  readonly shape: LatentShape;
}

/** Both passes of guidance are rows of one run; the second reads a latent of zeros, as it was trained. */
async function predictionOf(
  manifest: Manifest,
  graphs: DecoderGraphs,
  { latent, text, shape }: Decoding,
): Promise<NoisePrediction> {
  const scale = manifest.stageB.text?.guidanceScale ?? 0;
  const rows = isGuided(scale) ? 2 : 1;
  const latents = new Float32Array(rows * latent.values.length);
  latents.set(latent.values);
  const condition = await graphs.stageBConditioner.run({
    stage_c_latent: float32Tensor(latents, [rows, ...latent.shape]),
  }); // (rows, features, height, width)

  return async (noisy, t) => {
    const { data } = await graphs.stageB.run({
      stage_b_latent: float32Tensor(repeated(noisy, rows), [rows, ...shape]),
      timestep_embedding: timestepTensor(manifest, t, rows),
      picture_condition: condition,
      ...(text === undefined ? {} : { text_condition: text }),
    });
    return rows === 1 ? data : guide(scale, data.subarray(noisy.length), data.subarray(0, noisy.length));
  };
}

/** Runs Stage A on what Stage B made of a latent of the given shape: the picture. */
export async function runStageA(
  manifest: Manifest,
  graphs: DecoderGraphs,
  stageBLatent: Float32Tensor,
  latentShape: LatentShape,
): Promise<Pixels> {
  const scaled = stageBLatent.data.map((value) => value * manifest.stageB.latentScale);
  const image = await graphs.stageA.run({ stage_b_latent: float32Tensor(scaled, stageBLatent.shape) });
  requireFinite("stageA", image.data);
  const [, , planeHeight = 0, planeWidth = 0] = image.shape; // (1, 3 or 4, height, width)
  return toPixels({ values: image.data, planeHeight, planeWidth }, sizeOf(manifest, latentShape));
}

/** Throws `AppError` where a picture would have black holes. A product with 0 is 0 for finite values alone. */
function requireFinite(graph: string, values: Float32Array): void {
  let sum = 0;
  for (const value of values) sum += value * 0;
  if (sum !== 0) throw new AppError(`Graph ${graph} gave a value that is not finite.`, { fault: "not_finite" });
}

function sizeOf(manifest: Manifest, shape: LatentShape): ImageSize {
  const size = imageSizeOf(manifest, shape);
  if (size === undefined) throw new AppError(`No size of ${manifest.id} has a latent of (${shape.join(", ")}).`);
  return size;
}

function stageBShape(manifest: Manifest, { width, height }: ImageSize): LatentShape {
  const shape = stageBLatentShapeFor(manifest, `${width}x${height}`);
  if (!shape.ok) throw new AppError(`${manifest.id} does not offer ${width}x${height}.`);
  return shape.value;
}

function seedOf({ metadata }: Latent): number {
  const seed = latentSeed(metadata);
  if (seed === undefined) throw new AppError("A latent file names no seed.");
  return seed;
}
