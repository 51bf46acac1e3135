import { AppError } from "../../shared/errors.ts";
import { decodeLatent, encodeLatent } from "../../shared/latents/latent-format.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import type { StageCRequest } from "../../shared/wire/stage-c.ts";
import type { GraphSet } from "../runtime/graph-set.ts";
import type { Pixels } from "../tensor/pixels.ts";
import { makeLatent } from "./make-latent.ts";
import { runStageA, runStageB } from "./paint-latent.ts";
import { createTextConditions } from "./text-conditions.ts";

/** Latent files, one a seed in the request's order, and what they took in milliseconds. */
export interface MadeLatents {
  readonly files: readonly Uint8Array[];
  readonly milliseconds: { readonly textEncoder: number; readonly stageC: number };
}

/** A picture, and what it took in milliseconds. */
export interface PaintedLatent {
  readonly pixels: Pixels;
  readonly milliseconds: { readonly stageB: number; readonly stageA: number };
}

/** From token ids to latents, and from a latent to a picture. Both block the thread between two steps of a sampler. */
export interface Pipeline {
  /** The request must have been checked against the manifest. Throws `AppError` when a graph fails. */
  makeLatents(request: StageCRequest): Promise<MadeLatents>;
  /** Always from the stored form, so that a fresh latent and a stored one give the same picture. */
  paint(latentFile: Uint8Array): Promise<PaintedLatent>;
}

/** What a pipeline is made of. `now` counts milliseconds from any moment. */
export interface PipelineOptions {
  readonly manifest: Manifest;
  readonly graphs: GraphSet;
  readonly conditionCacheBytesMax: number;
  readonly now: () => number;
}

/** Every picture is computed alone: what is beside it in a request can never change it. */
export function createPipeline({ manifest, graphs, conditionCacheBytesMax, now }: PipelineOptions): Pipeline {
  const textConditions = createTextConditions({ manifest, graphs, cacheBytesMax: conditionCacheBytesMax });

  return {
    async makeLatents(request) {
      const start = now();
      const conditional = await textConditions.of(request.tokenIds);
      const unconditional = await textConditions.of(request.negativeTokenIds);
      const textEnd = now();
      const files: Uint8Array[] = [];
      for (const seed of request.seeds) {
        const order = { ...request, seed, conditional, unconditional };
        files.push(latentFile(manifest, { ...request, seed }, await makeLatent(manifest, graphs.stageC, order)));
      }
      return { files, milliseconds: { textEncoder: textEnd - start, stageC: now() - textEnd } };
    },

    async paint(file) {
      const decoded = decodeLatent(file);
      if (!decoded.ok) throw new AppError(`A latent cannot be read: ${decoded.error.message}`);
      const start = now();
      const stageBLatent = await runStageB(manifest, graphs, decoded.value);
      const stageBEnd = now();
      const pixels = await runStageA(manifest, graphs, stageBLatent, decoded.value.shape);
      return { pixels, milliseconds: { stageB: stageBEnd - start, stageA: now() - stageBEnd } };
    },
  };
}

/** The file says how it was made, but nothing of the prompt. */
function latentFile(
  manifest: Manifest,
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
  const encoded = encodeLatent({ values, shape: latentShape, metadata });
  if (!encoded.ok) throw new AppError(`A latent cannot be stored: ${encoded.error.message}`);
  return encoded.value;
}
