import type { Context } from "hono";
import { AppError, type Failure, invalidRequest } from "../../shared/errors.ts";
import { encodeLatent, type Latent } from "../../shared/latents/latent-format.ts";
import type { LatentShape } from "../../shared/latents/latent-key.ts";
import { latentBase64CharactersMax, latentFileBytesMax } from "../../shared/limits.ts";
import { imageSizeOf } from "../../shared/models/latent-shape.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { latentContentType } from "../../shared/wire/decode.ts";
import {
  checkLatentPath,
  type InterpolateRequest,
  interpolatePath,
  type LatentAnswer,
  parseInterpolateRequest,
} from "../../shared/wire/latent-tools.ts";
import { interpolate } from "../tensor/interpolate.ts";
import { answerFailure } from "./answer-failure.ts";
import { readLatent } from "./check-request.ts";
import { readJson } from "./read-json.ts";
import type { Services } from "./services.ts";
import type { SignedRoute } from "./signed-route.ts";

/** Two latents, and room for the rest of the JSON. */
const pairBytesMax = 2 * latentBase64CharactersMax + 1024;

/** POST /check-latent: a latent file from outside in, the same in the form that this service writes out, or a 400. */
export function checkLatent({ model: { manifest } }: Pick<Services, "model">): SignedRoute {
  async function handle(context: Context, body: Uint8Array): Promise<Response> {
    const latent = readLatent(manifest, body);
    if (!latent.ok) return answerFailure(context, latent.error);
    const { values, shape, metadata } = latent.value;
    const answer = answerOf(manifest, { values, shape, metadata: plain(metadata) });
    return answer.ok ? context.json(answer.value) : answerFailure(context, answer.error);
  }

  return { path: checkLatentPath, contentType: latentContentType, bytesMax: latentFileBytesMax, handle };
}

/** POST /interpolate: two latents and a place between them in, a latent out. A matter of microseconds, without the lane. */
export function interpolateLatents({ model: { manifest } }: Pick<Services, "model">): SignedRoute {
  async function handle(context: Context, body: Uint8Array): Promise<Response> {
    const json = readJson(body);
    if (!json.ok) return answerFailure(context, json.error);
    const request = parseInterpolateRequest(json.value);
    if (!request.ok) return answerFailure(context, request.error);

    const mixed = mix(manifest, request.value);
    return mixed.ok ? context.json(mixed.value) : answerFailure(context, mixed.error);
  }

  return { path: interpolatePath, contentType: "application/json", bytesMax: pairBytesMax, handle };
}

/** Either end as it came: what is stored as int8 would be rounded once more. */
function mix(manifest: Manifest, { latents, t }: InterpolateRequest): Result<LatentAnswer, Failure> {
  const first = readLatent(manifest, Buffer.from(latents[0], "base64"), "latents.0");
  if (!first.ok) return first;
  const second = readLatent(manifest, Buffer.from(latents[1], "base64"), "latents.1");
  if (!second.ok) return second;
  const { shape } = first.value;
  if (shape.join() !== second.value.shape.join()) {
    return err(invalidRequest("latents.1", "Both latents must be of one shape."));
  }
  if (t === 0) return ok({ size: sizeOf(manifest, shape), safetensors: latents[0] });
  if (t === 1) return ok({ size: sizeOf(manifest, shape), safetensors: latents[1] });
  const values = interpolate(first.value.values, second.value.values, t);
  const { metadata } = t > 0.5 ? second.value : first.value;
  return answerOf(manifest, { values, shape, metadata: plain(metadata) });
}

/** What a file says beside this is no longer true of it, or was never checked. */
function plain({ model, revision, seed }: Latent["metadata"]): Latent["metadata"] {
  return { model, revision, seed: String(Number(seed)) };
}

/** What lies between two latents of float16 may be beyond it: their mix can be 1.41 times as long as either. */
function answerOf(manifest: Manifest, latent: Latent): Result<LatentAnswer, Failure> {
  const file = encodeLatent(latent);
  if (!file.ok) {
    return err(invalidRequest("latents", "'latents' hold values so large that what is made of them exceeds float16."));
  }
  return ok({ size: sizeOf(manifest, latent.shape), safetensors: Buffer.from(file.value).toString("base64") });
}

function sizeOf(manifest: Manifest, shape: LatentShape): string {
  const size = imageSizeOf(manifest, shape);
  if (size === undefined) throw new AppError("A latent that was checked has no size.");
  return `${size.width}x${size.height}`;
}
