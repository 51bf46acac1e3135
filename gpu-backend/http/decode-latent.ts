import type { Context } from "hono";
import { latentFileBytesMax } from "../../shared/limits.ts";
import { imageContentType } from "../../shared/output-format.ts";
import { latentContentType, parseDecodeQuery } from "../../shared/wire/decode.ts";
import { formatServerTiming } from "../../shared/wire/server-timing.ts";
import { answerFailure, answerUnscheduled } from "./answer-failure.ts";
import { readLatent } from "./check-request.ts";
import type { Services } from "./services.ts";
import { readSignedBody } from "./signed-body.ts";
import { tracedEnd, traceparentHeader } from "./tracing.ts";

const expectedBody = { contentType: latentContentType, bytesMax: latentFileBytesMax };

/** POST /decode: a latent file in, a picture file out. The `server-timing` header tells the parts. */
export function decodeLatent({ model, scheduler, namedJobs, metrics, tracing, signedBodyRules }: Services) {
  return async (context: Context): Promise<Response> => {
    const body = await readSignedBody(context.req.raw, signedBodyRules, expectedBody);
    if (!body.ok) return answerFailure(context, body.error);
    const options = parseDecodeQuery(context.req.query());
    if (!options.ok) return answerFailure(context, options.error);
    const latent = readLatent(model.manifest, body.value);
    if (!latent.ok) return answerFailure(context, latent.error);

    const { priority, deadlineMs, jobId } = options.value;
    const trace = tracing.begin("decode", context.req.header(traceparentHeader));
    const ran = await namedJobs.run(jobId, context.req.raw.signal, (signal) =>
      scheduler.decode(body.value, options.value, { priority, deadlineMs, signal }),
    );
    trace.end(tracedEnd(ran));
    metrics.jobEnded("decode", ran);
    if (!ran.ok) return answerUnscheduled(context, ran.error);
    const { outcome, queueMs, residentBytes } = ran.value;
    const { stageB, stageA, encode } = outcome.milliseconds;
    const parts = { queue: queueMs, "stage-b": stageB, "stage-a": stageA, encode };
    metrics.decoded(parts);
    metrics.laneResident(residentBytes);
    return context.body(outcome.bytes, 200, {
      "content-type": imageContentType(options.value.format),
      "server-timing": formatServerTiming(parts),
    });
  };
}
