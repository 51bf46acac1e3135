import type { Failure } from "../../shared/errors.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { modelsInsteadOf } from "../../shared/models/model-name.ts";
import { err, ok } from "../../shared/result.ts";
import type { Model } from "./model.ts";
import type { ModelRegistry } from "./registry.ts";

/** The ids of the models that a key may use; undefined: all. */
export type AllowedModels = readonly string[] | undefined;

/** Why a key may not use a model: `model_not_allowed`; undefined: it may. */
export function modelRefusal(allowed: AllowedModels, { id }: Pick<Manifest, "id">): Failure | undefined {
  if (allowed === undefined || allowed.includes(id)) return undefined;
  return { code: "model_not_allowed", model: id, allowed };
}

/**
 * The models as a key sees them that may use these alone. A request that names none gets the first of them; of others
 * none is listed, and naming one fails with `model_not_allowed`.
 */
export function limitModels(models: ModelRegistry, allowed: AllowedModels): ModelRegistry {
  if (allowed === undefined) return models;
  const isAllowed = ({ manifest }: Pick<Model, "manifest">) => allowed.includes(manifest.id);
  return {
    ...models,
    async served() {
      const served = await models.served();
      const { list, aliases } = served;
      return { ...served, list: list.filter(isAllowed), aliases: aliases.filter(isAllowed) };
    },
    async find(name) {
      const found = await models.find(name ?? allowed[0]);
      if (!found.ok) {
        const { error } = found;
        if (error.code !== "model_not_found") return found;
        const offered = (await models.served()).list.filter(isAllowed).map(({ manifest }) => manifest.id);
        return err({ ...error, available: modelsInsteadOf(error.model, offered) });
      }
      const refusal = modelRefusal(allowed, found.value.manifest);
      return refusal === undefined ? ok(found.value) : err(refusal);
    },
  };
}
