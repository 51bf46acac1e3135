import type { Context } from "hono";
import { describeLatent } from "../../shared/latents/latent-format.ts";
import { latentFileBytesMax } from "../../shared/limits.ts";
import { readLatent } from "../../shared/models/read-latent.ts";
import { imageContentType } from "../../shared/output-format.ts";
import { ok } from "../../shared/result.ts";
import { decodePath, latentContentType, parseDecodeQuery } from "../../shared/wire/decode.ts";
import { formatServerTiming } from "../../shared/wire/server-timing.ts";
import { answerFailure, answerUnscheduled } from "./answer-failure.ts";
import { heldModel } from "./check-request.ts";
import type { Services } from "./services.ts";
import type { SignedRoute } from "./signed-route.ts";
import { tracedEnd, traceparentHeader } from "./tracing.ts";

/** POST /decode: a latent file in, a picture of its model out. The `server-timing` header lists the parts. */
export function decodeLatent({ models, scheduler, namedTasks, metrics, tracing }: Services): SignedRoute {
  async function handle(context: Context, body: Uint8Array<ArrayBuffer>): Promise<Response> {
    const options = parseDecodeQuery(context.req.query());
    if (!options.ok) return answerFailure(context, options.error);
    const { metadata } = describeLatent(body) ?? {};
    const model = metadata === undefined ? ok(models.default) : await heldModel(models, metadata);
    if (!model.ok) return answerFailure(context, model.error);
    const { manifest } = model.value;
    const latent = readLatent(manifest, body);
    if (!latent.ok) return answerFailure(context, latent.error);

    const { format, quality, background, jobId, ...terms } = options.value;
    const trace = tracing.begin("decode", context.req.header(traceparentHeader));
    const ran = await namedTasks.run(jobId, context.req.raw.signal, (signal) =>
      scheduler.decode(
        { latent: body, revision: manifest.revision },
        { format, quality, background },
        { ...terms, signal },
      ),
    );
    trace.end(tracedEnd(ran));
    metrics.taskEnded("decode", ran);
    if (!ran.ok) return answerUnscheduled(context, ran.error);
    const { outcome, queueMs, residentBytes } = ran.value;
    const { stageB, stageA, encode } = outcome.milliseconds;
    const parts = { queue: queueMs, "stage-b": stageB, "stage-a": stageA, encode };
    metrics.decoded(parts);
    metrics.laneResident(residentBytes);
    return context.body(outcome.bytes, 200, {
      "content-type": imageContentType(format),
      "server-timing": formatServerTiming(parts),
    });
  }

  return { path: decodePath, task: "decode", contentType: latentContentType, bytesMax: latentFileBytesMax, handle };
}
