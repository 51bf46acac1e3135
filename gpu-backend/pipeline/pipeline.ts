import { float32Tensor } from "../../shared/decoding/host-tensor.ts";
import { runStageA, runStageB } from "../../shared/decoding/paint-latent.ts";
import type { Pixels } from "../../shared/decoding/pixels.ts";
import { isGuided } from "../../shared/diffusion/guidance.ts";
import type { SampledStep } from "../../shared/diffusion/sampler.ts";
import { AppError } from "../../shared/errors.ts";
import { decodeLatent, encodeLatent, type Latent } from "../../shared/latents/latent-format.ts";
import type { LatentShape } from "../../shared/latents/latent-key.ts";
import { textField } from "../../shared/latents/latent-text.ts";
import type { LatentEncoding } from "../../shared/latents/latent-values.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { withPublicNames } from "../../shared/sampling-fields.ts";
import type { StageCRequest } from "../../shared/wire/stage-c.ts";
import type { GraphSet } from "../runtime/graph-set.ts";
import { encodePixels } from "./encode-pixels.ts";
import { encodeImagePrompt, imageStates } from "./image-prompts.ts";
import { readStart } from "./latent-start.ts";
import { makeLatent } from "./make-latent.ts";
import { createTextSeal } from "./sealed-text.ts";
import { createStageBTexts } from "./stage-b-texts.ts";
import type { StepWatch } from "./task-watch.ts";
import { createTextConditions, joinConditions, type TextCondition } from "./text-conditions.ts";

/**
 * From token ids to latents, and from a latent to a picture, on the graphs of the task that asks. Both reject with what
 * the graphs reject with.
 */
export interface Pipeline {
  /** Latent files, one a seed in the request's order. The request must have been checked against the manifest. */
  makeLatents(request: StageCRequest, graphs: GraphSet, watch?: StepWatch): Promise<readonly Uint8Array[]>;
  /** The latent file that stands for a picture, whose pixels have `compressorSize`. */
  encode(pixels: Pixels, shape: LatentShape, graphs: GraphSet): Promise<Uint8Array>;
  /** What Stage C reads of a picture that is part of a prompt, whose pixels have `imagePromptSize`. */
  encodeImagePrompt(pixels: Pixels, graphs: GraphSet): Promise<Uint8Array>;
  /** Always from the stored form, so that a fresh latent and a stored one give the same picture. */
  paint(latentFile: Uint8Array, graphs: GraphSet, onStep?: OnStep): Promise<Pixels>;
}

/** Hears of every step of Stage B. */
type OnStep = (step: SampledStep) => void;

/** Nothing was drawn for it; Stage B needs some seed, and the same picture shall always look the same. */
const encodedSeed = "0";

interface LatentOrigin extends Omit<StageCRequest, "seeds"> {
  readonly seed: number;
  /** Its text, for a model whose Stage B reads it. */
  readonly sealed: string | undefined;
}

/** What a pipeline is made of. */
export interface PipelineOptions {
  readonly manifest: Manifest;
  readonly conditionCacheBytesMax: number;
  /** How latents are written; all forms are read. */
  readonly latentEncoding: LatentEncoding;
  /** As of `createTextSeal`. */
  readonly latentTextKeys: readonly string[];
}

/** The samples of a request are independent of each other: whether they share runs is for the graphs to decide. */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { manifest } = options;
  const cacheBytesMax = options.conditionCacheBytesMax;
  const texts = createTextConditions({ manifest, cacheBytesMax });
  const stageBTexts = createStageBTexts({ manifest, cacheBytesMax });
  const textSeal = createTextSeal(options.latentTextKeys);

  /** In the negative no picture stands in the place of each. */
  async function textOf(request: StageCRequest, graphs: GraphSet): Promise<TextCondition> {
    const { imagePrompts, tokenIds, negativeTokenIds } = request;
    const images = imagePrompts && imageStates(imagePrompts);
    const noImages = images && float32Tensor(new Float32Array(images.data.length), images.shape);
    const conditional = await texts.of(graphs, tokenIds, images);
    if (!isGuided(request.guidanceScale)) return conditional;
    return joinConditions([await texts.of(graphs, negativeTokenIds, noImages), conditional]);
  }

  return {
    async makeLatents(request, graphs, watch) {
      const text = await textOf(request, graphs);
      const start = readStart(request);
      return Promise.all(
        request.seeds.map(async (seed, index) => {
          const onStep = watch && ((step: SampledStep) => watch(index, step));
          const values = await makeLatent(manifest, graphs.stageC, { ...request, seed, text, start, onStep });
          const sealed = manifest.stageB.text && textSeal.seal(request, seed);
          return latentFile(options, { ...request, seed, sealed }, values);
        }),
      );
    },

    async encode(pixels, shape, graphs) {
      const values = await encodePixels(graphs.compressor, pixels, shape);
      const { id: model, revision } = manifest;
      return writeLatent({ values, shape, metadata: { model, revision, seed: encodedSeed } }, options.latentEncoding);
    },

    encodeImagePrompt: (pixels, graphs) => encodeImagePrompt(graphs.imageEncoder, pixels),

    async paint(file, graphs, onStep) {
      const decoded = decodeLatent(file);
      if (!decoded.ok) throw new AppError(`A latent cannot be read: ${decoded.error.message}`);
      const { metadata, shape } = decoded.value;
      const sealed = metadata[textField];
      const text = await stageBTexts.of(graphs, sealed === undefined ? undefined : textSeal.open(sealed));
      const stageBLatent = await runStageB(manifest, graphs, decoded.value, { text, onStep });
      return runStageA(manifest, graphs, stageBLatent, shape);
    },
  };
}

/** The file says how it was made, but of the prompt only what the backend alone can read. */
function latentFile(
  { manifest, latentEncoding }: PipelineOptions,
  { seed, latentShape, start, sealed, ...task }: LatentOrigin,
  values: Float32Array,
): Uint8Array {
  const metadata = {
    model: manifest.id,
    revision: manifest.revision,
    seed: String(seed),
    ...withPublicNames((field) => String(task[field])),
    sampler: manifest.sampler.stageC.kind,
    ...(start === undefined ? {} : { strength: String(start.strength) }),
    ...(sealed === undefined ? {} : { [textField]: sealed }),
  };
  return writeLatent({ values, shape: latentShape, metadata }, latentEncoding);
}

function writeLatent(latent: Latent, encoding: LatentEncoding): Uint8Array {
  const encoded = encodeLatent(latent, encoding);
  if (!encoded.ok) {
    const fault = encoded.error.reason === "not_finite" ? "not_finite" : undefined;
    throw new AppError(`A latent cannot be stored: ${encoded.error.message}`, { fault });
  }
  return encoded.value;
}
