import { AppError } from "../../shared/errors.ts";
import { decodeLatent, encodeLatent } from "../../shared/latents/latent-format.ts";
import type { LatentEncoding } from "../../shared/latents/latent-values.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import type { StageCRequest } from "../../shared/wire/stage-c.ts";
import { isGuided } from "../diffusion/guidance.ts";
import type { GraphSet } from "../runtime/graph-set.ts";
import type { Pixels } from "../tensor/pixels.ts";
import { makeLatent } from "./make-latent.ts";
import { runStageA, runStageB } from "./paint-latent.ts";
import { createTextConditions, joinConditions, type TextCondition } from "./text-conditions.ts";

/**
 * From token ids to latents, and from a latent to a picture, on the graphs of the job that asks. Both reject with what
 * the graphs reject with.
 */
export interface Pipeline {
  /** Latent files, one a seed in the request's order. The request must have been checked against the manifest. */
  makeLatents(request: StageCRequest, graphs: GraphSet): Promise<readonly Uint8Array[]>;
  /** Always from the stored form, so that a fresh latent and a stored one give the same picture. */
  paint(latentFile: Uint8Array, graphs: GraphSet): Promise<Pixels>;
}

/** What a pipeline is made of. */
export interface PipelineOptions {
  readonly manifest: Manifest;
  readonly conditionCacheBytesMax: number;
  /** How latents are written; all forms are read. */
  readonly latentEncoding: LatentEncoding;
}

/** The samples of a request are independent of each other: whether they share runs is for the graphs to decide. */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { manifest } = options;
  const texts = createTextConditions({ manifest, cacheBytesMax: options.conditionCacheBytesMax });

  async function textOf(request: StageCRequest, graphs: GraphSet): Promise<TextCondition> {
    const conditional = await texts.of(graphs, request.tokenIds);
    if (!isGuided(request.guidanceScale)) return conditional;
    return joinConditions([await texts.of(graphs, request.negativeTokenIds), conditional]);
  }

  return {
    async makeLatents(request, graphs) {
      const text = await textOf(request, graphs);
      return Promise.all(
        request.seeds.map(async (seed) => {
          const values = await makeLatent(manifest, graphs.stageC, { ...request, seed, text });
          return latentFile(options, { ...request, seed }, values);
        }),
      );
    },

    async paint(file, graphs) {
      const decoded = decodeLatent(file);
      if (!decoded.ok) throw new AppError(`A latent cannot be read: ${decoded.error.message}`);
      const stageBLatent = await runStageB(manifest, graphs, decoded.value);
      return runStageA(manifest, graphs, stageBLatent, decoded.value.shape);
    },
  };
}

/** The file says how it was made, but nothing of the prompt. */
function latentFile(
  { manifest, latentEncoding }: PipelineOptions,
  { seed, steps, guidanceScale, latentShape }: Omit<StageCRequest, "seeds"> & { readonly seed: number },
  values: Float32Array,
): Uint8Array {
  const metadata = {
    model: manifest.id,
    revision: manifest.revision,
    seed: String(seed),
    steps: String(steps),
    guidance_scale: String(guidanceScale),
    sampler: manifest.sampler.stageC.kind,
  };
  const encoded = encodeLatent({ values, shape: latentShape, metadata }, latentEncoding);
  if (!encoded.ok) throw new AppError(`A latent cannot be stored: ${encoded.error.message}`);
  return encoded.value;
}
