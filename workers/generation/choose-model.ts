import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import type { Failure } from "../../shared/errors.ts";
import { parseImageSize } from "../../shared/models/image-size.ts";
import { latentShapeFor } from "../../shared/models/latent-shape.ts";
import { nearestSize } from "../../shared/models/nearest-size.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { Model } from "../models/model.ts";
import type { ModelRegistry } from "../models/registry.ts";
import { movedModel } from "./roll-out-share.ts";

/** The model of a request, and the request in a size that the model has if the operator wants that. */
export interface ChosenModel {
  readonly model: Model;
  readonly request: CreateImageRequest;
}

/**
 * Finds a request's model. Where the operator has sizes fall to the nearest, another size takes the place of one that
 * the model lacks, with a warning; elsewhere the size stays, for the plan to refuse. Fails with `model_not_found`.
 * `account`: whose request it is, if it may go to a revision that is being rolled out.
 */
export async function chooseModel(
  models: ModelRegistry,
  request: CreateImageRequest,
  account?: string,
): Promise<Result<ChosenModel, Failure>> {
  const found = await models.find(request.model);
  if (!found.ok) return found;
  const base = found.value;
  const model = (account === undefined ? undefined : await movedModel(models, { request, account, base })) ?? base;
  const wanted = request.size === undefined ? undefined : parseImageSize(request.size);
  if (
    wanted === undefined ||
    models.unsupportedSizes === "refused" ||
    latentShapeFor(model.manifest, request.size).ok
  ) {
    return ok({ model, request });
  }
  const size = nearestSize(model.manifest, wanted);
  const warning = `size_replaced: '${model.manifest.id}' does not offer ${request.size}; ${size} was made.`;
  return ok({ model, request: { ...request, size, warnings: [...request.warnings, warning] } });
}
