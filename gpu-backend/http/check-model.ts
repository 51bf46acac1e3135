import type { Context } from "hono";
import { requestBodyBytesMax } from "../../shared/limits.ts";
import { checkModelPath, parseCheckModelRequest } from "../../shared/wire/check-model.ts";
import { answerFailure } from "./answer-failure.ts";
import { heldModel } from "./check-request.ts";
import { readJson } from "./read-json.ts";
import type { Services } from "./services.ts";
import type { SignedRoute } from "./signed-route.ts";

/** POST /check-model: looks for a model and checks its files by their digests; notes what is offered. Loads nothing. */
export function checkModel({ models }: Pick<Services, "models">): SignedRoute {
  async function handle(context: Context, body: Uint8Array): Promise<Response> {
    const json = readJson(body);
    if (!json.ok) return answerFailure(context, json.error);
    const request = parseCheckModelRequest(json.value);
    if (!request.ok) return answerFailure(context, request.error);
    const { listed, ...named } = request.value;
    if (listed !== undefined) await models.list(listed);
    const model = await heldModel(models, named, true);
    return model.ok ? context.json(named) : answerFailure(context, model.error);
  }

  return { path: checkModelPath, contentType: "application/json", bytesMax: requestBodyBytesMax, handle };
}
