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
  const taken = defaultsTaken(json, defaults);
  return Object.keys(taken).length === 0 ? json : { ...Object(json), ...taken };
}

/** A failure for a client that never wrote the value at fault: it is the default of its key. */
export function ofDefault(failure: Failure, json: unknown, defaults: RequestDefaults | undefined): Failure {
  if (failure.code !== "invalid_request" || failure.param === null) return failure;
  if (!Object.hasOwn(defaultsTaken(json, defaults), failure.param)) return failure;
  return { ...failure, message: `${failure.message} It is the default of this API key.` };
}

/** The defaults that a body takes; none for what is no object. */
function defaultsTaken(json: unknown, defaults: RequestDefaults = {}): RequestDefaults {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return {};
  // What a body holds is checked by the schemas that come after.
  const body = json as Readonly<Record<string, unknown>>;
  const extra = body["extra_body"];
  const given = (name: string) =>
    body[name] ?? (typeof extra === "object" && extra !== null ? Reflect.get(extra, name) : null) ?? null;
  const isSized = given("width") !== null || given("height") !== null;
  const isTaken = (name: string) => {
    if (name === "size") return !isSized && [null, "auto"].includes(given(name));
    return given(name) === null && !(name === "response_format" && given("stream") === true);
  };
  return Object.fromEntries(Object.entries(defaults).filter(([name, value]) => value !== undefined && isTaken(name)));
}
