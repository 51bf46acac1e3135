import type { Context, Handler } from "hono";
import { parseCreateImageRequest } from "../../shared/api/create-image-request.ts";
import { parseRollOutRequest } from "../../shared/api/roll-out.ts";
import { AppError, type Failure, invalidRequest } from "../../shared/errors.ts";
import { isDearer } from "../generation/roll-out-share.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import type { PricedManifest } from "../models/model.ts";
import type { ModelListServices } from "../models/model-list.ts";
import type { StoredModel } from "../models/model-store.ts";
import { findOffered, promoteModel, revisionBefore, rollOutFault, startRollOut } from "../models/roll-out.ts";
import type { WatchServices } from "../models/watch-roll-outs.ts";
import { actorOf, notStored } from "./admin-accounts.ts";
import { offeredModels } from "./offered-model.ts";
import { readJson } from "./read-json.ts";

/** `POST /v1/admin/models/{name}/roll-out`: gives an offered revision a share of its id's requests, or another one. */
export function postRollOut(services: WatchServices): Handler<AppEnv> {
  return async (c) => {
    const json = await readJson(c);
    if (!json.ok) return failureResponse(c, json.error);
    const order = parseRollOutRequest(json.value);
    if (!order.ok) return failureResponse(c, order.error);
    const models = await services.modelStore.list();
    const found = findOffered(models, c.req.param("name") ?? "");
    if (!found.ok) return failureResponse(c, found.error);
    const manifest = (await services.models.revisions()).get(found.value.revision);
    const fault =
      rollOutFault(models, services.models.default.manifest, { candidate: found.value, order: order.value }) ??
      (manifest && (await dearerFault(services, models, manifest)));
    if (fault !== undefined) return failureResponse(c, fault);
    await startRollOut(services, found.value, { order: order.value, actor: actorOf(c) });
    return answerModel(c, services, found.value);
  };
}

/** `POST /v1/admin/models/{name}/promote`: from now on the id alone means the revision that was rolled out. */
export function postPromotion(services: WatchServices): Handler<AppEnv> {
  return async (c) => {
    const found = findOffered(await services.modelStore.list(), c.req.param("name") ?? "");
    if (!found.ok) return failureResponse(c, found.error);
    const isDone = await promoteModel(services, found.value, { reasons: [], actor: actorOf(c) });
    if (isDone) return answerModel(c, services, found.value);
    return failureResponse(c, invalidRequest(null, "This revision is not being rolled out."));
  };
}

/**
 * Why nobody would be moved to a revision: by its defaults it costs more than the one before, and a caller who names
 * the id alone does not pay more for being moved.
 */
export async function dearerFault(
  { models }: Pick<ModelListServices, "models">,
  list: readonly StoredModel[],
  manifest: PricedManifest,
): Promise<Failure | undefined> {
  const before = revisionBefore(list, models.default.manifest, manifest);
  const manifestBefore = before && (await models.revisions()).get(before.revision);
  const plain = parseCreateImageRequest({ prompt: "a" });
  if (!plain.ok) throw new AppError("A request that names a prompt alone is not valid.");
  if (manifestBefore === undefined || !isDearer(manifest, manifestBefore, plain.value)) return undefined;
  return invalidRequest(
    "roll_out",
    "By its defaults this revision costs more than the one before, or lacks its size. Callers would not be moved to it.",
  );
}

async function answerModel(c: Context<AppEnv>, services: WatchServices, { revision }: StoredModel): Promise<Response> {
  const changed = (await services.modelStore.list()).filter((model) => model.revision === revision);
  const [item] = await offeredModels(services, changed);
  return c.json(item, 200, notStored);
}
