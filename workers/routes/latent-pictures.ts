import type { Context, Handler } from "hono";
import {
  type LatentPictureRequest,
  parseDecodeLatentRequest,
  parseInterpolateLatentsRequest,
} from "../../shared/api/latent-requests.ts";
import type { Failure } from "../../shared/errors.ts";
import { ok, type Result } from "../../shared/result.ts";
import { decodeOwnLatent, interpolateOwnLatents, type LatentPictureServices } from "../generation/latent-pictures.ts";
import { findOwnLatent, type OwnLatentSources } from "../generation/own-latent.ts";
import { answerAdmitted } from "../middleware/admission.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { type AnswerForm, answerForm, checkAnswerForm, withAcceptedFormat } from "./answer-form.ts";
import { answerGeneration, type CreateImageServices } from "./create-image.ts";
import { readJson } from "./read-json.ts";

/** What the routes need. */
export interface LatentRouteServices extends Omit<CreateImageServices, "generation"> {
  readonly generation: LatentPictureServices & OwnLatentSources;
}

/** `POST /v1/latents/{id}/decode`: the picture of a stored latent, in any format. */
export function decodeLatent(services: LatentRouteServices): Handler<AppEnv> {
  return answerAdmitted(async (c) => {
    const json = await readJson(c);
    if (!json.ok) return json;
    const latent = await findOwnLatent(services.generation, named(c, c.req.param("id") ?? "", "id"));
    if (!latent.ok) return latent;
    const asked = readAsked(c, json.value, parseDecodeLatentRequest);
    if (!asked.ok) return asked;
    const { request, form } = asked.value;
    const { responseFormat } = request;
    return answerGeneration(c, { ...services, form, responseFormat }, (caller) =>
      decodeOwnLatent(services.generation, caller, { ...request, latent: latent.value }),
    );
  });
}

/** `POST /v1/latents/{id}/interpolate`: pictures on the way from one stored latent to another. */
export function interpolateLatents(services: LatentRouteServices): Handler<AppEnv> {
  return answerAdmitted(async (c) => {
    const json = await readJson(c);
    if (!json.ok) return json;
    const first = await findOwnLatent(services.generation, named(c, c.req.param("id") ?? "", "id"));
    if (!first.ok) return first;
    const asked = readAsked(c, json.value, parseInterpolateLatentsRequest);
    if (!asked.ok) return asked;
    const { request, form } = asked.value;
    const second = await findOwnLatent(services.generation, named(c, request.latentId, "latent_id"));
    if (!second.ok) return second;
    const { responseFormat } = request;
    return answerGeneration(c, { ...services, form, responseFormat }, (caller) =>
      interpolateOwnLatents(services.generation, caller, { ...request, pair: [first.value, second.value] }),
    );
  });
}

function named(c: Context<AppEnv>, id: string, param: string) {
  return { account: c.get("account"), models: c.get("models"), id, param };
}

type Parse<Request> = (json: unknown) => Result<Request, Failure>;

function readAsked<Request extends LatentPictureRequest & { readonly places?: readonly number[] }>(
  c: Context<AppEnv>,
  json: unknown,
  parse: Parse<Request>,
): Result<{ readonly request: Request; readonly form: AnswerForm }, Failure> {
  const form = answerForm(c.req.header("accept"));
  const request = parse(withAcceptedFormat(json, form));
  if (!request.ok) return request;
  const { file, places } = request.value;
  const answerable = checkAnswerForm(form, { n: places?.length ?? 1, file });
  return answerable.ok ? ok({ request: request.value, form }) : answerable;
}
