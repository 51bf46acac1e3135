import type { Handler } from "hono";
import { parseAddModelRequest } from "../../shared/api/added-model.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import type { GpuClient } from "../gpu/gpu-client.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { addedModelFault, addModel, withdrawModel } from "../models/add-model.ts";
import type { WatchServices } from "../models/watch-roll-outs.ts";
import { actorOf, notStored } from "./admin-accounts.ts";
import { dearerFault } from "./admin-roll-outs.ts";
import { builtInItem, offeredModels } from "./offered-model.ts";
import { readJson } from "./read-json.ts";

/** What the routes need. */
export interface AdminModelServices extends WatchServices {
  readonly gpu: Pick<GpuClient, "holdsModel">;
}

/** `GET /v1/admin/models`: every revision, the one that the service was built with first. */
export function listOfferedModels(services: AdminModelServices): Handler<AppEnv> {
  return async (c) => {
    const added = await offeredModels(services, await services.modelStore.list());
    const data = [builtInItem(services.models.default.manifest), ...added];
    return c.json({ object: "list", data, has_more: false }, 200, notStored);
  };
}

/**
 * `PUT /v1/admin/models`: adds a model that a backend holds, unless its report misses a threshold and nobody forces it.
 * Its tokenizer is checked here, all other files by the backend. From this answer on requests may name it; at other
 * locations, within ten seconds.
 */
export function putModel(services: AdminModelServices): Handler<AppEnv> {
  return async (c) => {
    const json = await readJson(c);
    if (!json.ok) return failureResponse(c, json.error);
    const request = parseAddModelRequest(json.value);
    if (!request.ok) return failureResponse(c, request.error);
    const { manifest, priceFactor, rollOut } = request.value;
    const dearer = async () =>
      rollOut && dearerFault(services, await services.modelStore.list(), { ...manifest, priceFactor });
    const fault = (await addedModelFault(services, request.value)) ?? (await dearer());
    if (fault !== undefined) return failureResponse(c, fault);
    const isHeld = await services.gpu.holdsModel(manifest, await listedWith(services, manifest));
    if (!isHeld) return failureResponse(c, { code: "model_unavailable" });
    const [item] = await offeredModels(services, [await addModel(services, request.value, actorOf(c))]);
    return c.json(item, 200, notStored);
  };
}

/** The revisions that are offered once this one is. */
async function listedWith({ models, modelStore }: AdminModelServices, { revision }: Manifest): Promise<string[]> {
  const offered = (await modelStore.list()).filter(({ isOffered }) => isOffered);
  return [...new Set([models.default.manifest.revision, ...offered.map((model) => model.revision), revision])];
}

/** `DELETE /v1/admin/models/{name}`: takes back one revision, or all that were added of an id. */
export function deleteModel(services: AdminModelServices): Handler<AppEnv> {
  return async (c) => {
    const withdrawn = await withdrawModel(services, c.req.param("name") ?? "", { actor: actorOf(c) });
    if (!withdrawn.ok) return failureResponse(c, withdrawn.error);
    const data = await offeredModels(services, withdrawn.value);
    return c.json({ object: "list", data, has_more: false }, 200, notStored);
  };
}
