import { z } from "zod";
import { createImageBodySchema } from "../../shared/api/create-image-request.ts";
import { imageFieldRules } from "../../shared/api/image-field-rules.ts";
import { quoteFields } from "../../shared/api/quote-request.ts";
import { promptCharactersMax } from "../../shared/limits.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { publicName, samplingFieldNames } from "../../shared/sampling-fields.ts";
import type { ServedModels } from "../models/model.ts";
import { type BodySchema, named } from "./operation.ts";

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** A request body narrowed to what the served models accept: their ids, sizes, and ranges of steps and guidance. */
export function servedBody(schema: z.ZodType, models: ServedModels) {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: "input",
    override({ jsonSchema, path }) {
      Object.assign(jsonSchema, servedField(String(path.at(-1)), models));
      if (jsonSchema.properties?.["width"] !== undefined)
        Object.assign(jsonSchema, { allOf: imageFieldRules.flatMap(({ schema }) => schema ?? []) });
    },
  });
  return { json };
}

/** The body of a generation: null means absent, and some fields hold only beside others. */
export function generationBody(models: ServedModels): BodySchema {
  return named("CreateImageRequest", nullableBody(servedBody(createImageBodySchema, models)));
}

/**
 * The body of a quote: that of the request that is quoted, and where it would be sent. Which fields go with which
 * endpoint is not said: programs that read the document cope with so many alternatives only.
 */
export function quoteBody(models: ServedModels): BodySchema {
  const { json } = servedBody(createImageBodySchema.extend(quoteFields), models);
  const prompt = { type: "string" as const, maxLength: promptCharactersMax, description: "A variation may have none." };
  const properties = { ...json.properties, prompt };
  return named("CreateQuoteRequest", nullableBody({ json: { ...json, properties, required: [] } }));
}

function nullableBody({ json }: ReturnType<typeof servedBody>) {
  const { required = [], properties = {}, ...rest } = json;
  const nullable = Object.entries(properties).map(([name, field]) =>
    required.includes(name) ? [name, field] : [name, { anyOf: [field, { type: "null" }] }],
  );
  return { json: { ...rest, required, properties: Object.fromEntries(nullable) } };
}

/** The shortest body of a generation that shows what the model can do. */
export function generationExample(models: ServedModels): object {
  return { model: models.default.manifest.id, prompt: "red apple, 3D" };
}

/** A character that is still there when the prompt has been normalised. */
const readable = "[^\\s\\u0000-\\u001f\\u007f-\\u009f]";

function servedField(name: string, models: ServedModels): JsonSchema {
  const manifests = models.list.map(({ manifest }) => manifest);
  switch (name) {
    case "prompt":
    case "inputs":
      return { pattern: readable };
    case "model":
      return { enum: modelNames(models) };
    case "size":
      return { anyOf: [{ enum: ["auto", ...sizesOf(manifests)] }, ...freeSizes(manifests)] };
    case "width":
      return sideField(manifests, 0);
    case "height":
      return sideField(manifests, 1);
    default:
      return samplingRange(name, manifests);
  }
}

/** Hugging Face's task has a name of its own for the steps. */
function samplingRange(name: string, manifests: readonly Manifest[]): JsonSchema {
  const field = samplingFieldNames.find(
    (known) => publicName(known) === name || (known === "steps" && name === "num_inference_steps"),
  );
  return field === undefined ? {} : rangeOf(manifests.map(({ sampler }) => sampler.stageC[field]));
}

/** By its id alone, or an alias, a model may be another one tomorrow; with its revision, never. */
export function modelNames({ list, aliases }: ServedModels): string[] {
  const own = list.flatMap(({ manifest: { id, revision } }) => [id, `${id}@${revision}`]);
  return [...own, ...aliases.map(({ name }) => name)];
}

function sizesOf(manifests: readonly Manifest[]): string[] {
  return [...new Set(manifests.flatMap(({ image }) => image.sizes))];
}

/** Beyond so many sizes, the document says only what they look like. */
const listedSizesMax = 1_000;

/** Sizes beside the list, where a model offers all within limits. */
function freeSizes(manifests: readonly Manifest[]): JsonSchema[] {
  return manifests.flatMap(({ image: { sides } }): JsonSchema[] => {
    if (sides === undefined) return [];
    const count = Math.floor((sides.max - sides.min) / sides.multipleOf) + 1;
    if (count ** 2 > listedSizesMax) return [{ type: "string", pattern: "^[1-9][0-9]{0,4}x[1-9][0-9]{0,4}$" }];
    const offered = Array.from({ length: count }, (_, index) => sides.min + index * sides.multipleOf);
    return [{ enum: offered.flatMap((width) => offered.map((height) => `${width}x${height}`)) }];
  });
}

function sideField(manifests: readonly Manifest[], axis: 0 | 1): JsonSchema {
  const listed = [...new Set(sizesOf(manifests).map((size) => Number(size.split("x")[axis])))];
  const free = manifests.flatMap(({ image: { sides } }) =>
    sides === undefined ? [] : [{ minimum: sides.min, maximum: sides.max, multipleOf: sides.multipleOf }],
  );
  return { anyOf: [{ enum: listed }, ...free] };
}

function rangeOf(ranges: readonly { readonly min: number; readonly max: number }[]): JsonSchema {
  return { minimum: Math.min(...ranges.map(({ min }) => min)), maximum: Math.max(...ranges.map(({ max }) => max)) };
}
