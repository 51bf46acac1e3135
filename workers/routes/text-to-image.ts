import type { Handler } from "hono";
import { fromTextToImageRequest, textToImageNames } from "../../shared/api/text-to-image-request.ts";
import { asWritten } from "../../shared/api/written-names.ts";
import { err } from "../../shared/result.ts";
import { answerAdmitted } from "../middleware/admission.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { answerForm } from "./answer-form.ts";
import { answerWithImages, type CreateImageServices } from "./create-image.ts";
import { readJson } from "./read-json.ts";

/**
 * `POST /hf/models/{id}`: Hugging Face's text-to-image task. Always the picture's bytes, because its client sends no
 * `Accept` and takes any JSON for a JPEG.
 */
export function textToImage(services: CreateImageServices): Handler<AppEnv> {
  return answerAdmitted(async (c) => {
    const json = await readJson(c);
    if (!json.ok) return json;
    const request = fromTextToImageRequest(json.value, c.req.param("id") ?? "");
    if (!request.ok) return request;
    const form = answerForm(c.req.header("accept"));
    const bytes = form.kind === "bytes" ? form : ({ kind: "bytes", format: "any" } as const);
    const answered = await answerWithImages(c, services, { json: request.value, form: bytes });
    return answered.ok ? answered : err(asWritten(answered.error, textToImageNames));
  });
}
