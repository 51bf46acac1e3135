import type { Context } from "hono";
import { pictureBytesMax } from "../../shared/limits.ts";
import { type EncodeImageResponse, parseEncodeQuery, pictureContentType } from "../../shared/wire/encode-picture.ts";
import { roundMilliseconds } from "../../shared/wire/server-timing.ts";
import { readPicture } from "../image/read-picture.ts";
import { compressorSize } from "../pipeline/encode-pixels.ts";
import { answerFailure, answerUnscheduled } from "./answer-failure.ts";
import { pictureShape } from "./check-request.ts";
import type { Services } from "./services.ts";
import { readSignedBody } from "./signed-body.ts";
import { tracedEnd, traceparentHeader } from "./tracing.ts";

const expectedBody = { contentType: pictureContentType, bytesMax: pictureBytesMax };

/** POST /encode-image: a picture file in, the latent that stands for it out. Only its pixels reach the lane. */
export function encodeImage({ model, scheduler, namedJobs, metrics, tracing, signedBodyRules }: Services) {
  return async (context: Context): Promise<Response> => {
    const body = await readSignedBody(context.req.raw, signedBodyRules, expectedBody);
    if (!body.ok) return answerFailure(context, body.error);
    const query = parseEncodeQuery(context.req.query());
    if (!query.ok) return answerFailure(context, query.error);
    const { size, priority, deadlineMs, jobId } = query.value;
    const shape = pictureShape(model.manifest, size);
    if (!shape.ok) return answerFailure(context, shape.error);
    const picture = await readPicture(body.value, compressorSize(model.manifest, shape.value));
    if (!picture.ok) return answerFailure(context, picture.error);

    const { value: pixels, original } = picture.value;
    const [channels, rows, columns] = shape.value;
    const trace = tracing.begin("encode", context.req.header(traceparentHeader));
    const ran = await namedJobs.run(jobId, context.req.raw.signal, (signal) =>
      scheduler.encode({ pixels, latentShape: [channels, rows, columns] }, { priority, deadlineMs, signal }),
    );
    trace.end(tracedEnd(ran));
    metrics.jobEnded("encode", ran);
    if (!ran.ok) return answerUnscheduled(context, ran.error);
    const { outcome, queueMs, residentBytes } = ran.value;
    metrics.encoded({ queue: queueMs, compressor: outcome.milliseconds.compressor });
    metrics.laneResident(residentBytes);
    const answer: EncodeImageResponse = {
      ...original,
      safetensors: Buffer.from(outcome.file).toString("base64"),
      milliseconds: {
        queue: roundMilliseconds(queueMs),
        compressor: roundMilliseconds(outcome.milliseconds.compressor),
      },
    };
    return context.json(answer);
  };
}
