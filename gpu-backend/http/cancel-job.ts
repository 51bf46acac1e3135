import type { Context } from "hono";
import { requestBodyBytesMax } from "../../shared/limits.ts";
import { type CancelResponse, parseCancelRequest } from "../../shared/wire/cancel.ts";
import { answerFailure } from "./answer-failure.ts";
import { readJson } from "./read-json.ts";
import type { Services } from "./services.ts";
import { readSignedBody } from "./signed-body.ts";

const expectedBody = { contentType: "application/json", bytesMax: requestBodyBytesMax };

/**
 * POST /cancel: stops the job with this id, and answers once it has ended. A client that only closes its connection
 * stops its job too; a proxy between the two may not pass that on.
 */
export function cancelJob({ namedJobs, signedBodyRules }: Services) {
  return async (context: Context): Promise<Response> => {
    const body = await readSignedBody(context.req.raw, signedBodyRules, expectedBody);
    if (!body.ok) return answerFailure(context, body.error);
    const json = readJson(body.value);
    if (!json.ok) return answerFailure(context, json.error);
    const request = parseCancelRequest(json.value);
    if (!request.ok) return answerFailure(context, request.error);

    const end = await namedJobs.cancel(request.value.jobId);
    const gpuMilliseconds = end?.ok === false ? end.error.gpuMs : 0;
    const answer: CancelResponse = { cancelled: end?.ok === false, gpuMilliseconds };
    return context.json(answer);
  };
}
