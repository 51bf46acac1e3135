import { z } from "zod";
import type { Failure } from "../errors.ts";
import { imageSizePattern, parseImageSize } from "../models/image-size.ts";
import { outputFormatSchema } from "../output-format-schema.ts";

/** What requests of a key mean where they say nothing, for programs that know no fields of ours. */
export const requestDefaultsSchema = z.strictObject({
  reuse: z.enum(["prefer", "fresh"]).optional().describe("fresh: every unseeded request makes new pictures."),
  size: z
    .string()
    .refine((text) => parseImageSize(text) !== undefined, "must be WIDTHxHEIGHT in pixels")
    .meta({ pattern: imageSizePattern.source })
    .optional(),
  output_format: outputFormatSchema.optional(),
  response_format: z.enum(["url", "b64_json"]).optional(),
});

/** Fields of a request under their public names; undefined: the service's own default. */
export type RequestDefaults = z.infer<typeof requestDefaultsSchema>;

/**
 * A body with the defaults of its key for the fields that it leaves out, or has as null. `width` and `height` stand for
 * a size, and the size "auto" leaves it to the key. A stream always holds its pictures.
 */
export function withDefaults(json: unknown, defaults: RequestDefaults | undefined): unknown {
  if (defaults === undefined || typeof json !== "object" || json === null || Array.isArray(json)) return json;
  // What a body holds is checked by the schemas that come after.
  const body = json as Readonly<Record<string, unknown>>;
  const given = (name: string) => givenIn(body, name);
  const isSized = given("width") !== null || given("height") !== null;
  const entries = Object.entries(defaults).filter(([name, value]) => {
    if (value === undefined || (given(name) !== null && !(name === "size" && given(name) === "auto"))) return false;
    return !(name === "size" && isSized) && !(name === "response_format" && given("stream") === true);
  });
  return entries.length === 0 ? json : { ...body, ...Object.fromEntries(entries) };
}

/** A failure for a client that never wrote the field at fault: it has the default of its key. */
export function ofDefault(failure: Failure, json: unknown, defaults: RequestDefaults | undefined): Failure {
  if (failure.code !== "invalid_request" || failure.param === null || defaults === undefined) return failure;
  const { param, message } = failure;
  const isDefault = Reflect.get(defaults, param) !== undefined && withDefaults(json, defaults) !== json;
  const isWritten = typeof json === "object" && json !== null && givenIn(json, param) !== null;
  return isDefault && !isWritten ? { ...failure, message: `${message} It is the default of this API key.` } : failure;
}

/** What a body says itself, also in extra_body; null: nothing. */
function givenIn(body: object, name: string): unknown {
  const extra: unknown = Reflect.get(body, "extra_body");
  return (
    Reflect.get(body, name) ?? (typeof extra === "object" && extra !== null ? Reflect.get(extra, name) : null) ?? null
  );
}
