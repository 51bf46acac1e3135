import { z } from "zod";
import type { ModelRegistry } from "../models/registry.ts";
import type { BodySchema } from "./operation.ts";

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** A request body narrowed to what the served models accept: their ids, sizes, and ranges of steps and guidance. */
export function servedBody(schema: z.ZodType, models: ModelRegistry): BodySchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: "input",
    override: ({ jsonSchema, path }) => Object.assign(jsonSchema, servedField(String(path.at(-1)), models)),
  });
  return { json };
}

function servedField(name: string, models: ModelRegistry): JsonSchema {
  const manifests = models.list.map(({ manifest }) => manifest);
  const sides = manifests.flatMap(({ image }) => image.sizes.map((size) => size.split("x").map(Number)));
  switch (name) {
    case "model":
      return { enum: manifests.map(({ id }) => id) };
    case "size":
      return { enum: ["auto", ...new Set(manifests.flatMap(({ image }) => image.sizes))] };
    case "width":
      return { enum: [...new Set(sides.map(([width = 0]) => width))] };
    case "height":
      return { enum: [...new Set(sides.map(([, height = 0]) => height))] };
    case "steps":
    case "num_inference_steps":
      return rangeOf(manifests.map(({ sampler }) => sampler.stageC.steps));
    case "guidance_scale":
      return rangeOf(manifests.map(({ sampler }) => sampler.stageC.guidanceScale));
    default:
      return {};
  }
}

function rangeOf(ranges: readonly { readonly min: number; readonly max: number }[]): JsonSchema {
  return { minimum: Math.min(...ranges.map(({ min }) => min)), maximum: Math.max(...ranges.map(({ max }) => max)) };
}
