import type { Context } from "hono";
import { invalidRequest } from "../../shared/errors.ts";
import { pictureBytesMax } from "../../shared/limits.ts";
import {
  type EncodeMaskResponse,
  encodeMaskPath,
  parseEncodeQuery,
  pictureContentType,
} from "../../shared/wire/encode-picture.ts";
import { readMask } from "../image/read-picture.ts";
import { compressorSize } from "../pipeline/encode-pixels.ts";
import { maskCells } from "../tensor/mask-cells.ts";
import { answerFailure } from "./answer-failure.ts";
import { namedModel, pictureShape } from "./check-request.ts";
import type { Services } from "./services.ts";
import type { SignedRoute } from "./signed-route.ts";

/** POST /encode-mask: a mask's file in, the cells of a latent that are to be made anew out. Needs no device. */
export function encodeMask({ models }: Pick<Services, "models">): SignedRoute {
  async function handle(context: Context, body: Uint8Array): Promise<Response> {
    const query = parseEncodeQuery(context.req.query());
    if (!query.ok) return answerFailure(context, query.error);
    const model = await namedModel(models, query.value);
    if (!model.ok) return answerFailure(context, model.error);
    const { manifest } = model.value;
    const shape = pictureShape(manifest, query.value.size);
    if (!shape.ok) return answerFailure(context, shape.error);
    const size = compressorSize(manifest, shape.value);
    const mask = await readMask(body, size);
    if (!mask.ok) return answerFailure(context, mask.error);

    const { value: data, original } = mask.value;
    const [, rows, columns] = shape.value;
    const cells = maskCells({ ...size, data }, rows, columns);
    if (!cells.includes("1")) {
      const rule = "Make the part that is to be painted transparent, or white in a mask without transparency.";
      return answerFailure(context, invalidRequest("mask", `'mask' leaves nothing to paint. ${rule}`));
    }
    const answer: EncodeMaskResponse = { ...original, cells };
    return context.json(answer);
  }

  return { path: encodeMaskPath, contentType: pictureContentType, bytesMax: pictureBytesMax, handle };
}
