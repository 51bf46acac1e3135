import { type Failure, invalidRequest } from "../errors.ts";
import { alphaFormats, lossyFormats, type OutputFormat } from "../output-format.ts";
import { backgroundFault, compressionFault } from "./output-file.ts";

// The rules between fields of a request for images, each as a check and as JSON Schema for the OpenAPI document.

/** A part of JSON Schema. */
type JsonSchema = Readonly<Record<string, unknown>>;

/** The fields that rules compare, as clients write them. */
interface RuledFields {
  readonly size?: string | undefined;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly n: number;
  readonly num_images?: number | undefined;
  readonly steps?: number | undefined;
  readonly num_inference_steps?: number | undefined;
  readonly stream: boolean;
  readonly response_format?: "url" | "b64_json" | undefined;
  readonly reuse: "prefer" | "fresh" | "similar";
  readonly cache_scope: "account" | "shared";
  readonly output_format: OutputFormat;
  readonly output_compression?: number | undefined;
  readonly background?: string | undefined;
}

interface FieldRule {
  /** What is wrong with fields that are right by themselves; undefined: nothing. */
  readonly fault: (fields: RuledFields) => Failure | undefined;
  /** Absent for two names of one field: programs that read the document cope with so many alternatives only. */
  readonly schema?: JsonSchema;
}

/** In the order in which a request is checked. */
export const imageFieldRules: readonly FieldRule[] = [
  {
    fault: compressionFault,
    schema: implies(
      { required: ["output_compression"], properties: { output_compression: { type: "integer", maximum: 99 } } },
      { required: ["output_format"], properties: { output_format: { enum: [...lossyFormats] } } },
    ),
  },
  {
    fault: backgroundFault,
    schema: implies(isEqual("background", "transparent"), {
      properties: { output_format: { enum: [...alphaFormats, null] } },
    }),
  },
  {
    fault: ({ stream, response_format }) =>
      stream && response_format === "url"
        ? invalidRequest(
            "response_format",
            "'response_format' must be b64_json when 'stream' is true: a stream holds its pictures.",
          )
        : undefined,
    schema: implies(isEqual("stream", true), { properties: { response_format: { enum: ["b64_json", null] } } }),
  },
  {
    fault: ({ reuse, cache_scope }) =>
      reuse === "similar" && cache_scope === "shared"
        ? invalidRequest(
            "cache_scope",
            "'cache_scope' must be account when 'reuse' is similar: only the account's own prompts are compared.",
          )
        : undefined,
    schema: implies(isEqual("reuse", "similar"), { properties: { cache_scope: { enum: ["account", null] } } }),
  },
  {
    fault: ({ size, width, height }) =>
      (width !== undefined || height !== undefined) && size !== undefined && size !== "auto"
        ? invalidRequest("size", "'size' cannot be given beside 'width' and 'height'. Leave one of them out.")
        : undefined,
    schema: implies(isGiven("width"), { properties: { size: { enum: ["auto", null] } } }),
  },
  {
    fault: ({ width, height }) =>
      width === undefined && height !== undefined
        ? invalidRequest("width", "'width' is required beside 'height'.")
        : undefined,
    schema: implies(isGiven("height"), isGiven("width")),
  },
  {
    fault: ({ width, height }) =>
      height === undefined && width !== undefined
        ? invalidRequest("height", "'height' is required beside 'width'.")
        : undefined,
    schema: implies(isGiven("width"), isGiven("height")),
  },
  {
    fault: ({ n, num_images }) =>
      num_images !== undefined && n !== 1
        ? invalidRequest("num_images", "'num_images' is another name of 'n'. Leave one of them out.")
        : undefined,
  },
  {
    fault: ({ steps, num_inference_steps }) =>
      num_inference_steps !== undefined && steps !== undefined
        ? invalidRequest(
            "num_inference_steps",
            "'num_inference_steps' is another name of 'steps'. Leave one of them out.",
          )
        : undefined,
  },
];

/** The first rule that fields break. */
export function imageFieldsFault(fields: RuledFields): Failure | undefined {
  for (const { fault } of imageFieldRules) {
    const found = fault(fields);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Where the one holds, the other must. */
function implies(condition: JsonSchema, consequence: JsonSchema): JsonSchema {
  return { anyOf: [{ not: condition }, consequence] };
}

function isGiven(name: string): JsonSchema {
  return { required: [name], properties: { [name]: { not: { type: "null" } } } };
}

function isEqual(name: string, value: unknown): JsonSchema {
  return { required: [name], properties: { [name]: { const: value } } };
}
