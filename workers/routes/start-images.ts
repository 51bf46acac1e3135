import type { Context, Handler } from "hono";
import { ofDefault, withDefaults } from "../../shared/api/request-defaults.ts";
import {
  parseEditRequest,
  parseVariationRequest,
  type StartImageRequest,
} from "../../shared/api/start-image-request.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { findOwnLatent, type OwnLatentSources } from "../generation/own-latent.ts";
import {
  type AskedStart,
  generateFromLatent,
  generateFromPicture,
  type StartImageServices,
} from "../generation/start-images.ts";
import { answerAdmitted } from "../middleware/admission.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { type AnswerForm, answerForm, checkAnswerForm, withAcceptedFormat } from "./answer-form.ts";
import { withCacheControl } from "./cache-control.ts";
import { answerGeneration, type CreateImageServices } from "./create-image.ts";
import { readCaller } from "./read-caller.ts";
import { readUpload, type Upload } from "./read-upload.ts";
import { streamImages } from "./stream-images.ts";

/** What the routes need. */
export interface StartRouteServices extends Omit<CreateImageServices, "generation"> {
  readonly generation: StartImageServices & OwnLatentSources;
}

type ReadFields = (fields: unknown, hasMask: boolean) => Result<StartImageRequest, Failure>;

/** `POST /v1/images/edits`: a picture, made anew as far as mask and strength say, by a prompt. */
export function editImage(services: StartRouteServices): Handler<AppEnv> {
  return fromUploadedPicture(services, parseEditRequest);
}

/** `POST /v1/images/variations`: siblings of a picture, with a prompt or without. */
export function varyImage(services: StartRouteServices): Handler<AppEnv> {
  return fromUploadedPicture(services, parseVariationRequest);
}

/** `POST /v1/latents/{id}/variations`: siblings of a stored latent, with a prompt or without. */
export function varyLatent(services: StartRouteServices): Handler<AppEnv> {
  return answerAdmitted(async (c) => {
    const upload = await readUpload(c);
    if (!upload.ok) return upload;
    const named = { account: c.get("account"), models: c.get("models"), id: c.req.param("id") ?? "", param: "id" };
    const latent = await findOwnLatent(services.generation, named);
    if (!latent.ok) return latent;
    const asked = readStart(c, upload.value, parseVariationRequest);
    if (!asked.ok) return asked;
    if (upload.value.image !== undefined) {
      return err(invalidRequest("image", "The latent is what this starts from. Leave 'image' out."));
    }
    return answer(c, services, asked.value, (caller) =>
      generateFromLatent(services.generation, caller, { ...asked.value.start, latent: latent.value }),
    );
  });
}

function fromUploadedPicture(services: StartRouteServices, readFields: ReadFields): Handler<AppEnv> {
  return answerAdmitted(async (c) => {
    const upload = await readUpload(c);
    if (!upload.ok) return upload;
    const asked = readStart(c, upload.value, readFields);
    if (!asked.ok) return asked;
    const { image: picture } = upload.value;
    if (picture === undefined) return err(invalidRequest("image", "'image' is required: a picture's file."));
    return answer(c, services, asked.value, (caller) =>
      generateFromPicture(services.generation, caller, { ...asked.value.start, picture }),
    );
  });
}

interface Asked {
  readonly start: AskedStart;
  readonly form: AnswerForm;
  /** A failure as its sender should read it. */
  readonly told: (failure: Failure) => Failure;
}

/** A latent has a size of its own, in place of the one that its key has requests mean. */
function readStart(c: Context<AppEnv>, { fields, mask }: Upload, readFields: ReadFields): Result<Asked, Failure> {
  const { size, ...others } = c.get("defaults") ?? {};
  const defaults = c.req.param("id") === undefined ? { ...others, size } : others;
  const form = answerForm(c.req.header("accept"));
  const wire = withAcceptedFormat(fields, form);
  const told = (failure: Failure) => ofDefault(failure, wire, defaults);
  const read = readFields(withDefaults(wire, defaults), mask !== undefined);
  if (!read.ok) return err(told(read.error));
  const request = withCacheControl(ok(read.value.request), (name) => c.req.header(name));
  if (!request.ok) return request;
  const answerable = checkAnswerForm(form, request.value);
  if (!answerable.ok) return answerable;
  return ok({ start: { ...read.value, request: request.value, mask }, form, told });
}

async function answer(
  c: Context<AppEnv>,
  services: StartRouteServices,
  { start, form, told }: Asked,
  generate: Parameters<typeof answerGeneration>[2],
): Promise<Result<Response, Failure>> {
  const { responseFormat, stream } = start.request;
  if (stream === undefined) {
    const answered = await answerGeneration(c, { ...services, form, responseFormat }, generate);
    return answered.ok ? answered : err(told(answered.error));
  }
  const caller = readCaller(c);
  return caller.ok ? streamImages(c, services, { kind: "image_edit", stream, caller: caller.value, generate }) : caller;
}
