import type { Context } from "hono";
import { invalidRequest } from "../../shared/errors.ts";
import { pictureBytesMax } from "../../shared/limits.ts";
import { parseImageSize } from "../../shared/models/image-size.ts";
import { markReadingSizes, markTilePixels, readSidePixelsMax } from "../../shared/models/mark.ts";
import { pictureContentType } from "../../shared/wire/encode-picture.ts";
import { parseReadMarkQuery, type ReadMarkResponse, readMarkPath } from "../../shared/wire/read-mark.ts";
import { type PictureSize, readAtSizes } from "../image/read-picture.ts";
import { answerFailure, answerUnscheduled } from "./answer-failure.ts";
import { heldModel } from "./check-request.ts";
import type { Services } from "./services.ts";
import type { SignedRoute } from "./signed-route.ts";

/** POST /read-mark: a picture file in, how much of a bundle's mark it bears out. Only pixels reach the lane. */
export function readMark({
  models,
  scheduler,
  metrics,
}: Pick<Services, "models" | "scheduler" | "metrics">): SignedRoute {
  async function handle(context: Context, body: Uint8Array): Promise<Response> {
    const query = parseReadMarkQuery(context.req.query());
    if (!query.ok) return answerFailure(context, query.error);
    const { model: id, revision, ...terms } = query.value;
    const model = await heldModel(models, { model: id, revision });
    if (!model.ok) return answerFailure(context, model.error);
    const { mark, image } = model.value.manifest;
    if (mark === undefined) {
      return answerFailure(context, invalidRequest("model", `${id} marks no pictures: its bundle has no mark.`));
    }
    const { width = 0, height = 0 } = parseImageSize(image.sizeDefault) ?? {};
    const side = Math.max(width, height);
    const sizesOf = (size: PictureSize) => markReadingSizes(size, side);
    const readings = await readAtSizes(body, { sizesOf, tilePixels: markTilePixels, sideMax: readSidePixelsMax });
    if (!readings.ok) return answerFailure(context, readings.error);

    const ran = await scheduler.readMark(
      { revision, readings: readings.value },
      { ...terms, signal: context.req.raw.signal },
    );
    metrics.taskEnded("mark", ran);
    if (!ran.ok) return answerUnscheduled(context, ran.error);
    const answer: ReadMarkResponse = { matches: ran.value.outcome.matches };
    return context.json(answer);
  }

  return { path: readMarkPath, task: "mark", contentType: pictureContentType, bytesMax: pictureBytesMax, handle };
}
