import { type Failure, invalidRequest } from "../../shared/errors.ts";
import type { LatentShape } from "../../shared/latents/latent-key.ts";
import { latentShapeFor } from "../../shared/models/latent-shape.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { modelFault, readLatent, shapeFault } from "../../shared/models/read-latent.ts";
import { resolveSampling } from "../../shared/models/sampling.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { StageCRequest } from "../../shared/wire/stage-c.ts";
import { imageStatesWidth } from "../pipeline/image-prompts.ts";

/** What requests are checked against. */
export interface HeldModel {
  readonly manifest: Manifest;
  readonly vocabularySize: number;
}

/** The models that this backend can load. */
export interface HeldModels {
  /** The one of requests that name none, as those of 0.1 do not. */
  readonly default: HeldModel;
  manifests(): readonly Manifest[];
  /** `isAnnounced`: an operator says that it is there, so that what was not found lately is looked for again. */
  find(revision: string, isAnnounced?: boolean): Promise<HeldModel | undefined>;
  /** Notes the revisions that the edge offers. */
  list(revisions: readonly string[]): Promise<void>;
}

/**
 * The model of a request or file. Fails with `model_not_found`, naming the models there are, on one that this backend
 * does not hold: another backend may.
 */
export async function heldModel(
  models: HeldModels,
  named: { readonly model: string; readonly revision: string },
  isAnnounced = false,
): Promise<Result<HeldModel, Failure>> {
  const found = await models.find(named.revision, isAnnounced);
  if (found !== undefined && modelFault(found.manifest, named) === undefined) return ok(found);
  const available = models.manifests().map(({ id, revision }) => `${id}@${revision}`);
  return err({ code: "model_not_found", model: `${named.model}@${named.revision}`, available });
}

/** As `heldModel`; the default where nothing is named. */
export async function namedModel(
  models: HeldModels,
  { model, revision }: { readonly model?: string | undefined; readonly revision?: string | undefined },
): Promise<Result<HeldModel, Failure>> {
  return model === undefined || revision === undefined ? ok(models.default) : heldModel(models, { model, revision });
}

/** Why a model cannot do a Stage C task, naming the field, or undefined when it can. Never quotes a value. */
export function stageCFault(model: HeldModel, request: StageCRequest): Failure | undefined {
  const { manifest } = model;
  const sampling = resolveSampling(manifest, request);
  return (
    tokensFault(model, "tokenIds", request.tokenIds) ??
    tokensFault(model, "negativeTokenIds", request.negativeTokenIds) ??
    (sampling.ok ? undefined : sampling.error) ??
    shapeFault(manifest, "latentShape", request.latentShape) ??
    startFault(manifest, request) ??
    imageStatesFault(manifest, request)
  );
}

/** The text of a picture's size as a latent shape, if the model offers it and can read pictures. */
export function pictureShape(manifest: Manifest, size: string): Result<LatentShape, Failure> {
  if (manifest.graphs.compressor === undefined) {
    return err(invalidRequest("model", `${manifest.id} cannot start from a picture: its bundle has no compressor.`));
  }
  return latentShapeFor(manifest, size);
}

/** Why a model's prompts may hold no pictures; undefined: they may. */
export function imagePromptFault({ id, imagePrompts }: Manifest): Failure | undefined {
  if (imagePrompts !== undefined) return undefined;
  return invalidRequest("model", `${id} reads no pictures in a prompt: its bundle has no image encoder.`);
}

function imageStatesFault(manifest: Manifest, { imagePrompts }: StageCRequest): Failure | undefined {
  if (imagePrompts === undefined) return undefined;
  const bytes = 2 * (imageStatesWidth(manifest) ?? 0);
  const fits = imagePrompts.every((states) => Buffer.from(states, "base64").length === bytes);
  if (!fits) return invalidRequest("imagePrompts", `'imagePrompts' must each have ${bytes} bytes.`);
  return imagePromptFault(manifest);
}

function startFault(manifest: Manifest, { start, latentShape }: StageCRequest): Failure | undefined {
  if (start === undefined) return undefined;
  const latent = readLatent(manifest, Buffer.from(start.latent, "base64"), "start.latent");
  if (!latent.ok) return latent.error;
  if (latent.value.shape.join() !== latentShape.join()) {
    return invalidRequest("start.latent", "'start.latent' must have the shape that 'latentShape' says.");
  }
  const cells = latentShape[1] * latentShape[2];
  if (start.mask === undefined || start.mask.length === cells) return undefined;
  return invalidRequest("start.mask", `'start.mask' must have ${cells} characters, one for each cell of the latent.`);
}

function tokensFault(
  { manifest, vocabularySize }: HeldModel,
  field: string,
  ids: readonly number[],
): Failure | undefined {
  const { tokensMax } = manifest.text;
  if (ids.length > tokensMax) return invalidRequest(field, `'${field}' must be at most ${tokensMax} entries long.`);
  if (ids.every((id) => id < vocabularySize)) return undefined;
  return invalidRequest(field, `'${field}' must hold ids below ${vocabularySize} only.`);
}
