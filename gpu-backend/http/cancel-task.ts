import type { Context } from "hono";
import { requestBodyBytesMax } from "../../shared/limits.ts";
import { type CancelResponse, cancelPath, parseCancelRequest } from "../../shared/wire/cancel.ts";
import type { Ending } from "../scheduling/named-tasks.ts";
import { answerFailure } from "./answer-failure.ts";
import { readJson } from "./read-json.ts";
import type { Services } from "./services.ts";
import type { SignedRoute } from "./signed-route.ts";

/**
 * POST /cancel: stops the task with this id, and answers once it has ended. A client that only closes its connection
 * stops its task too; a proxy between the two may not pass that on.
 */
export function cancelTask({ namedTasks }: Services): SignedRoute {
  async function handle(context: Context, body: Uint8Array): Promise<Response> {
    const json = readJson(body);
    if (!json.ok) return answerFailure(context, json.error);
    const request = parseCancelRequest(json.value);
    if (!request.ok) return answerFailure(context, request.error);

    const end = await namedTasks.cancel(request.value.jobId);
    return context.json(answerOf(end));
  }

  return { path: cancelPath, contentType: "application/json", bytesMax: requestBodyBytesMax, handle };
}

function answerOf(end: Ending<unknown> | undefined): CancelResponse {
  if (end === undefined) return { cancelled: false, gpuMilliseconds: 0, doneShare: 0 };
  if (end.ok) return { cancelled: false, gpuMilliseconds: 0, doneShare: 1 };
  return { cancelled: true, gpuMilliseconds: end.error.gpuMs, doneShare: end.error.doneShare };
}
