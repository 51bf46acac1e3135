import { z } from "zod";
import type { Failure } from "../errors.ts";
import { imagesPerRequestMax } from "../limits.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";
import { backgroundFault, compressionFault, outputFileFields, type WantedFile, wantedFile } from "./output-file.ts";

const pictureFields = {
  ...outputFileFields,
  response_format: z.enum(["url", "b64_json"]).default("b64_json"),
  /** Only the latent's own: a latent of one size cannot become a picture of another. */
  size: z.string().max(16).optional(),
};

const placeSchema = z.number().min(0).max(1);

/** The body of `POST /v1/latents/{id}/decode`. */
export const decodeLatentBodySchema = z.strictObject(pictureFields);

/** The body of `POST /v1/latents/{id}/interpolate`. */
export const interpolateLatentsBodySchema = z.strictObject({
  ...pictureFields,
  /** The other latent. */
  latent_id: z.string().regex(/^[0-9a-f]{64}$/u, "must be 64 hexadecimal characters"),
  /** How far from the first to the other: one picture for each. */
  t: z.union([placeSchema, z.array(placeSchema).min(1).max(imagesPerRequestMax)]).default(0.5),
});

/** How a latent's picture is wanted. */
export interface LatentPictureRequest {
  readonly file: WantedFile;
  readonly responseFormat: "url" | "b64_json";
  /** Undefined: the latent's own. */
  readonly size: string | undefined;
}

/** Pictures between two latents. */
export interface InterpolateImagesRequest extends LatentPictureRequest {
  readonly latentId: string;
  /** Each 0…1, 1 to 10 of them. */
  readonly places: readonly number[];
}

/** Reads the body of `POST /v1/latents/{id}/decode`. Fails with `invalid_request` naming the field. */
export function parseDecodeLatentRequest(json: unknown): Result<LatentPictureRequest, Failure> {
  const parsed = decodeLatentBodySchema.safeParse(json);
  return parsed.success ? toPictureRequest(parsed.data) : err(requestFault(parsed.error, json));
}

/** Reads the body of `POST /v1/latents/{id}/interpolate`. Fails with `invalid_request` naming the field. */
export function parseInterpolateLatentsRequest(json: unknown): Result<InterpolateImagesRequest, Failure> {
  const parsed = interpolateLatentsBodySchema.safeParse(json);
  if (!parsed.success) return err(requestFault(parsed.error, json));
  const { latent_id: latentId, t, ...fields } = parsed.data;
  const picture = toPictureRequest(fields);
  return picture.ok ? ok({ ...picture.value, latentId, places: [t].flat() }) : picture;
}

function toPictureRequest(wire: z.infer<typeof decodeLatentBodySchema>): Result<LatentPictureRequest, Failure> {
  const fault = compressionFault(wire) ?? backgroundFault(wire);
  if (fault !== undefined) return err(fault);
  return ok({
    file: wantedFile(wire),
    responseFormat: wire.response_format,
    size: wire.size === "auto" ? undefined : wire.size,
  });
}
