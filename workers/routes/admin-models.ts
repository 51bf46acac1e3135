import type { Handler } from "hono";
import { type OfferedModel, parseAddModelRequest } from "../../shared/api/added-model.ts";
import { modelItem } from "../../shared/api/models-list.ts";
import type { GpuClient } from "../gpu/gpu-client.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { addedModelFault, addModel, type ModelListServices, withdrawModel } from "../models/add-model.ts";
import type { PricedManifest } from "../models/model.ts";
import type { StoredModel } from "../models/model-store.ts";
import { actorOf, isoTime, notStored } from "./admin-accounts.ts";
import { readJson } from "./read-json.ts";

/** What the routes need. */
export interface AdminModelServices extends ModelListServices {
  readonly gpu: Pick<GpuClient, "holdsModel">;
}

/** `GET /v1/admin/models`: every revision, the one that the service was built with first. */
export function listOfferedModels({ models, modelStore }: AdminModelServices): Handler<AppEnv> {
  return async (c) => {
    const manifests = await models.revisions();
    const { manifest: first } = models.default;
    const added = (await modelStore.list()).flatMap((stored) => offeredModel(manifests.get(stored.revision), stored));
    const builtIn: OfferedModel = { ...modelItem(first), added: null, offered: true, report: null, forced: false };
    const data = [builtIn, ...added];
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
    const fault = await addedModelFault(services, request.value);
    if (fault !== undefined) return failureResponse(c, fault);
    const { manifest } = request.value;
    const isHeld = await services.gpu.holdsModel(manifest);
    if (!isHeld) return failureResponse(c, { code: "model_unavailable" });
    const { priceFactor } = request.value;
    const [item] = offeredModel({ ...manifest, priceFactor }, await addModel(services, request.value, actorOf(c)));
    return c.json(item, 200, notStored);
  };
}

/** `DELETE /v1/admin/models/{name}`: takes back one revision, or all that were added of an id. */
export function deleteModel(services: AdminModelServices): Handler<AppEnv> {
  return async (c) => {
    const withdrawn = await withdrawModel(services, c.req.param("name") ?? "", actorOf(c));
    if (!withdrawn.ok) return failureResponse(c, withdrawn.error);
    const manifests = await services.models.revisions();
    const data = withdrawn.value.flatMap((stored) => offeredModel(manifests.get(stored.revision), stored));
    return c.json({ object: "list", data, has_more: false }, 200, notStored);
  };
}

function offeredModel(manifest: PricedManifest | undefined, stored: StoredModel): OfferedModel[] {
  if (manifest === undefined) return [];
  const { addedMs, isOffered: offered, report = null, isForced: forced } = stored;
  return [{ ...modelItem(manifest), added: isoTime(addedMs), offered, report, forced }];
}
