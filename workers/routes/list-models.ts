import type { Handler } from "hono";
import { type ModelsList, modelItem } from "../../shared/api/models-list.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import type { ModelRegistry } from "../models/registry.ts";

/** `GET /v1/models`: what a request may name as `model`, with sizes and ranges. Public: it holds nothing of anyone. */
export function listModels(models: ModelRegistry): Handler<AppEnv> {
  return async (c) => {
    const { list: served } = await models.served();
    const list: ModelsList = { object: "list", data: served.map(({ manifest }) => modelItem(manifest)) };
    return c.json(list);
  };
}

/** `GET /v1/models/{id}`, also of `id@revision`. */
export function getModel(models: ModelRegistry): Handler<AppEnv> {
  return async (c) => {
    const model = await models.find(c.req.param("id") ?? "");
    return model.ok ? c.json(modelItem(model.value.manifest)) : failureResponse(c, model.error);
  };
}
