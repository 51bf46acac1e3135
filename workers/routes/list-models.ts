import type { Context, Handler } from "hono";
import { type ModelsList, modelItem } from "../../shared/api/models-list.ts";
import type { KeyDirectory } from "../auth/key-directory.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { bearerOf } from "../middleware/authenticate.ts";
import { failureResponse } from "../middleware/errors.ts";
import { limitModels } from "../models/limited-models.ts";
import type { ModelRegistry } from "../models/registry.ts";

/** What the routes need. */
export interface ModelServices {
  readonly models: ModelRegistry;
  readonly keys: Pick<KeyDirectory, "find">;
}

/**
 * `GET /v1/models`: what a request may name as `model`, with sizes and ranges. Programs that let a person choose from
 * this list find the operator's aliases there too. Public: it holds nothing of anyone. Who shows a key that is limited
 * to some models sees those.
 */
export function listModels(services: ModelServices): Handler<AppEnv> {
  return async (c) => {
    const { list, aliases } = await (await modelsFor(services, c)).served();
    const data = [
      ...list.map(({ manifest }) => modelItem(manifest)),
      ...aliases.map(({ name, manifest }) => ({ ...modelItem(manifest), id: name, alias_of: manifest.id })),
    ];
    return c.json<ModelsList>({ object: "list", data });
  };
}

/** `GET /v1/models/{id}`, also of `id@revision` and of an alias, with the model's own id. */
export function getModel(services: ModelServices): Handler<AppEnv> {
  return async (c) => {
    const model = await (await modelsFor(services, c)).find(c.req.param("id") ?? "");
    return model.ok ? c.json(modelItem(model.value.manifest)) : failureResponse(c, model.error);
  };
}

async function modelsFor({ models, keys }: ModelServices, c: Context<AppEnv>): Promise<ModelRegistry> {
  const text = bearerOf(c);
  return text === undefined ? models : limitModels(models, (await keys.find(text))?.models);
}
